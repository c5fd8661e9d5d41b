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

/// Changes the header and keeps its length right.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32
) -> Int {
  unsafe replace(data, size, most, seed) { bytes in
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard bytes.count >= 8, length <= UInt64(bytes.count - 8) else { return nil }
    let end = 8 + Int(length)
    guard let header = try? JSONValue(parsing: Array(bytes[8..<end])) else { return nil }
    var mutator = JSONMutator(seed: seed)
    let text = Array(mutator.change(header).serialized().utf8)
    let count = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) }
    return count + text + bytes[end...]
  }
}
