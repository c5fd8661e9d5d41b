/// Bytes that are searched for, in time that grows with the text and the pattern and not with their
/// product.
///
/// - Source: Knuth, Morris, Pratt, "Fast pattern matching in strings", 1977.
struct BytePattern {
  private let bytes: [UInt8]
  /// For each length of a match, the longest shorter one that the same bytes end with. Only for
  /// long patterns: short ones are compared at every place.
  private let shorter: [Int]
  private static let longestCompared = 16

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard bytes.count > BytePattern.longestCompared else {
      shorter = []
      return
    }
    var table = [0, 0]
    for i in 1..<bytes.count {
      var length = table[i]
      while length > 0, bytes[length] != bytes[i] { length = table[length] }
      table.append(bytes[length] == bytes[i] ? length + 1 : 0)
    }
    shorter = table
  }

  /// Where the pattern begins first, not before `start`.
  func first(in text: [UInt8], from start: Int) -> Int? {
    guard let head = bytes.first else { return start }
    let last = text.count - bytes.count
    guard start <= last else { return nil }
    guard shorter.isEmpty else { return firstOfLong(in: text, from: start) }
    let bytes = text.span
    var at = start
    while at <= last {
      if bytes[at] == head, matches(text, at) { return at }
      at &+= 1
    }
    return nil
  }

  private func matches(_ text: [UInt8], _ at: Int) -> Bool {
    var k = 1
    while k < bytes.count, text[at + k] == bytes[k] { k += 1 }
    return k == bytes.count
  }

  private func firstOfLong(in text: [UInt8], from start: Int) -> Int? {
    var length = 0
    for i in start..<text.count {
      while length > 0, bytes[length] != text[i] { length = shorter[length] }
      if bytes[length] == text[i] { length += 1 }
      if length == bytes.count { return i + 1 - length }
    }
    return nil
  }

  /// Where the pattern begins, from the end on, at most so often and without overlaps.
  func placesFromEnd(in text: [UInt8], limit: Int) -> [Int] {
    guard let head = bytes.first else { return limit > 0 ? [text.count] : [] }
    var places: [Int] = []
    guard shorter.isEmpty else {
      // The same search backwards.
      let mirrored = BytePattern(bytes.reversed())
      let backwards: [UInt8] = text.reversed()
      var from = 0
      while places.count < limit, let found = mirrored.firstOfLong(in: backwards, from: from) {
        places.append(text.count - found - bytes.count)
        from = found + bytes.count
      }
      return places
    }
    var at = text.count - bytes.count
    while at >= 0, places.count < limit {
      if text[at] == head, matches(text, at) {
        places.append(at)
        at -= bytes.count
      } else {
        at -= 1
      }
    }
    return places
  }
}
