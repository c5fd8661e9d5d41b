import ApusTensors
import Testing

@Suite struct BFloat16Tests {
  @Test func everyPatternSurvivesTheWayThroughFloat() {
    for pattern in UInt16.min...UInt16.max {
      let value = Float(BFloat16(bitPattern: pattern))
      let back = BFloat16(value).bitPattern
      // A signalling NaN becomes quiet.
      #expect(back == (value.isNaN ? pattern | 0x40 : pattern))
    }
  }

  @Test func roundsToTheNearestAndTiesToEven() {
    for pattern in stride(from: UInt32(0), to: 0x7F80_0000, by: 0x1357) {
      let value = Float(bitPattern: pattern)
      let rounded = Float(BFloat16(value))
      let below = Float(bitPattern: pattern & 0xFFFF_0000)
      let above = Float(bitPattern: (pattern & 0xFFFF_0000) + 0x1_0000)
      let toBelow = Double(value) - Double(below)
      let toAbove = above.isInfinite ? .infinity : Double(above) - Double(value)
      let expected =
        toBelow == toAbove
        ? (pattern >> 16 & 1 == 0 ? below : above) : toBelow < toAbove ? below : above
      if !above.isInfinite { #expect(rounded == expected) }
      #expect(Float(BFloat16(-value)) == -rounded)
    }
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
