/// Lets text through up to the first stop string, and never a part of one.
///
/// "First" means completed first, as the text grows byte by byte; of those completed at the same
/// byte the one that begins first. So where a text is cut into pieces makes no difference.
package struct StopStringFilter {
  private let stops: [[UInt8]]
  /// The end of the text that is held back because a stop string may begin in it.
  private var held: [UInt8] = []
  package private(set) var hasStopped = false

  package init(_ stops: [String]) {
    self.stops = stops.filter { !$0.isEmpty }.map { Array($0.utf8) }
  }

  /// The text that is certain to come before any stop string.
  package mutating func append(_ text: String) -> String {
    if hasStopped { return "" }
    if stops.isEmpty { return text }
    let fresh = held.count
    held.append(contentsOf: text.utf8)
    for end in fresh..<held.count {
      guard let start = stops.compactMap({ start(of: $0, endingAt: end + 1) }).min() else {
        continue
      }
      hasStopped = true
      return String(decoding: held[..<start], as: UTF8.self)
    }
    let kept = stops.map(longestBeginning).max() ?? 0
    let certain = held.count - kept
    defer { held.removeFirst(certain) }
    return String(decoding: held[..<certain], as: UTF8.self)
  }

  /// What was held back: no stop string came of it.
  package mutating func finish() -> String {
    if hasStopped { return "" }
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  private func start(of stop: [UInt8], endingAt end: Int) -> Int? {
    let start = end - stop.count
    return start >= 0 && held[start..<end].elementsEqual(stop) ? start : nil
  }

  /// How many bytes at the end of the text are a beginning of `stop`. They begin with its first
  /// byte, so that no character is cut.
  private func longestBeginning(of stop: [UInt8]) -> Int {
    var length = min(stop.count - 1, held.count)
    while length > 0, !held[(held.count - length)...].elementsEqual(stop[..<length]) {
      length -= 1
    }
    return length
  }
}
