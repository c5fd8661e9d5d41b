import ApusTextKernels
import Testing

/// Tables and merging against the rule itself.
@Suite struct EncodeTests {
  /// A vocabulary of all bytes and of merges among a few letters.
  private struct Model {
    var tokens: [[UInt8]] = (0..<256).map { [UInt8($0)] }
    var merges: [apus_text_merge] = []

    /// - Parameter count: merges, of tokens that are drawn.
    /// - Parameter symbols: the bytes that they begin with.
    init(
      seed: UInt64, count: Int, symbols: [UInt8] = Array("abcd".utf8) + [0x20, 0xC3, 0xA9]
    ) {
      var source = RandomText(seed: seed)
      var usable = symbols.map { Int32($0) }
      var known = Set(tokens)
      while merges.count < count {
        let left = usable[Int(source.number(below: UInt32(usable.count)))]
        let right = usable[Int(source.number(below: UInt32(usable.count)))]
        let bytes = tokens[Int(left)] + tokens[Int(right)]
        guard bytes.count < 40, known.insert(bytes).inserted else { continue }
        let merged = Int32(tokens.count)
        merges.append(
          apus_text_merge(left: left, right: right, merged: merged, rank: Int32(merges.count)))
        tokens.append(bytes)
        usable.append(merged)
      }
    }

    /// Adds merges that make these bytes out of what is there, two neighbours at a time.
    mutating func add(_ bytes: [UInt8], cuttingAt source: inout RandomText) {
      var parts = reference(bytes[...])
      while parts.count > 1 {
        let at = Int(source.number(below: UInt32(parts.count - 1)))
        let union = tokens[Int(parts[at])] + tokens[Int(parts[at + 1])]
        guard !tokens.contains(union) else { return }
        merges.append(
          apus_text_merge(
            left: parts[at], right: parts[at + 1], merged: Int32(tokens.count),
            rank: Int32(merges.count)))
        tokens.append(union)
        parts = reference(bytes[...])
      }
    }

    /// Again and again the earliest merge, the leftmost of equals.
    func reference(_ piece: ArraySlice<UInt8>) -> [Int32] { merged(piece.map { Int32($0) }) }

    func merged(_ symbols: [Int32]) -> [Int32] {
      var ids = symbols
      while true {
        var best: (rank: Int32, at: Int, merged: Int32)?
        for i in 0..<max(ids.count - 1, 0) {
          guard let merge = merges.first(where: { $0.left == ids[i] && $0.right == ids[i + 1] })
          else { continue }
          if best.map({ merge.rank < $0.rank }) ?? true { best = (merge.rank, i, merge.merged) }
        }
        guard let best else { return ids }
        ids[best.at] = best.merged
        ids.remove(at: best.at + 1)
      }
    }

