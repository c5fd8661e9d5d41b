/// An integer of Python's, for those that no `Int` holds.
///
/// Schoolbook arithmetic: what calls it limits the size.
final class BigInteger: Sendable, Hashable {
  let isNegative: Bool
  /// The magnitude in digits to base 2^32, the lowest first, without zeros at its end.
  let limbs: [UInt32]

  init(isNegative: Bool, limbs: [UInt32]) {
    var limbs = limbs
    while limbs.last == 0 { limbs.removeLast() }
    self.limbs = limbs
    self.isNegative = isNegative && !limbs.isEmpty
  }

  convenience init(_ value: Int) {
    let magnitude = value.magnitude
    self.init(
      isNegative: value < 0,
      limbs: [UInt32(truncatingIfNeeded: magnitude), UInt32(truncatingIfNeeded: magnitude >> 32)])
  }

  /// What stands before the point.
  ///
  /// - Precondition: the number is finite.
  convenience init(truncating value: Double) {
    let whole = value.magnitude.rounded(.towardZero)
    guard whole >= 1 else {
      self.init(isNegative: false, limbs: [])
      return
    }
    let significand = UInt64(whole.significandBitPattern) | 1 << 52
    let shift = Int(whole.exponent) - 52
    let bits = BigInteger(
      isNegative: value < 0,
      limbs: [
        UInt32(truncatingIfNeeded: significand),
        UInt32(truncatingIfNeeded: significand >> 32),
      ])
    let placed = shift >= 0 ? bits.shifted(left: shift) : bits.shifted(right: -shift)
    self.init(isNegative: value < 0, limbs: placed.limbs)
  }

  /// - Parameter digits: ASCII digits and letters below the radix, at least one
  convenience init(digits: some Sequence<UInt8>, radix: Int, isNegative: Bool) {
    var limbs: [UInt32] = []
    for byte in digits {
      let digit = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x61 + 10
      limbs.multiply(by: UInt32(radix), adding: UInt32(digit))
    }
    self.init(isNegative: isNegative, limbs: limbs)
  }

  static func == (a: BigInteger, b: BigInteger) -> Bool {
    a.isNegative == b.isNegative && a.limbs == b.limbs
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(isNegative)
    hasher.combine(limbs)
  }

  // MARK: Size

  var bitCount: Int {
    limbs.last.map { limbs.count * 32 - $0.leadingZeroBitCount } ?? 0
  }

  /// The value, where an `Int` holds it.
  var small: Int? {
    guard limbs.count <= 2 else { return nil }
    let magnitude = limbs.reversed().reduce(UInt(0)) { $0 << 32 | UInt($1) }
    if !isNegative { return Int(exactly: magnitude) }
    return magnitude <= UInt(Int.max) + 1 ? 0 &- Int(bitPattern: magnitude) : nil
  }

  /// The nearest `Double`, halves to the even one; nil where it would be infinite.
  var double: Double? {
    let excess = max(0, bitCount - 64)
    let top = shifted(right: excess)
    var bits = top.limbs.reversed().reduce(UInt64(0)) { $0 << 32 | UInt64($1) }
    // What is cut off matters where the rest is half way between two numbers.
    if excess > 0, top.shifted(left: excess).limbs != limbs { bits |= 1 }
    let value = Double(sign: .plus, exponent: excess, significand: Double(bits))
    return value.isFinite ? (isNegative ? -value : value) : nil
  }

  // MARK: Arithmetic

  var negated: BigInteger { BigInteger(isNegative: !isNegative, limbs: limbs) }
  var magnitude: BigInteger { BigInteger(isNegative: false, limbs: limbs) }
  var isZero: Bool { limbs.isEmpty }

  static func < (a: BigInteger, b: BigInteger) -> Bool {
    guard a.isNegative == b.isNegative else { return a.isNegative }
    return a.isNegative ? isBelow(b.limbs, a.limbs) : isBelow(a.limbs, b.limbs)
  }

