import ApusCheckpoints
import ApusTokenizers

/// A file that is accepted has tensors within it, which can be read, metadata that can be listed and
/// perhaps a tokenizer that can encode.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let checkpoint = try? Checkpoint(gguf: MappedFile(bytes, name: "x.gguf")),
    let metadata = checkpoint.gguf
  else { return 0 }
  precondition(checkpoint.byteCount <= count, "more tensors than file")
  for key in metadata.keys {
    _ = (metadata.strings(key), metadata.integers(key), metadata.floats(key))
  }
  if let weights = try? WeightAdapter.llamaCppNames.adapt(checkpoint) {
    for name in weights.leftovers() { _ = try? weights.storage(of: name).floats() }
  }
  if let vocabulary = GGUFVocabulary(metadata), let tokenizer = try? Tokenizer(gguf: vocabulary) {
    let ids = tokenizer.encode("Hello wörld 12 <s>", addSpecialTokens: true)
    _ = tokenizer.decode(ids, skipSpecialTokens: false)
  }
  return 0
}
