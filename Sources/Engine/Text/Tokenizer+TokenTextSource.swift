public import ApusTokenizers

extension StreamDecoder: TokenTextDecoder {}

extension Tokenizer: TokenTextSource {
  public func makeTextDecoder(skipSpecialTokens: Bool) -> any TokenTextDecoder {
    StreamDecoder(self, skipSpecialTokens: skipSpecialTokens)
  }
}
