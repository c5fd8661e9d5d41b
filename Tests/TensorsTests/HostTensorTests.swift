import ApusTensors
import Testing

@Suite struct HostTensorTests {
  @Test func equalityIsThatOfBits() {
    #expect(HostTensor([Float(0)]) != HostTensor([Float(-0.0)]))
    #expect(HostTensor([Float.nan]) == HostTensor([Float.nan]))
    #expect(
      HostTensor([1, 2] as [Float], shape: [2]) != HostTensor([1, 2] as [Float], shape: [1, 2]))
    #expect(
      HostTensor([1] as [Float]) != HostTensor([1] as [Float], shape: [1], dataType: .bfloat16))
    #expect(HostTensor([1] as [Float]) != HostTensor([1] as [Int32]))
    #expect(Set([HostTensor([Float.nan]), HostTensor([Float.nan])]).count == 1)
  }

  @Test func conversionsNeverTrap() {
    let floats: [Float] = [1.9, -1.9, .nan, .infinity, -.infinity, 3e9, -3e9, 2_147_483_520]
    #expect(
      HostTensor(floats).integers == [
        1, -1, 0, .max, .min, .max, .min, 2_147_483_520,
      ])
    #expect(HostTensor([3, -4] as [Int32]).floats == [3, -4])
  }

  @Test func countIsTheProductOfTheShape() {
    #expect(HostTensor([Float](), shape: [3, 0, 2]).count == 0)
    #expect(HostTensor([5] as [Int32], shape: []).count == 1)
  }
}