  static func + (a: BigInteger, b: BigInteger) -> BigInteger {
    guard a.isNegative != b.isNegative else {
      return BigInteger(isNegative: a.isNegative, limbs: sum(a.limbs, b.limbs))
    }
    return isBelow(a.limbs, b.limbs)
      ? BigInteger(isNegative: b.isNegative, limbs: difference(b.limbs, a.limbs))
      : BigInteger(isNegative: a.isNegative, limbs: difference(a.limbs, b.limbs))
  }

  static func - (a: BigInteger, b: BigInteger) -> BigInteger { a + b.negated }

  static func * (a: BigInteger, b: BigInteger) -> BigInteger {
    var result = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
    for (i, x) in a.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.limbs.enumerated() {
        let sum = UInt64(x) * UInt64(y) + UInt64(result[i + j]) + carry
        result[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      result[i + b.limbs.count] = UInt32(carry)
    }
    return BigInteger(isNegative: a.isNegative != b.isNegative, limbs: result)
  }

  /// The quotient rounded down, and the rest, which has the divisor's sign.
  ///
  /// - Precondition: the divisor is not zero.
  func dividedDown(by divisor: BigInteger) -> (quotient: BigInteger, rest: BigInteger) {
    let (limbs, restLimbs) = BigInteger.quotient(self.limbs, divisor.limbs)
    let quotient = BigInteger(isNegative: isNegative != divisor.isNegative, limbs: limbs)
    let rest = BigInteger(isNegative: isNegative, limbs: restLimbs)
    guard !rest.isZero, isNegative != divisor.isNegative else { return (quotient, rest) }
    return (quotient - BigInteger(1), rest + divisor)
  }

  /// The nearest `Double` to the quotient; nil where it would be infinite.
  ///
  /// - Precondition: the divisor is not zero.
  func divided(by divisor: BigInteger) -> Double? {
    guard !isZero else { return divisor.isNegative ? -0.0 : 0 }
    // Two bits more than a Double's rounding asks for, and one for what is left.
    let shift = 66 - (bitCount - divisor.bitCount)
    let (a, b) = (magnitude, divisor.magnitude)
    let (quotient, rest) =
      shift >= 0
      ? a.shifted(left: shift).dividedDown(by: b) : a.dividedDown(by: b.shifted(left: -shift))
    let sticky = (quotient.limbs.first ?? 0) | (rest.isZero ? 0 : 1)
    let value = BigInteger(isNegative: false, limbs: [sticky] + quotient.limbs.dropFirst()).double
    let scaled = Double(sign: .plus, exponent: -shift, significand: value ?? 0)
    return scaled.isFinite ? (isNegative != divisor.isNegative ? -scaled : scaled) : nil
  }

  static func power(of base: BigInteger, _ exponent: Int) -> BigInteger {
    var result = BigInteger(1)
    var square = base
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      rest >>= 1
      if rest > 0 { square = square * square }
    }
    return result
  }

  func shifted(left count: Int) -> BigInteger {
    let (whole, part) = (count / 32, UInt64(count % 32))
    var result = [UInt32](repeating: 0, count: whole)
    var carry: UInt64 = 0
    for limb in limbs {
      let moved = UInt64(limb) << part | carry
      result.append(UInt32(truncatingIfNeeded: moved))
      carry = moved >> 32
    }
    result.append(UInt32(carry))
    return BigInteger(isNegative: isNegative, limbs: result)
  }

  func shifted(right count: Int) -> BigInteger {
    let (whole, part) = (count / 32, UInt64(count % 32))
    var result: [UInt32] = []
    for i in limbs.indices.dropFirst(whole) {
      let above = i + 1 < limbs.count ? UInt64(limbs[i + 1]) << 32 : 0
      result.append(UInt32(truncatingIfNeeded: (above | UInt64(limbs[i])) >> part))
    }
    return BigInteger(isNegative: isNegative, limbs: result)
  }

