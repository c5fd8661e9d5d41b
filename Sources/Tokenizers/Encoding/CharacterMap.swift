/// SentencePiece's compiled table of replacements: a trie of byte strings and what each becomes.
///
/// - Source: `precompiled_charsmap` of SentencePiece (a double array after Darts-clone, then texts
///   that end with a zero byte).
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]
  /// ASCII characters that begin something in the trie.
  private let begins: [Bool]

  /// - Parameter blob: the length of the trie in bytes, the trie, the texts; nil where it is not
  ///   that.
  init?(_ blob: [UInt8]) {
    guard blob.count > 4 else { return nil }
    func word(_ at: Int) -> UInt32 {
      UInt32(blob[at]) | UInt32(blob[at + 1]) << 8 | UInt32(blob[at + 2]) << 16
        | UInt32(blob[at + 3]) << 24
    }
    let length = Int(word(0))
    guard length >= 1024, length % 4 == 0, length + 4 < blob.count, blob.last == 0 else {
      return nil
    }
    units = (0..<length / 4).map { word(4 + 4 * $0) }
    texts = Array(blob[(4 + length)...])
    guard String(validating: texts, as: UTF8.self) != nil else { return nil }
    var begins = [Bool](repeating: false, count: 256)
    let root = CharacterMap.offset(units[0])
    for byte in 1..<256 where root ^ byte < units.count {
      begins[byte] = units[root ^ byte] & 0x8000_00FF == UInt32(byte)
    }
    self.begins = begins
  }

  /// Whether something in the trie begins with this byte.
  func mayBegin(_ byte: UInt8) -> Bool { begins[Int(byte)] }

  private static func offset(_ unit: UInt32) -> Int {
    Int(unit >> 10) << Int((unit & 1 << 9) >> 6)
  }

  /// Calls `found` with the length and the value of every key that begins at `range`'s start,
  /// shortest first, until it returns false.
  private func prefixes(
    of text: [UInt8], _ range: Range<Int>, _ found: (_ length: Int, _ value: Int) -> Bool
  ) {
    guard begins[Int(text[range.lowerBound])] else { return }
    var node = CharacterMap.offset(units[0])
    for i in range {
      let byte = text[i]
      guard byte != 0 else { return }
      node ^= Int(byte)
      guard node < units.count else { return }
      let unit = units[node]
      guard unit & 0x8000_00FF == UInt32(byte) else { return }
      node ^= CharacterMap.offset(unit)
      guard unit >> 8 & 1 == 1 else { continue }
      guard node < units.count else { return }
      if !found(i - range.lowerBound + 1, Int(units[node] & 0x7FFF_FFFF)) { return }
    }
  }

  private func text(at value: Int) -> Range<Int> {
    guard value < texts.count else { return 0..<0 }
    var end = value
    while texts[end] != 0 { end += 1 }
    return value..<end
  }

  /// What the longest key at this place becomes, and its length.
  func longest(
    in source: [UInt8], from start: Int
  ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
    var best: (Int, Int)?
    prefixes(of: source, start..<source.count) { length, value in
      best = (length, value)
      return true
    }
    return best.map { ($0.0, texts[text(at: $0.1)]) }
  }

  /// Whether bytes that are still to come may make a longer key of what begins at this place.
  func mayGoOn(in source: [UInt8], from start: Int) -> Bool {
    guard begins[Int(source[start])] else { return false }
    var node = CharacterMap.offset(units[0])
    for byte in source[start...] {
      node ^= Int(byte)
      guard byte != 0, node < units.count, units[node] & 0x8000_00FF == UInt32(byte) else {
        return false
      }
      node ^= CharacterMap.offset(units[node])
    }
    return true
  }

  /// What the shortest key at this place becomes.
  private func shortest(in source: [UInt8], _ range: Range<Int>) -> Range<Int>? {
    var first: Int?
    prefixes(of: source, range) { _, value in
      first = value
      return false
    }
    return first.map { text(at: $0) }
  }

  /// As `tokenizers` applies it: to whole grapheme clusters of up to five bytes where some key
  /// begins them, otherwise to their characters.
  func apply(to text: inout AlignedText) {
    let source = text.bytes
    var changes = MappedCharacters()
    var isChanged = false
    Graphemes.forEach(in: source) { cluster in
      if cluster.count < 6, let replacement = shortest(in: source, cluster) {
        isChanged = true
        changes.replace(source, cluster, with: texts, replacement)
        return
      }
      var at = cluster.lowerBound
      while at < cluster.upperBound {
        let end = at + UTF8Text.length(lead: source[at])
        if let replacement = shortest(in: source, at..<end) {
          isChanged = true
          changes.replace(source, at..<end, with: texts, replacement)
        } else {
          changes.append(source.scalar(at: at).value, 0)
        }
        at = end
      }
    }
    guard isChanged else { return }
    text.rewrite { rewriter in
      for (scalar, change) in zip(changes.scalars, changes.changes) {
        rewriter.emit(scalar, change: change)
      }
    }
  }
}

/// The characters of a mapped text and what each does to the source.
private struct MappedCharacters {
  var scalars: [UInt32] = []
  var changes: [Int] = []

  mutating func append(_ scalar: UInt32, _ change: Int) {
    scalars.append(scalar)
    changes.append(change)
  }

  mutating func replace(
    _ source: [UInt8], _ old: Range<Int>, with texts: [UInt8], _ new: Range<Int>
  ) {
    let before = scalars.count
    var at = new.lowerBound
    while at < new.upperBound {
      let scalar = texts.scalar(at: at)
      append(scalar.value, 0)
      at += scalar.length
    }
    let more = scalars.count - before - old.count { source[$0] & 0xC0 != 0x80 }
    if more > 0 {
      for i in scalars.count - more..<scalars.count { changes[i] = 1 }
    } else if more < 0, let last = changes.indices.last {
      changes[last] += more
    }
  }
}

extension Range where Bound == Int {
  fileprivate func count(where predicate: (Int) -> Bool) -> Int {
    reduce(0) { $0 + (predicate($1) ? 1 : 0) }
  }
}

/// Extended grapheme clusters.
enum Graphemes {
  /// Calls `body` with the bytes of every cluster.
  static func forEach(in text: [UInt8], _ body: (Range<Int>) -> Void) {
    var at = 0
    while at < text.count {
      // Between two ASCII characters there is always a border, but for CR LF.
      var end = at + 1
      while end < text.count, !isBorder(text[end - 1], text[end]) { end += 1 }
      if end - at == 1 {
        body(at..<end)
      } else {
        var start = at
        for character in String(decoding: text[at..<end], as: UTF8.self) {
          let next = start + character.utf8.count
          body(start..<next)
          start = next
        }
      }
      at = end
    }
  }

  private static func isBorder(_ a: UInt8, _ b: UInt8) -> Bool {
    a < 0x80 && b < 0x80 && !(a == 0x0D && b == 0x0A)
  }
}
