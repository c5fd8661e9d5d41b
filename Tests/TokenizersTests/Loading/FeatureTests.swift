import ApusJSON
import ApusTokenizers
import Foundation
import Testing

/// Small tokenizers of every feature against what their libraries make of texts.
@Suite struct FeatureTests {
  private func tokenizers() throws -> [(Tokenizer, JSONValue)] {
    try FixtureFile.entries("features").map {
      (try Tokenizer(tokenizerJSON: $0["tokenizer"] ?? .null, config: nil), $0)
    }
  }

  @Test("ids, offsets, types, words and decoded text")
  func huggingFace() throws {
    let tokenizers = try tokenizers()
    #expect(tokenizers.count > 40)
    for (index, (tokenizer, entry)) in tokenizers.enumerated() {
      for vector in entry["vectors"]?.arrayValue ?? [] {
        let text = vector["text"]?.stringValue ?? ""
        let place = "tokenizer \(index): \(text.debugDescription)"
        let adds = vector["add"]?.boolValue ?? false
        let found = try tokenizer.encoding(
          of: text, pair: vector["pair"]?.stringValue, addSpecialTokens: adds)
        #expect(found.ids == vector["ids"]?.int32s, "\(place)")
        if vector["pair"] == nil, tokenizer.truncation == nil, tokenizer.padding == nil {
          #expect(tokenizer.encode(text, addSpecialTokens: adds) == found.ids, "\(place)")
        }
        if let offsets = vector["offsets"] {
          let numbers = found.scalarOffsets.flatMap { [$0.lowerBound, $0.upperBound] }
          #expect(numbers == offsets.int32s.map(Int.init), "\(place)")
          #expect(found.typeIDs == vector["types"]?.int32s, "\(place)")
          #expect(found.words == (vector["words"]?.arrayValue ?? []).map(\.intValue), "\(place)")
        }
        if let decoded = vector["decoded"]?.stringValue {
          expectDecoded(
            tokenizer, found.ids, skip: vector["skip"]?.boolValue ?? false, decoded, place)
        }
      }
    }
  }

  /// The whole at once and token by token.
  private func expectDecoded(
    _ tokenizer: Tokenizer, _ ids: [Int32], skip: Bool, _ text: String, _ place: String
  ) {
    let whole = tokenizer.decode(ids, skipSpecialTokens: skip)
    #expect(Array(whole.utf8) == Array(text.utf8), "\(place)")
    var decoder = StreamDecoder(tokenizer, skipSpecialTokens: skip)
    var streamed = ids.map { decoder.append($0) }.joined()
    streamed += decoder.finish()
    #expect(Array(streamed.utf8) == Array(whole.utf8), "streamed: \(place)")
  }

  @Test("several threads give what one gives")
  func batches() throws {
    var generator = SeededGenerator(state: 4)
    let texts = (0..<60).map { _ in generator.text(parts: 8) }
    for (tokenizer, _) in try tokenizers().prefix(12) {
      let one = texts.map { tokenizer.encode($0, addSpecialTokens: true) }
      #expect(tokenizer.encode(texts, addSpecialTokens: true, threads: 3) == one)
      let encodings = try tokenizer.encodings(
        of: texts, truncation: .some(nil), padding: .some(nil), threads: 2)
      #expect(encodings.map(\.ids) == one)
    }
  }

  @Test("SentencePiece models of every kind")
  func sentencePiece() throws {
    let entries = try FixtureFile.entries("pieces")
    #expect(entries.count == 13)
    for entry in entries {
      let name = entry["name"]?.stringValue ?? ""
      let model = try #require(Data(base64Encoded: entry["model"]?.stringValue ?? ""))
      let tokenizer = try Tokenizer(sentencePiece: [UInt8](model))
      for vector in entry["vectors"]?.arrayValue ?? [] {
        let text = vector["text"]?.stringValue ?? ""
        let ids = tokenizer.encode(text, addSpecialTokens: false)
        #expect(ids == vector["ids"]?.int32s, "\(name): \(text.debugDescription)")
        #expect(
          try tokenizer.encoding(of: text, addSpecialTokens: false).ids == ids, "\(name)")
        let place = "\(name): \(text.debugDescription)"
        let decoded = vector["decoded"]?.stringValue ?? ""
        expectDecoded(tokenizer, vector["ids"]?.int32s ?? [], skip: false, decoded, place)
        let some = vector["someDecoded"]?.stringValue ?? ""
        expectDecoded(tokenizer, vector["some"]?.int32s ?? [], skip: false, some, place)
      }
    }
  }
}
