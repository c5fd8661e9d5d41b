public import ApusTokenizers

extension StreamDecoder: TokenTextDecoder {}

extension Tokenizer: TokenTextSource {
  public func makeTextDecoder(
    after prompt: [Int32], skipSpecialTokens: Bool
  ) -> any TokenTextDecoder {
    StreamDecoder(self, skipSpecialTokens: skipSpecialTokens, after: prompt)
  }
}