    func make(prefersWhole: Bool, characters: Bool = false) -> OpaquePointer? {
      var starts: [UInt32] = [0]
      for token in tokens { starts.append(starts[starts.count - 1] + UInt32(token.count)) }
      let symbols = (0..<256).map { Int32($0) }
      let bytes = Array(tokens.joined())
      return unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe starts.withUnsafeBufferPointer { starts in
          unsafe symbols.withUnsafeBufferPointer { symbols in
            unsafe merges.withUnsafeBufferPointer { merges in
              var vocabulary = unsafe apus_text_vocabulary(
                token_count: UInt32(tokens.count), bytes: bytes.baseAddress,
                starts: starts.baseAddress, symbols: symbols.baseAddress,
                merge_count: UInt32(merges.count), merges: merges.baseAddress,
                prefers_whole_tokens: prefersWhole,
                symbol_kind: Int32(
                  characters ? APUS_TEXT_CHARACTERS.rawValue : APUS_TEXT_BYTES.rawValue),
                pattern: apus_text_pattern(
                  family: Int32(APUS_TEXT_GPT2.rawValue), digits: 0, contractions: false,
                  joins_marks: false, takes_last_spaces: false),
                spaces_are_markers: characters)
              return unsafe apus_text_model_create(&vocabulary)
            }
          }
        }
      }
    }
  }

  private func encode(_ text: [UInt8], _ encoder: OpaquePointer?) -> [Int32] {
    var ids: [Int32] = []
    var from = 0
    while from < text.count {
      var count = 0
      let found = unsafe apus_text_encode(encoder, text, text.count, &from, &count)
      unsafe ids.append(contentsOf: UnsafeBufferPointer(start: found, count: count))
    }
    return ids
  }

  @Test(arguments: [1, 2, 3, 4, 5, 6])
  func piecesFollowTheRule(_ seed: UInt64) throws {
    let model = Model(seed: seed, count: 60)
    let made = unsafe try #require(model.make(prefersWhole: false))
    defer { unsafe apus_text_model_destroy(made) }
    var source = RandomText(seed: seed + 100)
    for instructionSet in 0...apus_text_isa_best() {
      let encoder = unsafe apus_text_encoder_create(made, instructionSet)
      defer { unsafe apus_text_encoder_destroy(encoder) }
      for _ in 0..<60 {
        // Letters only, so that the text is one piece; the same ones come again and again.
        let length = [3, 9, 15, 16, 40, 63, 64, 65, 200, 300][Int(source.number(below: 10))]
        let letters = (0..<length).map { _ in UInt8(97 + source.number(below: 4)) }
        let expected = model.reference(letters[...])
        for _ in 0..<2 {
          unsafe #expect(encode(letters, encoder) == expected)
        }
        let twice = letters + [0x20] + letters
        unsafe #expect(
          encode(twice, encoder) == expected + model.reference(([0x20] + letters)[...]))
      }
    }
  }

  /// Long pieces are cut between characters that no token goes across; with tokens for whole pieces
  /// only, which parts of a piece are not.
  @Test(arguments: [31, 32, 33, 34, 35, 36])
  func piecesOfIdeographsFollowTheRule(_ seed: UInt64) throws {
    let characters = ["日", "本", "木", "語", "あ", "い", "中", "文", "字", "😀"]
    let bytes = Array(Set(characters.joined().utf8)).sorted()
    var model = Model(seed: seed, count: 0, symbols: bytes)
    // First the characters, then words of two to four of them and pieces of characters.
    var source = RandomText(seed: seed)
    for round in 0..<70 {
      let length = round < 10 ? 1 : 2 + Int(source.number(below: 3))
      let first = Int(source.number(below: 10))
      let word = (0..<length).map { round < 10 ? characters[round] : characters[(first + $0) % 10] }
      model.add(Array(word.joined().utf8), cuttingAt: &source)
    }
    let whole = Array("あ中😀".utf8)
    if !model.tokens.contains(whole) { model.tokens.append(whole) }
    for prefersWhole in [false, true] {
      let made = unsafe try #require(model.make(prefersWhole: prefersWhole))
      defer { unsafe apus_text_model_destroy(made) }
      let encoder = unsafe apus_text_encoder_create(made, -1)
      defer { unsafe apus_text_encoder_destroy(encoder) }
      for _ in 0..<150 {
        // Letters only, so that the text is one piece.
        let text = (0..<6 + source.number(below: 40)).map { _ in
          characters[Int(source.number(below: 9))]
        }
        let piece = Array(text.joined().utf8)
        unsafe #expect(encode(piece, encoder) == model.reference(piece[...]), "\(text)")
      }
    }
  }

  /// Characters as symbols: text is cut where that changes nothing.
  @Test(arguments: [21, 22, 23, 24, 25])
  func uncutTextEncodesAsAWhole(_ seed: UInt64) throws {
    // Tokens 0 to 255 are those of bytes and spell nothing, then characters, then what they make.
    let characters: [Character] = ["▁", "a", "b", "c", "é", "日", "本", "."]
    var model = Model(seed: seed, count: 0)
    model.tokens = Array(repeating: [], count: 256) + characters.map { Array(String($0).utf8) }
    var spelled = Set(model.tokens)
    var source = RandomText(seed: seed)
    while model.merges.count < 40 {
      let left = 256 + source.number(below: UInt32(model.tokens.count - 256))
      let right = 256 + source.number(below: UInt32(model.tokens.count - 256))
      let bytes = model.tokens[Int(left)] + model.tokens[Int(right)]
      guard bytes.count < 30, spelled.insert(bytes).inserted else { continue }
      model.merges.append(
        apus_text_merge(
          left: Int32(left), right: Int32(right), merged: Int32(model.tokens.count),
          rank: Int32(model.merges.count)))
      model.tokens.append(bytes)
    }
    let made = unsafe try #require(model.make(prefersWhole: false, characters: true))
    defer { unsafe apus_text_model_destroy(made) }
    let encoder = unsafe apus_text_encoder_create(made, -1)
    defer { unsafe apus_text_encoder_destroy(encoder) }
    let letters = characters + [" ", " ", "x", "語", "\u{1F600}"]
    for _ in 0..<150 {
      var text = ""
      for _ in 0..<source.number(below: 120) {
        text.append(letters[Int(source.number(below: UInt32(letters.count)))])
      }
      let symbols = text.flatMap { character -> [Int32] in
        let known = characters.firstIndex(of: character == " " ? "▁" : character)
        return known.map { [Int32($0) + 256] } ?? String(character).utf8.map { Int32($0) }
      }
      unsafe #expect(encode(Array(text.utf8), encoder) == model.merged(symbols))
    }
  }

  /// The tables start out with tokens, but only with those that merging makes.
  @Test func tokensAsPiecesFollowTheRule() throws {
    var unreachable = 0
    for seed: UInt64 in 11..<19 { unreachable += try expectTokensFollowTheRule(seed) }
    #expect(unreachable > 0)
  }

  /// Returns how many tokens their own bytes do not become.
  private func expectTokensFollowTheRule(_ seed: UInt64) throws -> Int {
    let model = Model(seed: seed, count: 90)
    let made = unsafe try #require(model.make(prefersWhole: false))
    defer { unsafe apus_text_model_destroy(made) }
    let encoder = unsafe apus_text_encoder_create(made, -1)
    defer { unsafe apus_text_encoder_destroy(encoder) }
    var unreachable = 0
    for (id, token) in model.tokens.enumerated().dropFirst(256) {
      // Letters alone are one piece.
      guard token.allSatisfy({ (97..<123).contains($0) }) else { continue }
      let expected = model.reference(token[...])
      unsafe #expect(encode(token, encoder) == expected)
      if expected != [Int32(id)] { unreachable += 1 }
    }
    return unreachable
  }

  @Test func wholeTokensGoFirstWhereAsked() throws {
    var model = Model(seed: 7, count: 3)
    // No merge gives it, at 3 bytes and at 20.
    model.tokens.append(Array("xyz".utf8))
    model.tokens.append([UInt8](repeating: 0x79, count: 20))
    let id = Int32(model.tokens.count) - 2
    let made = unsafe try #require(model.make(prefersWhole: true))
    defer { unsafe apus_text_model_destroy(made) }
    let encoder = unsafe apus_text_encoder_create(made, -1)
    defer { unsafe apus_text_encoder_destroy(encoder) }
    unsafe #expect(encode(Array("xyz".utf8), encoder) == [id])
    unsafe #expect(encode(Array("xyzz".utf8), encoder) == [120, 121, 122, 122])
    unsafe #expect(encode([UInt8](repeating: 0x79, count: 20), encoder) == [id + 1])
    unsafe #expect(encode([UInt8](repeating: 0x79, count: 19), encoder).count == 19)
  }

  /// Scores may be equal: then the leftmost merge comes first.
  @Test(arguments: [41, 42, 43, 44])
  func tokensMayShareARank(_ seed: UInt64) throws {
    var model = Model(seed: seed, count: 40)
    for i in model.merges.indices { model.merges[i].rank = Int32(i / 5) }
    let made = unsafe try #require(model.make(prefersWhole: false))
    defer { unsafe apus_text_model_destroy(made) }
    let encoder = unsafe apus_text_encoder_create(made, -1)
    defer { unsafe apus_text_encoder_destroy(encoder) }
    var source = RandomText(seed: seed)
    for _ in 0..<200 {
      let letters = (0..<1 + source.number(below: 90)).map { _ in
        UInt8(97 + source.number(below: 4))
      }
      unsafe #expect(encode(letters, encoder) == model.reference(letters[...]))
    }
  }

  @Test func limitsAreHeld() {
    var model = Model(seed: 8, count: 4)
    model.merges[3].rank = Int32(APUS_TEXT_RANK_LIMIT.rawValue)
    unsafe #expect(model.make(prefersWhole: false) == nil)
    model.merges[3].rank = 0
    model.merges[3].left = -1
    unsafe #expect(model.make(prefersWhole: false) == nil)
  }

  /// Many more pieces than the tables start with, then more than they keep.
  @Test func tablesGrowAndBeginAnew() throws {
    let model = Model(seed: 9, count: 10)
    let made = unsafe try #require(model.make(prefersWhole: false))
    defer { unsafe apus_text_model_destroy(made) }
    let encoder = unsafe apus_text_encoder_create(made, -1)
    defer { unsafe apus_text_encoder_destroy(encoder) }
    var text: [UInt8] = []
    for i in 0..<900_000 { text += Array(" \(i)".utf8) }
    let ids = unsafe encode(text, encoder)
    #expect(ids.count == text.count)
    #expect(ids.map { UInt8($0) } == text)
  }
}
