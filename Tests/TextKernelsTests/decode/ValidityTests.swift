import ApusTextKernels
import Testing

/// Every instruction set finds what the standard library finds.
@Suite struct ValidityTests {
  private struct Seeded: RandomNumberGenerator {
    var state: UInt64 = 1
    mutating func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state ^ (state >> 29)
    }
  }

  private func expectValidity(_ bytes: [UInt8]) {
    let isValid = String(validating: bytes, as: UTF8.self) != nil
    let expected =
      !isValid
      ? APUS_TEXT_INVALID : bytes.allSatisfy { $0 < 0x80 } ? APUS_TEXT_ASCII : APUS_TEXT_UTF8
    for instructionSet in 0...apus_text_isa_best() {
      let found = unsafe apus_text_validity(instructionSet, bytes, bytes.count)
      #expect(UInt32(found) == expected.rawValue, "\(instructionSet): \(bytes)")
    }
  }

  @Test("every two bytes, and bytes at the borders of what may follow each lead, at every place")
  func neighbours() {
    for first in UInt8.min...255 {
      for second in UInt8.min...255 { expectValidity([first, second]) }
    }
    let edges: [UInt8] = [0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2]
    for lead in UInt8(0xDF)...0xF6 {
      for second in edges {
        for third in edges {
          for fourth in edges { expectValidity([lead, second, third, fourth]) }
        }
      }
    }
    for scalar in ["é", "日", "😀"].map({ Array($0.utf8) }) {
      for before in 0...70 {
        let ascii = [UInt8](repeating: 0x61, count: before)
        expectValidity(ascii + scalar)
        expectValidity(ascii + scalar.dropLast())
        expectValidity(ascii + scalar.dropLast() + [0x61])
        expectValidity(ascii + scalar + [0x80])
      }
    }
  }

  @Test("random texts with a byte changed")
  func changedBytes() {
    var generator = Seeded()
    let scalars = Array("a \né߿ࠀ\u{FFFF}日한😀\u{10FFFF}".unicodeScalars)
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        text.unicodeScalars.append(scalars.randomElement(using: &generator) ?? "a")
      }
      var bytes = Array(text.utf8)
      expectValidity(bytes)
      guard !bytes.isEmpty else { continue }
      bytes[Int.random(in: bytes.indices, using: &generator)] = .random(
        in: 0...255, using: &generator)
      expectValidity(bytes)
    }
  }
}
