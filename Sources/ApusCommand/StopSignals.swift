import Dispatch
import Foundation

/// Calls an action on Ctrl-C and SIGTERM, instead of ending the process.
final class StopSignals {
  private let sources: [any DispatchSourceSignal]

  init(_ action: @escaping @Sendable () -> Void) {
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler(handler: action)
      source.activate()
      return source
    }
  }

  /// Leaves the signals to others.
  func cancel() {
    for source in sources { source.cancel() }
  }
}
