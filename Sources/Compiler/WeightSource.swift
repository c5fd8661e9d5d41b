import ApusCheckpoints
package import ApusDevices
package import ApusGraphs

/// Where weights come from at load: a checkpoint, or a test's arrays.
package protocol WeightSource {
  /// All elements, decoded.
  func elements(of weight: Weight) throws -> [Float]
  /// A buffer of the device that shows the weight in its storage format, and whether that memory is
  /// a mapped file's.
  func bind(_ weight: Weight, on device: any Device) throws -> (buffer: BufferID, isMapped: Bool)
}

extension Weights: WeightSource {
  package func elements(of weight: Weight) throws -> [Float] {
    try storage(of: weight.name).floats()
  }

  package func bind(
    _ weight: Weight, on device: any Device
  ) throws -> (buffer: BufferID, isMapped: Bool) {
    let storage = try storage(of: weight.name)
    guard storage.format == weight.format, storage.shape == weight.shape else {
      throw CompileError(
        "weight '\(weight.name)': the graph has \(weight.format) \(weight.shape), the checkpoint "
          + "gives \(storage.format) \(storage.shape)")
    }
    // The device keeps `storage`, and with it the bytes, as long as the buffer.
    let buffer = try unsafe storage.withUnsafeBytes { bytes in
      try unsafe device.register(bytes, owner: storage)
    }
    return (buffer, storage.isMapped)
  }
}
