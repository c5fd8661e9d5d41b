/// The time between one phase of loading and the next.
package struct PhaseTimer {
  package private(set) var phases: [(name: String, seconds: Double)] = []
  private let clock = ContinuousClock()
  private var start: ContinuousClock.Instant

  package init() { start = clock.now }

  /// Ends a phase: everything since the one before.
  package mutating func end(_ name: String) {
    let now = clock.now
    let (seconds, attoseconds) = (now - start).components
    phases.append((name, Double(seconds) + Double(attoseconds) * 1e-18))
    start = now
  }
}
