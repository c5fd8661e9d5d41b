import ApusJSON
import ApusTokenizers
import Foundation
import Testing

/// The kinds of files that a folder may hold.
@Suite struct FileKindTests {
  private func folder(_ files: [String: String]) throws -> String {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-tokenizers-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    for (name, text) in files {
      try Data(text.utf8).write(to: url.appendingPathComponent(name))
    }
    return url.path
  }

  @Test func pairs() throws {
    let path = try folder([
      "vocab.json": #"{"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġab": 4, "<s>": 5, "</s>": 6}"#,
      "merges.txt": "#version: 0.2\na b\nĠ ab\n",
      "tokenizer_config.json": #"{"tokenizer_class": "RobertaTokenizer", "eos_token": "</s>"}"#,
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tokenizer = try Tokenizer.load(folder: path)
    #expect(tokenizer.encode("ab ab<s>", addSpecialTokens: true) == [5, 2, 4, 5, 6])
    #expect(tokenizer.decode([2, 4], skipSpecialTokens: true) == "ab ab")
  }

  @Test func clip() throws {
    let path = try folder([
      "vocab.json": """
      {"t": 0, "h": 1, "e": 2, "t</w>": 3, "h</w>": 4, "e</w>": 5, "th": 6, "the</w>": 7,
       "<|startoftext|>": 8, "<|endoftext|>": 9}
      """, "merges.txt": "#version: 0.2\nt h\nth e</w>\n",
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tokenizer = try Tokenizer.load(folder: path)
    #expect(tokenizer.encode("The  the E", addSpecialTokens: true) == [8, 7, 7, 5, 9])
    #expect(tokenizer.decode([7, 5], skipSpecialTokens: true) == "the e ")
  }

  @Test func words() throws {
    let path = try folder([
      "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\n,\n"
    ])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tokenizer = try Tokenizer.load(folder: path)
    #expect(tokenizer.encode("Héllos, [MASK] x", addSpecialTokens: true) == [2, 5, 6, 7, 4, 1, 3])
    let encoding = try tokenizer.encoding(of: "Hello, x", pair: "hello")
    #expect(encoding.ids == [2, 5, 7, 1, 3, 5, 3])
    #expect(encoding.typeIDs == [0, 0, 0, 0, 0, 1, 1])
    #expect(encoding.scalarOffsets[1...3] == [0..<5, 5..<6, 7..<8])
  }

  @Test func ranks() throws {
    var lines = (0..<256).map { "\(SplitPatternTests.base64([UInt8($0)])) \($0)" }
    lines.append("\(SplitPatternTests.base64(Array("he".utf8))) 256")
    lines.append("\(SplitPatternTests.base64(Array("hel".utf8))) 257")
    let path = try folder(["x.tiktoken": lines.joined(separator: "\n") + "\n"])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let tokenizer = try Tokenizer.load(file: path + "/x.tiktoken", pattern: #"\S+|\s+"#)
    #expect(tokenizer.encode("hel hello", addSpecialTokens: false) == [257, 32, 257, 108, 111])
    #expect(tokenizer.decode([257, 0xFF, 32], skipSpecialTokens: false) == "hel\u{FFFD} ")
    // The number of tokens is no well-known one, so that the pattern must be given.
    let error = #expect(throws: TokenizerError.self) { try Tokenizer.load(folder: path) }
    #expect(error?.description.contains("257 tokens") == false)
    #expect(error?.description.contains("258 tokens") == true)
  }

  /// Whisper's file, whose last rank has no bytes.
  @Test func ranksWithAnEmptyToken() throws {
    var lines = (0..<256).map { "\(SplitPatternTests.base64([UInt8($0)])) \($0)" }
    lines.append("= 256")
    let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    let tokenizer = try Tokenizer(ranks: bytes, pattern: #"\S+|\s+"#)
    #expect(tokenizer.encode("a b", addSpecialTokens: false) == [97, 32, 98])
    #expect(tokenizer.decode([97, 256, 98], skipSpecialTokens: false) == "ab")
    let wrong = Array((lines.dropLast() + ["=a 256"]).joined(separator: "\n").utf8)
    #expect(throws: TokenizerError.self) { try Tokenizer(ranks: wrong, pattern: #"\S+"#) }
  }

  @Test(
    "well-known rank files are told by how many tokens they have",
    arguments: [
      (200_000, "<|begin_of_text|>", 200_000), (200_000, "<|python_start|>", 200_016),
      (200_000, "<|image|>", 200_090), (200_000, "<|reasoning_thinking_end|>", 201_143),
      (248_044, "<|im_end|>", 248_046), (248_044, "</think>", 248_069),
      (50_257, "<|endoftext|>", 50_257),
    ])
  func knownRanks(_ count: Int, _ token: String, _ id: Int32) throws {
    var lines: [String] = []
    for number in 0..<count {
      let bytes =
        number < 256
        ? [UInt8(number)] : [16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
      lines.append("\(SplitPatternTests.base64(bytes)) \(number)")
    }
    let tokenizer = try Tokenizer(ranks: Array(lines.joined(separator: "\n").utf8))
    #expect(tokenizer.id(of: token) == id)
    #expect(tokenizer.isControl(id))
  }

  @Test func truncationAndPadding() throws {
    let tokenizer = try Tokenizer(
      tokenizerJSON: [
        "model": [
          "type": "WordLevel", "vocab": ["a": 0, "b": 1, "c": 2, "?": 3], "unk_token": "?",
        ],
        "pre_tokenizer": ["type": "WhitespaceSplit"],
        "truncation": [
          "max_length": 2, "stride": 1, "strategy": "LongestFirst", "direction": "Right",
        ],
        "padding": [
          "strategy": ["Fixed": 3], "direction": "Left", "pad_id": 3, "pad_type_id": 1,
        ],
      ], config: nil)
    let encoding = try tokenizer.encoding(of: "a b c")
    #expect(encoding.ids == [3, 0, 1])
    #expect(encoding.attends == [false, true, true])
    #expect(encoding.typeIDs == [1, 0, 0])
    #expect(encoding.overflowing.map(\.ids) == [[3, 1, 2]])
    #expect(tokenizer.encode("a b c", addSpecialTokens: true) == [0, 1, 2])
    #expect(try tokenizer.encoding(of: "a b c", truncation: .some(nil)).ids == [0, 1, 2])
    #expect(
      try tokenizer.encodings(of: ["a", "b c"], padding: .some(nil)).map(\.ids) == [[0], [1, 2]])
  }

  @Test("a file that is cut at any byte is an error")
  func damagedModels() throws {
    let entry = try #require(try FixtureFile.entries("pieces").first)
    let model = [UInt8](
      try #require(Data(base64Encoded: entry["model"]?.stringValue ?? "")))
    for count in stride(from: 0, to: model.count, by: 97) {
      // Cut between two pieces it is a model with fewer of them, without its specifications.
      _ = try? Tokenizer(sentencePiece: Array(model[..<count]))
    }
    var generator = SeededGenerator(state: 9)
    for _ in 0..<300 {
      var flipped = model
      for _ in 0..<4 {
        let bit = Int.random(in: 0..<flipped.count * 8, using: &generator)
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      }
      guard let tokenizer = try? Tokenizer(sentencePiece: flipped) else { continue }
      let ids = tokenizer.encode("Hello  日本 <0x0A>\n", addSpecialTokens: true)
      _ = tokenizer.decode(ids, skipSpecialTokens: false)
    }
  }
}
