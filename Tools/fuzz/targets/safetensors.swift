import ApusCheckpoints
import ApusJSON

/// A file that is accepted has tensors within it, which can be read.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  guard let config = try? ConfigFile(["hidden_size": 1], file: "config.json"),
    let checkpoint = try? Checkpoint(
      safetensors: MappedFile(bytes, name: "x.safetensors"), config: config)
  else { return 0 }
  precondition(checkpoint.byteCount <= count, "more tensors than file")
  guard let weights = try? WeightAdapter.identity.adapt(checkpoint) else { return 0 }
  for name in checkpoint.tensors.keys { _ = try? weights.storage(of: name).floats() }
  return 0
}
