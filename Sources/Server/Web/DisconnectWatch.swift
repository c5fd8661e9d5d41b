import NIOCore

/// Sees the end of a connection's inbound side while a request is answered, and ends the connection
/// of a client that stops reading.
///
/// Reading the request's parts further would see the end too, and would use the connection up. A
/// client that shuts down only its sending side counts as gone: it cannot be told from one that
/// left.
final class DisconnectWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  /// How long written bytes may wait for a client to take them.
  private let writeTimeout: TimeAmount
  private var timeout: Scheduled<Void>?
  private var isOver = false
  /// Called at the end, or at once where that is past.
  var action: (@Sendable () -> Void)? {
    didSet { if isOver { action?() } }
  }

  init(writeTimeout: TimeAmount) { self.writeTimeout = writeTimeout }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { end() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timeout?.cancel()
    end()
    context.fireChannelInactive()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    timeout?.cancel()
    let channel = context.channel
    timeout =
      channel.isWritable
      ? nil : context.eventLoop.scheduleTask(in: writeTimeout) { channel.close(promise: nil) }
    context.fireChannelWritabilityChanged()
  }

  private func end() {
    isOver = true
    action?()
  }
}
