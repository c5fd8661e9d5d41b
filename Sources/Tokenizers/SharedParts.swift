import Synchronization

/// The results of parts of a work that several threads do, in the order of the parts.
final class SharedParts<Value: Sendable>: Sendable {
  private let parts: Mutex<[[Value]]>

  init(count: Int) { parts = Mutex(Array(repeating: [], count: count)) }

  func set(_ part: Int, _ values: [Value]) { parts.withLock { $0[part] = values } }

  /// All values in order.
  var all: [Value] { parts.withLock { $0.flatMap { $0 } } }
}

/// Hands out numbers, each once.
final class SharedCounter: Sendable {
  private let next = Mutex(0)

  /// The next number; nil when it has reached the limit.
  func take(below limit: Int) -> Int? {
    next.withLock { next in
      guard next < limit else { return nil }
      next += 1
      return next - 1
    }
  }
}
