/// A token that is found in the text before anything else looks at it.
struct AddedToken: Sendable, Hashable {
  var id: Int32
  var content: String
  /// A control token: left out of decoded text on demand, and never taken from a caller's text.
  var isControl: Bool
  /// Also takes the white space before it.
  var stripsLeft = false
  /// Also takes the white space after it.
  var stripsRight = false
  /// Only where no word character is beside it.
  var isSingleWord = false
  /// Looked for in the normalised text.
  var isNormalized = false
  /// What the decoder begins with, where that is not the content: its normalised form.
  var decoded: [UInt8]?
}

/// The added tokens of a tokenizer, searched leftmost first, the longest of those.
struct AddedTokens: Sendable {
  struct Match: Sendable, Hashable {
    var range: Range<Int>
    var id: Int32
  }

  private(set) var tokens: [AddedToken] = []
  private var trie = ByteTrie()
  private let needles: TextNeedles

  init(_ tokens: [AddedToken], spelledBy spelling: (AddedToken) -> [UInt8]) {
    self.tokens = tokens
    let spellings = tokens.map(spelling)
    for (index, spelling) in spellings.enumerated() { trie.insert(spelling, value: index) }
    needles = TextNeedles(spellings.filter { !$0.isEmpty })
  }

  var isEmpty: Bool { tokens.isEmpty }

  /// The added tokens in `text`, in order and without overlap.
  ///
  /// - Parameter isControlAllowed: whether a control token may be read from this range.
  func matches(in text: [UInt8], isControlAllowed: (Range<Int>) -> Bool) -> [Match] {
    var found: [Match] = []
    guard !tokens.isEmpty else { return found }
    var at = 0
    var previousEnd = 0
    while true {
      at = needles.next(in: text, from: at)
      guard at < text.count else { break }
      let longest = trie.longest(in: text, at: at) { end, index in
        !tokens[index].isControl || isControlAllowed(at..<end)
      }
      guard let longest else {
        at += 1
        continue
      }
      let token = tokens[longest.value]
      let range = at..<longest.end
      // A match that is given up still hides shorter ones inside it, as in the reference.
      at = longest.end
      if token.isSingleWord, touchesWord(range, in: text) { continue }
      var (start, end) = (range.lowerBound, range.upperBound)
      if token.stripsLeft { start = max(spaceStart(before: start, in: text), previousEnd) }
      if token.stripsRight { end = spaceEnd(from: end, in: text) }
      // A token of white space that the one before it took is nothing, as in the reference.
      if start < end { found.append(Match(range: start..<end, id: token.id)) }
      previousEnd = end
    }
    return found
  }

  private func touchesWord(_ range: Range<Int>, in text: [UInt8]) -> Bool {
    (range.lowerBound > 0
      && isWord(text.scalar(at: text.scalarStart(before: range.lowerBound)).value))
      || (range.upperBound < text.count && isWord(text.scalar(at: range.upperBound).value))
  }

  private func isWord(_ scalar: UInt32) -> Bool { UnicodeTables.isWord.contains(scalar) }

  private func spaceStart(before i: Int, in text: [UInt8]) -> Int {
    var at = i
    while at > 0 {
      let last = text.scalarStart(before: at)
      guard WhiteSpace.begins(at: last, in: text) else { break }
      at = last
    }
    return at
  }

  private func spaceEnd(from i: Int, in text: [UInt8]) -> Int {
    var at = i
    while at < text.count, WhiteSpace.begins(at: at, in: text) {
      at += UTF8Text.length(lead: text[at])
    }
    return at
  }
}

/// The added tokens by id and by content.
struct AddedTokenTable: Sendable {
  private var byID: [Int32: String] = [:]
  private var byContent: [[UInt8]: Int32] = [:]
  private var decoded: [Int32: [UInt8]] = [:]
  /// One above the greatest id.
  private(set) var limit = 0

  init(_ tokens: [AddedToken]) {
    for token in tokens {
      byID[token.id] = token.content
      byContent[Array(token.content.utf8)] = token.id
      decoded[token.id] = token.decoded ?? Array(token.content.utf8)
      limit = max(limit, Int(token.id) + 1)
    }
  }

  func text(_ id: Int32) -> String? { byID[id] }
  /// The spelling that the decoder begins with.
  func decoded(_ id: Int32) -> [UInt8]? { decoded[id] }
  func id(of content: String) -> Int32? { byContent[Array(content.utf8)] }
}

/// Byte strings with a number each, for finding the longest that begins at a place.
struct ByteTrie: Sendable {
  private struct Node: Sendable {
    var byte: UInt8
    var value: Int32 = -1
    var child: Int32 = -1
    var sibling: Int32 = -1
  }

  /// Node 0 is the root.
  private var nodes = [Node(byte: 0)]
  private var roots = [Int32](repeating: -1, count: 256)

  mutating func insert(_ key: [UInt8], value: Int) {
    guard let first = key.first else { return }
    if roots[Int(first)] < 0 { roots[Int(first)] = append(Node(byte: first)) }
    var at = Int(roots[Int(first)])
    for byte in key.dropFirst() {
      var child = Int(nodes[at].child)
      while child >= 0, nodes[child].byte != byte { child = Int(nodes[child].sibling) }
      if child < 0 {
        child = Int(append(Node(byte: byte, sibling: nodes[at].child)))
        nodes[at].child = Int32(child)
      }
      at = child
    }
    nodes[at].value = Int32(value)
  }

  private mutating func append(_ node: Node) -> Int32 {
    nodes.append(node)
    return Int32(nodes.count - 1)
  }

  @inline(__always)
  func mayBegin(_ byte: UInt8) -> Bool { roots[Int(byte)] >= 0 }

  /// The longest key at this place that is accepted.
  func longest(in text: [UInt8], at start: Int, where accepts: (_ end: Int, _ value: Int) -> Bool)
    -> (end: Int, value: Int)?
  {
    var best: (end: Int, value: Int)?
    var node = roots[Int(text[start])]
    var at = start
    while node >= 0 {
      at += 1
      let value = Int(nodes[Int(node)].value)
      if value >= 0, accepts(at, value) { best = (at, value) }
      guard at < text.count else { break }
      node = nodes[Int(node)].child
      while node >= 0, nodes[Int(node)].byte != text[at] { node = nodes[Int(node)].sibling }
    }
    return best
  }
}
