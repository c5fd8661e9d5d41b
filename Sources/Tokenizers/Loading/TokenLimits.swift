/// What a tokenizer file may ask for at most. Nothing in it may cost far more than its own size.
enum TokenLimits {
  /// Ids are below this. Real vocabularies have few gaps; a table is made with a place for each.
  static func ids(tokens: Int) -> Int { 65_536 + 4 * tokens }

  /// Bytes of all spellings together, and of all that tokens decode to.
  static let spellingBytes = 1 << 30

  /// How many times longer all replacements together may make a text. A space that becomes `▁` is
  /// three times as long.
  static let growth = 64

  /// Bytes that one token may decode to: `<0x0A>` and the like get shorter, markers become spaces.
  static func pieceBytes(spelling: Int) -> Int { 1024 + growth * spelling }
}
