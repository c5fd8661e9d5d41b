/// The time between one phase of loading and the next.
struct PhaseTimer {
  private(set) var phases: [(name: String, seconds: Double)] = []
  private let clock = ContinuousClock()
  private var start: ContinuousClock.Instant

  init() { start = clock.now }

  /// Ends a phase: everything since the one before.
  mutating func end(_ name: String) {
    let now = clock.now
    let (seconds, attoseconds) = (now - start).components
    phases.append((name, Double(seconds) + Double(attoseconds) * 1e-18))
    start = now
  }
}
