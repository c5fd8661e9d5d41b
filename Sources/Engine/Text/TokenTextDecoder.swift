/// Turns the tokens of one text into text, as they come.
public protocol TokenTextDecoder {
  /// The text that became certain with this token; never half a character.
  mutating func append(_ id: Int32) -> String
  /// What was held back.
  mutating func finish() -> String
}

/// Where the engine gets its decoders from: a tokenizer.
public protocol TokenTextSource: Sendable {
  /// - Parameters:
  ///   - prompt: tokens whose text the new text continues; empty where it stands alone
  ///   - skipSpecialTokens: leave control tokens out of the text
  func makeTextDecoder(after prompt: [Int32], skipSpecialTokens: Bool) -> any TokenTextDecoder
}