  // MARK: Text

  func text(radix: Int, isUppercase: Bool = false) -> String {
    guard !limbs.isEmpty else { return "0" }
    // As many digits at a time as a limb holds.
    var chunk: UInt32 = UInt32(radix)
    var width = 1
    while chunk.multipliedReportingOverflow(by: UInt32(radix)).overflow == false {
      chunk *= UInt32(radix)
      width += 1
    }
    var rest = limbs
    var parts: [String] = []
    while !rest.isEmpty {
      let digits = String(rest.divide(by: chunk), radix: radix, uppercase: isUppercase)
      let padding = rest.isEmpty ? 0 : width - digits.utf8.count
      parts.append(String(repeating: "0", count: padding) + digits)
    }
    return (isNegative ? "-" : "") + parts.reversed().joined()
  }

  // MARK: Magnitudes

  private static func isBelow(_ a: [UInt32], _ b: [UInt32]) -> Bool {
    guard a.count == b.count else { return a.count < b.count }
    return a.reversed().lexicographicallyPrecedes(b.reversed())
  }

  private static func sum(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for i in 0..<max(a.count, b.count) {
      let sum = carry + UInt64(i < a.count ? a[i] : 0) + UInt64(i < b.count ? b[i] : 0)
      result.append(UInt32(truncatingIfNeeded: sum))
      carry = sum >> 32
    }
    return result + [UInt32(carry)]
  }

  /// - Precondition: the first is not below the second.
  private static func difference(_ a: [UInt32], _ b: [UInt32]) -> [UInt32] {
    var result = a
    var borrow: Int64 = 0
    for i in a.indices {
      let difference = Int64(a[i]) - (i < b.count ? Int64(b[i]) : 0) - borrow
      borrow = difference < 0 ? 1 : 0
      result[i] = UInt32(truncatingIfNeeded: difference)
    }
    return result
  }

  /// Bit by bit from the top, which is quick enough for the sizes there are.
  private static func quotient(
    _ dividend: [UInt32], _ divisor: [UInt32]
  ) -> (quotient: [UInt32], rest: [UInt32]) {
    if divisor.count == 1 {
      var quotient = dividend
      let rest = quotient.divide(by: divisor[0])
      return (quotient, rest == 0 ? [] : [rest])
    }
    var quotient = [UInt32](repeating: 0, count: dividend.count)
    var rest: [UInt32] = []
    for i in dividend.indices.reversed() {
      for bit in (0..<32).reversed() {
        rest.double(adding: dividend[i] >> UInt32(bit) & 1)
        if !isBelow(rest, divisor) {
          rest = difference(rest, divisor)
          while rest.last == 0 { rest.removeLast() }
          quotient[i] |= 1 << UInt32(bit)
        }
      }
    }
    return (quotient, rest)
  }
}

extension [UInt32] {
  fileprivate mutating func multiply(by factor: UInt32, adding summand: UInt32) {
    var carry = UInt64(summand)
    for i in indices {
      let sum = UInt64(self[i]) * UInt64(factor) + carry
      self[i] = UInt32(truncatingIfNeeded: sum)
      carry = sum >> 32
    }
    if carry > 0 { append(UInt32(carry)) }
  }

  fileprivate mutating func double(adding bit: UInt32) {
    var carry = bit
    for i in indices {
      let next = self[i] >> 31
      self[i] = self[i] << 1 | carry
      carry = next
    }
    if carry > 0 { append(carry) }
  }

  /// Divides in place and gives the rest.
  fileprivate mutating func divide(by divisor: UInt32) -> UInt32 {
    var rest: UInt64 = 0
    for i in indices.reversed() {
      let value = rest << 32 | UInt64(self[i])
      self[i] = UInt32(value / UInt64(divisor))
      rest = value % UInt64(divisor)
    }
    while last == 0 { removeLast() }
    return UInt32(rest)
  }
}
