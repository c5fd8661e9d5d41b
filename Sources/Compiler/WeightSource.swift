package import ApusDevices
package import ApusGraphs

/// Where weights come from at load: a checkpoint, or a test's arrays.
package protocol WeightSource {
  /// All elements, decoded.
  func elements(of weight: Weight) throws -> [Float]
  /// A buffer of the device that shows the weight in its storage format, and whether that memory is a
  /// mapped file's.
  func bind(_ weight: Weight, on device: any Device) throws -> (buffer: BufferID, isMapped: Bool)
}
