import ApusTextKernels
import Testing

/// Words and what is asked about them, against a plain reading of the rules.
@Suite struct WordEncodeTests {
  private static let tokens = [
    "[U]", "a", "b", "ab", "aba", "##a", "##b", "##ba", "##é", "é", "!", "日", "bbb", "##bbbbb",
  ]

  /// Lowercases ASCII; `.` is nothing, `!` and ideographs stand alone, U+3000 is white and `?`
  /// depends on its context.
  private static func meaning(_ scalar: UInt32) -> (kind: apus_text_scalar_kind, text: [UInt8]) {
    guard let value = Unicode.Scalar(scalar) else { return (APUS_TEXT_SCALAR_CONTEXT, []) }
    let text = Array(String(value).utf8)
    switch value {
    case " ", "\t", "\n", "\r", "\u{3000}": return (APUS_TEXT_SCALAR_SPACE, [])
    case "!": return (APUS_TEXT_SCALAR_ALONE, text)
    case ".": return (APUS_TEXT_SCALAR_WORD, [])
    case "?": return (APUS_TEXT_SCALAR_CONTEXT, [])
    case _ where value.properties.isIdeographic: return (APUS_TEXT_SCALAR_ALONE, text)
    case "A"..."Z": return (APUS_TEXT_SCALAR_WORD, [UInt8(scalar) | 0x20])
    default: return (APUS_TEXT_SCALAR_WORD, text)
    }
  }

