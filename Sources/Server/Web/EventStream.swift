import ApusJSON
import Hummingbird

/// Server-sent events over a response body.
///
/// - Source: WHATWG HTML, "Server-sent events".
struct EventStream {
  private var writer: any ResponseBodyWriter

  init(_ writer: any ResponseBodyWriter) { self.writer = writer }

  mutating func send(_ object: JSONObject) async throws { try await send(.object(object)) }

  mutating func send(_ value: JSONValue) async throws {
    try await sendLine(value.serialized())
  }

  /// OpenAI's last event.
  mutating func sendDone() async throws { try await sendLine("[DONE]") }

  private mutating func sendLine(_ text: String) async throws {
    try await writer.write(ByteBuffer(string: "data: \(text)\n\n"))
  }
}
