import Synchronization

/// When a request's tokens were drawn, as the engine thread saw it: whoever reads the events may
/// wake much later.
public final class GenerationTimes: Sendable {
  private struct State {
    var first: ContinuousClock.Instant?
    var last: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// When the first token was drawn; nil before that.
  public var first: ContinuousClock.Instant? { state.withLock { $0.first } }
  /// When the last token so far was drawn.
  public var last: ContinuousClock.Instant? { state.withLock { $0.last } }

  func note(_ now: ContinuousClock.Instant) {
    state.withLock {
      $0.first = $0.first ?? now
      $0.last = now
    }
  }
}
