import ApusCheckpoints
import ApusTensors
import TestSupport
import Testing

/// Formats that no kernel reads, decoded at load.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct DecodedWeightsTests {
  static let names = DequantizeTests.formats
    .filter { !Weights.kernelFormats.contains($0.format) }.map(\.name)

  @Test("each is bfloat16 of the reference's values, and said in one line", arguments: names)
  func decodes(name: String) throws {
    let format = try #require(DequantizeTests.formats.first { $0.name == name }?.format)
    guard case .quantized(let quantized) = format else { return }
    let blocks = try readBytes(sharedPath("quantisation/\(name).blocks.bin"))
    let values = floats(try readBytes(sharedPath("quantisation/\(name).blocks.dequant.f32")))
    let columns = format.blockElements * 2
    let rows = values.count / columns
    let used = try #require(format.byteCount(elements: rows * columns))
    var file = GGUFBytes()
    file.add("general.architecture", string: "x")
    file.add(
      "w", sizes: [columns, rows], type: quantized.ggufType, data: Array(blocks[..<used]))
    let weights = try WeightAdapter.identity.adapt(
      Checkpoint(gguf: MappedFile(file.file, name: "w.gguf")))
    #expect(try weights.tensor("w", shape: [rows, columns]).format == .bfloat16)
    let found = try weights.storage(of: "w").floats()
    #expect(found.count == rows * columns && rows > 0)
    for (value, exact) in zip(found, values) where !exact.isNaN {
      if value != Float(BFloat16(exact)) { Issue.record("\(value) for \(exact)") }
    }
    #expect(
      weights.loadNotes == [
        "no CPU kernel reads \(quantized.rawValue): 1 matrix is decoded to bfloat16 at load"
      ])
  }

  @Test("a file of many formats: each matrix is read in its own")
  func mixed() throws {
    var file = GGUFBytes()
    file.add("general.architecture", string: "x")
    var expected: [String: [Float]] = [:]
    for (name, format) in DequantizeTests.formats {
      guard case .quantized(let quantized) = format else { continue }
      let blocks = try readBytes(sharedPath("quantisation/\(name).blocks.bin"))
      let values = floats(try readBytes(sharedPath("quantisation/\(name).blocks.dequant.f32")))
      expected[name] = Array(values[..<format.blockElements])
      file.add(
        name, sizes: [format.blockElements, 1], type: quantized.ggufType,
        data: Array(blocks[..<format.blockBytes]))
    }
    let weights = try WeightAdapter.identity.adapt(
      Checkpoint(gguf: MappedFile(file.file, name: "w.gguf"))
    ).converted(to: .float32)
    #expect(expected.count > 20)
    for (name, values) in expected {
      let found = try weights.storage(of: name).floats()
      let isEqual = zip(found, values).allSatisfy {
        $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
      }
      #expect(isEqual, "\(name)")
    }
  }
}
