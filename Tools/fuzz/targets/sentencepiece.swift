import ApusTokenizers

/// A SentencePiece model that is accepted encodes and decodes any text, into ids of its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let tokenizer = try? Tokenizer(sentencePiece: bytes) else { return 0 }
  for text in ["", " ", "Hello wörld  12", "<s>a b▁ab\n", "\u{0}e\u{301}日本ﬁ"] {
    let ids = tokenizer.encode(text, addSpecialTokens: true)
    for id in ids {
      precondition(id >= 0 && id < tokenizer.vocabularySize, "an id that is no token")
    }
    var stream = StreamDecoder(tokenizer, skipSpecialTokens: true)
    let whole = tokenizer.decode(ids, skipSpecialTokens: true)
    let parts = ids.map { stream.append($0) }.joined() + stream.finish()
    precondition(parts.utf8.elementsEqual(whole.utf8), "decoded piece by piece it differs")
  }
  for id in -1...Int32(clamping: min(tokenizer.vocabularySize, 300)) {
    _ = tokenizer.decode([id], skipSpecialTokens: false)
  }
  return 0
}
