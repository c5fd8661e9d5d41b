import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
  /// The whole body.
  ///
  /// - Throws: 413 where it is longer than `limit`, before it is read where it says so itself
  mutating func bytes(upTo limit: Int) async throws(RequestError) -> [UInt8] {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit {
      throw .tooLarge(limit)
    }
    do {
      let buffer = try await collectBody(upTo: limit)
      return Array(buffer.readableBytesView)
    } catch is NIOTooManyBytesError {
      throw .tooLarge(limit)
    } catch {
      throw RequestError(message: "the body ended early or is malformed", code: "invalid_body")
    }
  }
}