  private func makeWords(_ kind: apus_text_word_model) -> OpaquePointer? {
    let bytes = Array(Self.tokens.joined().utf8)
    var starts: [UInt32] = [0]
    for token in Self.tokens { starts.append(starts[starts.count - 1] + UInt32(token.utf8.count)) }
    let scores = Self.tokens.indices.map { -1.0 - Double($0 * 7 % 5) }
    let prefix = Array((kind == APUS_TEXT_WORD_PIECE ? "##" : "").utf8)
    return unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe scores.withUnsafeBufferPointer { scores in
          unsafe prefix.withUnsafeBufferPointer { prefix in
            var vocabulary = unsafe apus_text_word_vocabulary(
              kind: Int32(kind.rawValue), token_count: UInt32(Self.tokens.count),
              bytes: bytes.baseAddress, starts: starts.baseAddress, scores: scores.baseAddress,
              unknown_score: -20, unknown: 0, longest_word: 30, prefix: prefix.baseAddress,
              prefix_count: prefix.count)
            return unsafe apus_text_words_create(&vocabulary)
          }
        }
      }
    }
  }

  /// Slow words become this and their length.
  private static let slow: Int32 = 1000

  private func encode(_ text: [UInt8], _ encoder: OpaquePointer?, _ asked: inout Int) -> [Int32] {
    var ids: [Int32] = []
    var from = 0
    var request = apus_text_request()
    while from < text.count {
      var count = 0
      let found = unsafe apus_text_word_encode(encoder, text, text.count, &from, &count, &request)
      unsafe ids.append(contentsOf: UnsafeBufferPointer(start: found, count: count))
      if request.need == Int32(APUS_TEXT_NEED_SCALAR.rawValue) {
        asked += 1
        let (kind, text) = Self.meaning(request.scalar)
        unsafe apus_text_word_tell_scalar(
          encoder, request.scalar, Int32(kind.rawValue), text, text.count)
      } else if request.need == Int32(APUS_TEXT_NEED_WORD.rawValue) {
        let part = Array(text[request.start..<request.end])
        let tokens = [Self.slow, Int32(part.count)]
        unsafe apus_text_word_tell_word(encoder, part, part.count, tokens, 2)
        ids += tokens
      }
    }
    return ids
  }

  /// The same word by word.
  private func reference(_ text: String, _ kind: apus_text_word_model) -> [Int32] {
    var ids: [Int32] = []
    let scalars = Array(text.unicodeScalars)
    func isWhite(_ scalar: Unicode.Scalar) -> Bool { " \t\r\n".unicodeScalars.contains(scalar) }
    var at = 0
    while at < scalars.count {
      guard !isWhite(scalars[at]) else {
        at += 1
        continue
      }
      let end = scalars[at...].firstIndex(where: isWhite) ?? scalars.count
      let stretch = scalars[at..<end]
      var words = [""]
      for scalar in stretch {
        let (kind, bytes) = Self.meaning(scalar.value)
        let becomes = String(decoding: bytes, as: UTF8.self)
        switch kind {
        case APUS_TEXT_SCALAR_SPACE: words.append("")
        case APUS_TEXT_SCALAR_ALONE: words += [becomes, ""]
        default: words[words.count - 1] += becomes
        }
      }
      if stretch.contains("?") || words.contains(where: { $0.utf8.count > 512 }) {
        let before = stretch.first == "?" && at > 0 ? 1 : 0
        ids += [Self.slow, Int32(before + stretch.reduce(0) { $0 + UTF8.width($1) })]
      } else {
        for word in words where !word.isEmpty { ids += tokens(word, kind) }
      }
      at = end
    }
    return ids
  }

  private func tokens(_ word: String, _ kind: apus_text_word_model) -> [Int32] {
    kind == APUS_TEXT_UNIGRAM ? best(Array(word.unicodeScalars)) : pieces(word)
  }

  private func pieces(_ word: String) -> [Int32] {
    guard word.unicodeScalars.count <= 30 else { return [0] }
    var rest = Substring(word)
    var ids: [Int32] = []
    while !rest.isEmpty {
      let spelled = ids.isEmpty ? "" : "##"
      let found = Self.tokens.indices.filter { (spelled + rest).hasPrefix(Self.tokens[$0]) }
        .filter { Self.tokens[$0].count > spelled.count }
        .max { Self.tokens[$0].count < Self.tokens[$1].count }
      guard let found else { return [0] }
      ids.append(Int32(found))
      rest = rest.dropFirst(Self.tokens[found].count - spelled.count)
    }
    return ids
  }

  private func best(_ word: [Unicode.Scalar]) -> [Int32] {
    var places: [(score: Double, ids: [Int32])?] = Array(repeating: nil, count: word.count + 1)
    places[0] = (0, [])
    for start in word.indices {
      guard let place = places[start] else { continue }
      func offer(_ end: Int, _ score: Double, _ id: Int32) {
        let sum = score + place.score
        if places[end].map({ sum > $0.score }) ?? true { places[end] = (sum, place.ids + [id]) }
      }
      var hasOne = false
      for end in start + 1...word.count {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: word[start..<end])
        guard let id = Self.tokens.firstIndex(of: String(text)) else { continue }
        hasOne = hasOne || end == start + 1
        offer(end, -1.0 - Double(id * 7 % 5), Int32(id))
      }
      if !hasOne { offer(start + 1, -20, 0) }
    }
    var ids: [Int32] = []
    for id in places[word.count]?.ids ?? [] where id != 0 || ids.last != 0 { ids.append(id) }
    return ids
  }

  private static func randomText(_ source: inout RandomText) -> String {
    let letters: [Unicode.Scalar] = [
      "a", "b", "a", "b", "A", "B", "é", "!", "日", ".", " ", " ", "\n", "\t", "\u{3000}", "?",
      "x", "\u{1F600}",
    ]
    var text = String.UnicodeScalarView()
    for _ in 0..<source.number(below: 60) {
      let isRun = source.number(below: 30) == 0
      // Without the two that spoil a word, most of the time.
      let some = source.number(below: 8) == 0 ? letters.count : 15
      let letter = letters[Int(source.number(below: UInt32(some)))]
      // Now and then longer than a word may be.
      let longest: UInt32 = source.number(below: 9) == 0 ? 700 : 40
      for _ in 0..<(isRun ? 1 + source.number(below: longest) : 1) { text.append(letter) }
    }
    return String(text)
  }

  @Test(arguments: [APUS_TEXT_WORD_PIECE, APUS_TEXT_UNIGRAM])
  func wordsFollowTheRule(_ kind: apus_text_word_model) throws {
    let words = unsafe try #require(makeWords(kind))
    defer { unsafe apus_text_words_destroy(words) }
    for instructionSet in 0...apus_text_isa_best() {
      let encoder = unsafe apus_text_word_encoder_create(words, instructionSet)
      defer { unsafe apus_text_word_encoder_destroy(encoder) }
      var source = RandomText(seed: 51)
      var asked = 0
      for _ in 0..<600 {
        let text = Self.randomText(&source)
        unsafe #expect(
          encode(Array(text.utf8), encoder, &asked) == reference(text, kind),
          "\(text.debugDescription)")
      }
      #expect(asked < 40)
    }
  }

  /// A word of as many scalars as there are, none of them told: each is asked for once, and the
  /// word is not begun anew for every one of them.
  @Test(.timeLimit(.minutes(1))) func manyNewScalarsInOneWord() throws {
    let words = unsafe try #require(makeWords(APUS_TEXT_WORD_PIECE))
    defer { unsafe apus_text_words_destroy(words) }
    let encoder = unsafe apus_text_word_encoder_create(words, -1)
    defer { unsafe apus_text_word_encoder_destroy(encoder) }
    let text = (0x100..<0x110000).compactMap(Unicode.Scalar.init).filter { $0 != "\u{3000}" }
    let bytes = text.flatMap { Array(String($0).utf8) }
    var asked = 0
    let ids = unsafe encode(bytes, encoder, &asked)
    #expect(asked == text.count)
    // Longer than a word may be, between two ideographs.
    #expect(ids == [Self.slow, Int32(bytes.count)])
  }

  /// More words than an encoder keeps.
  @Test func tablesBeginAnew() throws {
    let words = unsafe try #require(makeWords(APUS_TEXT_UNIGRAM))
    defer { unsafe apus_text_words_destroy(words) }
    let encoder = unsafe apus_text_word_encoder_create(words, -1)
    defer { unsafe apus_text_word_encoder_destroy(encoder) }
    var text: [UInt8] = []
    for i in 0..<1_100_000 {
      for bit in 0..<21 { text.append(i >> bit & 1 == 0 ? 0x61 : 0x62) }
      text.append(0x20)
    }
    var asked = 0
    let ids = unsafe encode(text, encoder, &asked)
    let spelled = ids.reduce(0) { $0 + Self.tokens[Int($1)].utf8.count }
    #expect(spelled == text.count - 1_100_000)
    let again = unsafe encode(Array("abab".utf8), encoder, &asked)
    #expect(again == reference("abab", APUS_TEXT_UNIGRAM))
  }

  @Test func bytesThatAreNoTextAreSlow() throws {
    let words = unsafe try #require(makeWords(APUS_TEXT_WORD_PIECE))
    defer { unsafe apus_text_words_destroy(words) }
    let encoder = unsafe apus_text_word_encoder_create(words, -1)
    defer { unsafe apus_text_word_encoder_destroy(encoder) }
    var asked = 0
    let parts: [[UInt8]] = [
      [0xFF], [0x80], [0xE6], [0xE6, 0x97], [0xF8, 0x80, 0x80, 0x80], [0xED, 0xA0, 0x80],
    ]
    for bad in parts {
      unsafe #expect(
        encode([0x61, 0x62] + bad + [0x20, 0x61], encoder, &asked)
          == [Self.slow, Int32(bad.count) + 2, 1])
    }
  }
}
