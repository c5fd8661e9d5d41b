/// The cheapest way to write a text in tokens, the longest of equals first (PLaMo 2).
///
/// - Source: llama.cpp, `llm_tokenizer_plamo2`: integer costs, worked out from the text's end on.
struct CheapestPathModel: Sendable {
  private let trie: TokenTrie
  private let scores: [Int64]
  private let bytes: [Int32]
  private static let unknownScore: Int64 = -10_000_000
  private static let leastScore: Int64 = -20_000_000

  /// - Parameters:
  ///   - tokens: spellings and scores by id; nil for the tokens of bytes.
  ///   - bytes: the tokens of the 256 bytes.
  init(tokens: [(spelling: ArraySlice<UInt8>, score: Float)?], bytes: [Int32]) {
    var trie = TokenTrie(capacity: tokens.count * 2)
    for (id, token) in tokens.enumerated() {
      if let token { trie.insert(token.spelling, value: Int32(id)) }
    }
    self.trie = trie
    self.bytes = bytes
    scores = tokens.map { token in
      guard let score = token?.score, score.isFinite else { return CheapestPathModel.leastScore }
      return Int64((score * 1e4).rounded(.toNearestOrAwayFromZero))
    }
  }

  func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenPart]) {
    var start = range.lowerBound
    // A byte order mark in front is left out.
    if ByteText.has([0xEF, 0xBB, 0xBF], at: start, in: text, end: range.upperBound) { start += 3 }
    let count = range.upperBound - start
    guard count > 0 else { return }
    var costs = [Int64](repeating: 1 << 60, count: count + 1)
    var steps = [(length: Int, id: Int32)](repeating: (0, -1), count: count + 1)
    costs[count] = 0
    var found: [(end: Int, id: Int32)] = []
    for at in (0..<count).reversed() where text[start + at] & 0xC0 != 0x80 {
      findTokens(text, start + at, range.upperBound, into: &found)
      for (end, id) in found.reversed() where scores[Int(id)] > CheapestPathModel.leastScore {
        let cost = costs[end - start] - scores[Int(id)]
        if cost < costs[at] {
          costs[at] = cost
          steps[at] = (end - start - at, id)
        }
      }
      let length = UTF8Text.length(lead: text[start + at])
      let cost = costs[at + length] - CheapestPathModel.unknownScore
      if cost < costs[at] {
        costs[at] = cost
        steps[at] = (length, -1)
      }
    }
    append(steps, text, start, count, to: &result)
  }

  private func findTokens(
    _ text: [UInt8], _ start: Int, _ end: Int, into found: inout [(end: Int, id: Int32)]
  ) {
    found.removeAll(keepingCapacity: true)
    var node = TokenTrie.root
    var at = start
    while at < end {
      node = trie.child(of: node, text[at])
      guard node >= 0 else { return }
      at += 1
      let id = trie.value(at: node)
      if id >= 0 { found.append((at, id)) }
    }
  }

  private func append(
    _ steps: [(length: Int, id: Int32)], _ text: [UInt8], _ start: Int, _ count: Int,
    to result: inout [TokenPart]
  ) {
    var at = 0
    while at < count {
      let step = steps[at]
      let end = start + at + step.length
      if step.id >= 0 {
        result.append(TokenPart(id: step.id, start: start + at, end: end))
      } else {
        for i in start + at..<end {
          result.append(TokenPart(id: bytes[Int(text[i])], start: i, end: i + 1))
        }
      }
      at += step.length
    }
  }
}
