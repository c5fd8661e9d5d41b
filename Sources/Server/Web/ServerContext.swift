import Hummingbird
import NIOCore

/// What a route knows beyond the request: the connection it came on.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// Runs `operation`; where the client goes away or the task is cancelled meanwhile, calls
  /// `onDisconnect` once or more. The connection stays usable for further requests.
  func withDisconnectHandler<Value>(
    _ onDisconnect: @escaping @Sendable () -> Void, operation: () async throws -> Value
  ) async throws -> Value {
    await watch(onDisconnect)
    do {
      let value = try await withTaskCancellationHandler {
        try await operation()
      } onCancel: {
        onDisconnect()
      }
      await watch(nil)
      return value
    } catch {
      await watch(nil)
      throw error
    }
  }

  private func watch(_ action: (@Sendable () -> Void)?) async {
    do {
      try await channel.eventLoop.submit { [channel] in
        try channel.pipeline.syncOperations.handler(type: DisconnectWatch.self).action = action
      }.get()
    } catch {
      // A closed connection has no handlers any more.
      action?()
    }
  }
}
