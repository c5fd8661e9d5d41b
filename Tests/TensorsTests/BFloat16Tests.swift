import ApusTensors
import Testing

@Suite struct BFloat16Tests {
  @Test func everyPatternSurvivesTheWayThroughFloat() {
    let changed = (UInt16.min...UInt16.max).filter { pattern in
      let value = Float(BFloat16(bitPattern: pattern))
      // A signalling NaN becomes quiet.
      return BFloat16(value).bitPattern != (value.isNaN ? pattern | 0x40 : pattern)
    }
    #expect(changed == [])
  }

  @Test func roundsToTheNearestAndTiesToEven() {
    let wrong = stride(from: UInt32(0), to: 0x7F7F_0000, by: 0x1_1357).filter { pattern in
      let value = Float(bitPattern: pattern)
      let below = Float(bitPattern: pattern & 0xFFFF_0000)
      let above = Float(bitPattern: (pattern & 0xFFFF_0000) + 0x1_0000)
      let toBelow = Double(value) - Double(below)
      let toAbove = Double(above) - Double(value)
      let even = pattern >> 16 & 1 == 0 ? below : above
      let expected = toBelow == toAbove ? even : toBelow < toAbove ? below : above
      return Float(BFloat16(value)) != expected || Float(BFloat16(-value)) != -expected
    }
    #expect(wrong == [])
    #expect(Float(BFloat16(1 + 0x1p-8)) == 1, "a tie goes to the even neighbour below")
    #expect(Float(BFloat16(1 + 0x3p-8)) == 1 + 0x1p-6, "a tie goes to the even neighbour above")
    #expect(Float(BFloat16(Float.greatestFiniteMagnitude)) == .infinity)
  }

  @Test func specialValuesStay() {
    #expect(Float(BFloat16(-.infinity)) == -.infinity)
    #expect(Float(BFloat16(-0.0)).sign == .minus)
    #expect(Float(BFloat16(Float(bitPattern: 0x7F80_0001))).isNaN, "not infinity")
  }
}
