import Foundation

/// Tokens as bytes with their ranks: what merges first has the least rank, and the rank is the id.
///
/// - Source: tiktoken.
struct RankTable {
  /// By rank; empty where there is none.
  private(set) var tokens: [[UInt8]] = []
  private(set) var count = 0

  init() {}

  /// Lines of a token in base 64 and its rank.
  ///
  /// - Throws: `TokenizerError` that names the line.
  init(lines bytes: [UInt8], name: String) throws(TokenizerError) {
    var number = 0
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: true) {
      number += 1
      let words = line.split { $0 == 0x20 || $0 == 0x0D }
      if words.isEmpty { continue }
      // Whisper's file gives its last rank to no bytes at all, written as bare padding.
      let isEmpty = words[0].elementsEqual([0x3D])
      guard words.count == 2, let token = isEmpty ? [] : Base64.decode(words[0]),
        let rank = Int(String(decoding: words[1], as: UTF8.self))
      else {
        throw .malformed(
          field: "\(name): line \(number)", expected: "a token in base 64 and its rank",
          found: String(decoding: line.prefix(40), as: UTF8.self))
      }
      let limit = TokenLimits.ids(tokens: bytes.count / 8)
      if isEmpty, rank == tokens.count {
        count += 1
        tokens.append([])
      } else {
        try add(token, rank: rank, name: name, limit: limit)
      }
    }
    guard count > 0 else {
      throw .malformed(field: name, expected: "tokens and their ranks", found: "none")
    }
  }

  mutating func add(
    _ token: [UInt8], rank: Int, name: String, limit: Int
  ) throws(TokenizerError) {
    guard !token.isEmpty, (0..<limit).contains(rank) else {
      throw .malformed(
        field: name, expected: "tokens with ranks below \(limit)", found: "rank \(rank)")
    }
    if rank >= tokens.count {
      tokens.append(contentsOf: repeatElement([], count: rank + 1 - tokens.count))
    }
    if tokens[rank].isEmpty { count += 1 }
    tokens[rank] = token
  }

  /// The parts of a tokenizer whose ids are the ranks and `shift`; ids below it are free.
  ///
  /// - Throws: `TokenizerError` where a byte has no token.
  func parts(shift: Int = 0, name: String) throws(TokenizerError) -> TokenizerParts {
    var spellings = [String](repeating: "", count: shift)
    spellings.reserveCapacity(shift + tokens.count)
    for token in tokens {
      spellings.append(
        String(decoding: ByteAlphabet.spelling(of: token[...]), as: UTF8.self))
    }
    let vocabulary = Vocabulary(spellings)
    let symbols = ByteAlphabet.scalars.map { vocabulary.id(of: String($0)) ?? -1 }
    if let byte = symbols.firstIndex(of: -1) {
      throw .malformed(field: name, expected: "a token for every byte", found: "none for \(byte)")
    }
    return TokenizerParts(
      vocabulary: vocabulary,
      model: .bytePair(
        BytePairModel(
          symbols: .bytes(symbols), merges: merges(vocabulary), prefersWholeTokens: true)))
  }

  /// All pairs of tokens whose union is a token, ranked by it.
  private func merges(_ vocabulary: Vocabulary) -> MergeTable {
    var pairs: [(left: Int32, right: Int32, id: Int32)] = []
    pairs.reserveCapacity(vocabulary.count * 4)
    for id in 0..<Int32(vocabulary.count) {
      let spelling = Array(vocabulary.bytes(id))
      var border = 0
      while border < spelling.count {
        border += UTF8Text.length(lead: spelling[border])
        guard border < spelling.count, let left = vocabulary.id(of: spelling, 0, border),
          let right = vocabulary.id(of: spelling, border, spelling.count)
        else { continue }
        pairs.append((left, right, id))
      }
    }
    var table = MergeTable(capacity: pairs.count)
    for pair in pairs { table.add(pair.left, pair.right, rank: pair.id, id: pair.id) }
    return table
  }
}

/// Bytes in base 64.
enum Base64 {
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, character) in alphabet.utf8.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// nil where it is none.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    guard text.count % 4 == 0 else { return nil }
    let digits = text.drop { _ in false }.prefix { $0 != 0x3D }
    guard text.count - digits.count <= 2,
      text.suffix(text.count - digits.count).allSatisfy({ $0 == 0x3D })
    else { return nil }
    var result: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      let value = values[Int(digit)]
      guard value < 64 else { return nil }
      bits = bits << 6 | UInt32(value)
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
      }
    }
    return result
  }
}

extension TokenizerParts {
  /// Adds control tokens, and makes what every token adds to decoded text.
  ///
  /// They are not looked for in text: the libraries of these formats take text as text.
  mutating func finishRanks(control: [(content: String, id: Int32)], shift: Int = 0) {
    readsAddedTokens = false
    added = control.map { AddedToken(id: $0.id, content: $0.content, isControl: true) }
    let table = AddedTokenTable(added)
    for id in 0..<Int32(max(vocabulary.count, table.limit)) {
      if let content = table.text(id) {
        pieces.append(.init(bytes: Array(content.utf8)), isControl: true)
      } else if vocabulary.contains(id) {
        let spelling = vocabulary.bytes(id)
        pieces.append(
          .init(bytes: ByteAlphabet.bytes(of: spelling) ?? Array(spelling)), isControl: false)
      } else {
        pieces.appendAbsent()
      }
    }
  }
}
