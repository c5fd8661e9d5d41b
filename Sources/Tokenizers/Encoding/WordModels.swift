/// The longest token first, again and again, until the word is written; a word that cannot be is
/// one unknown token.
///
/// - Source: Wu et al. 2016, arXiv:1609.08144; `WordPiece` of Hugging Face's `tokenizers`.
struct WordPieceModel: Sendable {
  private let trie: TokenTrie
  /// Where tokens that go on a word begin in the trie; nil where there are none.
  private let continuation: Int32?
  let continuationPrefix: [UInt8]
  var unknown: Int32?
  /// Words of more characters are unknown.
  var longestWord = 100

  init(_ vocabulary: Vocabulary, continuationPrefix: [UInt8], unknown: Int32?) {
    var trie = TokenTrie(capacity: vocabulary.count * 2)
    for id in 0..<Int32(vocabulary.count) {
      let spelling = vocabulary.bytes(id)
      if !spelling.isEmpty { trie.insert(spelling, value: id) }
    }
    self.trie = trie
    continuation = trie.node(at: continuationPrefix[...])
    self.continuationPrefix = continuationPrefix
    self.unknown = unknown
  }

  func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenPart]) {
    let first = result.count
    var at = range.lowerBound
    if isTooLong(text, range) { at = range.upperBound + 1 }
    while at < range.upperBound {
      let entry = at == range.lowerBound ? TokenTrie.root : continuation
      guard let entry, let found = trie.longest(in: text, at, range.upperBound, from: entry) else {
        at = range.upperBound + 1
        break
      }
      result.append(TokenPart(id: found.value, start: at, end: found.end))
      at = found.end
    }
    guard at > range.upperBound else { return }
    result.removeLast(result.count - first)
    if let unknown {
      result.append(TokenPart(id: unknown, start: range.lowerBound, end: range.upperBound))
    }
  }

  private func isTooLong(_ text: [UInt8], _ range: Range<Int>) -> Bool {
    guard range.count > longestWord else { return false }
    var count = 0
    for i in range where text[i] & 0xC0 != 0x80 { count += 1 }
    return count > longestWord
  }
}

/// Whole pieces only.
struct WordLevelModel: Sendable {
  var unknown: Int32?

  func encode(
    _ text: [UInt8], _ range: Range<Int>, vocabulary: Vocabulary, into result: inout [TokenPart]
  ) {
    let found = vocabulary.id(of: text, range.lowerBound, range.upperBound) ?? unknown
    if let found {
      result.append(TokenPart(id: found, start: range.lowerBound, end: range.upperBound))
    }
  }
}

/// The longest token at every place, without regard to words (RWKV's "world" tokenizer).
struct GreedyModel: Sendable {
  private let trie: TokenTrie
  var unknown: Int32?

  /// - Parameter tokens: the bytes of every token, by id.
  init(_ tokens: [[UInt8]], unknown: Int32?) {
    var trie = TokenTrie(capacity: tokens.count * 2)
    for (id, token) in tokens.enumerated() { trie.insert(token[...], value: Int32(id)) }
    self.trie = trie
    self.unknown = unknown
  }

  func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenPart]) {
    var at = range.lowerBound
    while at < range.upperBound {
      if let found = trie.longest(in: text, at, range.upperBound) {
        result.append(TokenPart(id: found.value, start: at, end: found.end))
        at = found.end
      } else {
        if let unknown { result.append(TokenPart(id: unknown, start: at, end: at + 1)) }
        at += 1
      }
    }
  }
}
