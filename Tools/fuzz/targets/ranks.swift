import ApusJSON
import ApusTokenizers

/// Ranks, as lines or as Mistral's document, that are accepted give back any text that they encode.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  let made =
    bytes.first == UInt8(ascii: "{")
    ? (try? JSONValue(parsing: bytes)).flatMap { try? Tokenizer(tekken: $0) }
    : try? Tokenizer(ranks: bytes, pattern: #"\w+|\s+(?!\S)|\s+|[^\w\s]+"#)
  guard let tokenizer = made else { return 0 }
  for text in ["", " ", "Hello wörld  12", "<s>a b▁ab\n", "\u{0}e\u{301}日本"] {
    let ids = tokenizer.encode(text, addSpecialTokens: false)
    for id in ids {
      precondition(id >= 0 && id < tokenizer.vocabularySize, "an id that is no token")
    }
    let decoded = tokenizer.decode(ids, skipSpecialTokens: true)
    precondition(decoded.utf8.elementsEqual(text.utf8), "decoded it is another text")
  }
  for id in -1...Int32(clamping: min(tokenizer.vocabularySize, 300)) {
    _ = tokenizer.decode([id], skipSpecialTokens: false)
  }
  return 0
}

/// Changes a document as such.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32
) -> Int {
  unsafe replace(data, size, most, seed) { bytes in
    guard bytes.first == UInt8(ascii: "{") else { return nil }
    var mutator = JSONMutator(seed: seed)
    return (try? JSONValue(parsing: bytes)).map { Array(mutator.change($0).serialized().utf8) }
  }
}
