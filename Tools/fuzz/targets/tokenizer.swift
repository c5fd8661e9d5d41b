import ApusJSON
import ApusTokenizers

/// A `tokenizer.json` that is accepted encodes and decodes any text, into ids of its own.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let root = try? JSONValue(parsing: bytes),
    let tokenizer = try? Tokenizer(tokenizerJSON: root, config: nil)
  else { return 0 }
  for text in ["", " ", "Hello wörld  12", "<s>a b▁ab\n", "\u{0}e\u{301}日本"] {
    let ids = tokenizer.encode(text, addSpecialTokens: true)
    for id in ids {
      precondition(id >= 0 && id < tokenizer.vocabularySize, "an id that is no token")
    }
    _ = tokenizer.decode(ids, skipSpecialTokens: true)
  }
  for id in -1...Int32(clamping: min(tokenizer.vocabularySize, 300)) {
    _ = tokenizer.decode([id], skipSpecialTokens: false)
  }
  return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32
) -> Int {
  unsafe replace(data, size, most, seed) { bytes in
    var mutator = JSONMutator(seed: seed)
    return (try? JSONValue(parsing: bytes)).map { Array(mutator.change($0).serialized().utf8) }
  }
}
