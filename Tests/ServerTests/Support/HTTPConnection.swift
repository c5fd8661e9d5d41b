import ApusJSON
import NIOCore
import NIOPosix

/// An answer of the server.
struct HTTPReply: Sendable {
  var status = 0
  /// By their names in lower case.
  var headers: [String: String] = [:]
  var body: [UInt8] = []

  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSONValue? { try? JSONValue(parsing: body) }
  var error: JSONValue? { json?["error"] }
  var errorCode: String? { error?["code"]?.stringValue }
  var errorMessage: String { error?["message"]?.stringValue ?? "" }
}

/// The server broke the protocol, or ended the connection too early.
struct ProtocolError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// A connection to the server under test: HTTP/1.1 written by hand, so that a test can send what no
/// client would send, and leave when it likes.
final class HTTPConnection {
  private let channel: any Channel
  private var bytes: AsyncStream<[UInt8]>.Iterator
  private var buffer: [UInt8] = []
  private var isOver = false

  /// What comes in, handed on.
  private final class Inbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    let continuation: AsyncStream<[UInt8]>.Continuation

    init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      continuation.yield(Array(unwrapInboundIn(data).readableBytesView))
    }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }

  /// - Parameter reads: whether what the server sends is ever taken
  init(port: Int, reads: Bool = true) async throws {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    bytes = stream.makeAsyncIterator()
    channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Inbox(continuation))
        }
      }
      .channelOption(.autoRead, value: reads)
      .channelOption(.socketOption(.so_rcvbuf), value: reads ? 1 << 17 : 1 << 12)
      .connect(host: "127.0.0.1", port: port).get()
  }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async throws {
    try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
  }

  func request(
    _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
  ) async throws {
    var text = "\(method) \(path) HTTP/1.1\r\n"
    if headers["Host"] == nil { text += "Host: 127.0.0.1\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if let body { text += "Content-Length: \(body.count)\r\n" }
    try await send(Array((text + "\r\n").utf8) + (body ?? []))
  }

  /// Leaves without a word.
  func close() async { try? await channel.close() }

  // MARK: Reading

  /// The next answer, head and body.
  func reply(toHead: Bool = false) async throws -> HTTPReply {
    var reply = try await head()
    if toHead { return reply }
    while let part = try await bodyPart(reply) { reply.body += part }
    return reply
  }

  /// Status and headers of the next answer.
  func head() async throws -> HTTPReply {
    var reply = HTTPReply()
    let first = try await line().split(separator: " ")
    guard first.count >= 2, first[0] == "HTTP/1.1", let status = Int(first[1]) else {
      throw ProtocolError("status line \(first)")
    }
    reply.status = status
    while true {
      let line = try await line()
      if line.isEmpty { break }
      let parts = line.split(separator: ":", maxSplits: 1)
      reply.headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
    }
    remaining = reply.headers["content-length"].flatMap { Int($0) } ?? -1
    return reply
  }

  /// Bytes of a body of known length that are still to come.
  private var remaining = -1

  /// The next part of a body; nil at its end.
  func bodyPart(_ head: HTTPReply) async throws -> [UInt8]? {
    if head.headers["transfer-encoding"] == "chunked" {
      let size = Int(try await line(), radix: 16) ?? -1
      guard size >= 0 else { throw ProtocolError("size of a chunk") }
      let part = try await take(size)
      guard try await line().isEmpty else { throw ProtocolError("end of a chunk") }
      return size == 0 ? nil : part
    }
    guard remaining > 0 else { return nil }
    defer { remaining = 0 }
    return try await take(remaining)
  }

  /// Whether the server closes the connection now, without another byte.
  func isClosedByServer() async -> Bool {
    if !buffer.isEmpty { return false }
    return await bytes.next(isolation: nil) == nil
  }

  private func line() async throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 10) {
        defer { buffer.removeSubrange(...end) }
        let line = buffer[..<end]
        return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
      }
      try await fill()
    }
  }

  private func take(_ count: Int) async throws -> [UInt8] {
    while buffer.count < count { try await fill() }
    defer { buffer.removeFirst(count) }
    return Array(buffer[..<count])
  }

  private func fill() async throws {
    guard let more = await bytes.next(isolation: nil) else {
      throw ProtocolError("the server closed the connection")
    }
    buffer += more
  }
}

/// The events of a streamed answer.
extension HTTPConnection {
  /// Data of the next event; nil after the last.
  func event(_ head: HTTPReply, _ pending: inout String) async throws -> String? {
    while true {
      if let end = pending.firstRange(of: "\n\n") {
        let event = pending[..<end.lowerBound]
        guard event.hasPrefix("data: ") else { throw ProtocolError("event '\(event)'") }
        let data = String(event.dropFirst(6))
        pending.removeSubrange(..<end.upperBound)
        return data
      }
      guard let part = try await bodyPart(head) else {
        guard pending.isEmpty else { throw ProtocolError("half an event '\(pending)'") }
        return nil
      }
      pending += String(decoding: part, as: UTF8.self)
    }
  }
}
