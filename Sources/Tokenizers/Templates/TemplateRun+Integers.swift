/// Integers that no `Int` holds.
extension TemplateRun {
  /// Digits of an integer that Python turns into text, or makes of one.
  static let longestInteger = 4300
  /// More than the longest text has.
  private static let largestBitCount = 1 << 14

  mutating func compute(
    _ operation: TemplateOperator, _ x: BigInteger, _ y: BigInteger
  ) throws(TemplateError) -> TemplateValue {
    switch operation {
    case .add: return .integer(try checked(x + y))
    case .subtract: return .integer(try checked(x - y))
    case .multiply:
      try step(1 + x.limbs.count * y.limbs.count / 16)
      return .integer(try checked(x * y))
    case .floorDivide, .remainder:
      guard !y.isZero else { throw fail(.type, "integer division or modulo by zero") }
      try charge(dividing: x, by: y)
      let (quotient, rest) = x.dividedDown(by: y)
      return .integer(operation == .floorDivide ? quotient : rest)
    case .divide:
      guard !y.isZero else { throw fail(.type, "division by zero") }
      try charge(dividing: x, by: y)
      guard let result = x.divided(by: y) else {
        throw fail(.type, "integer division result too large for a float")
      }
      return .double(result)
    case .power:
      guard !y.isNegative else {
        guard let base = x.double, let exponent = y.double else {
          throw fail(.type, "int too large to convert to float")
        }
        return .double(try compute(.power, base, exponent))
      }
      return .integer(try power(x, y))
    }
  }

  private mutating func charge(
    dividing x: BigInteger, by y: BigInteger
  ) throws(TemplateError) {
    // Bit by bit.
    try step(1 + x.limbs.count * y.limbs.count * 2)
  }

  private func checked(_ value: BigInteger) throws(TemplateError) -> BigInteger {
    guard value.bitCount <= TemplateRun.largestBitCount else { throw tooLarge }
    return value
  }

  private var tooLarge: TemplateError { fail(.limit, "the integer is too large") }

  private mutating func power(
    _ base: BigInteger, _ exponent: BigInteger
  ) throws(TemplateError) -> BigInteger {
    if base.bitCount <= 1 {
      // Zero, one and minus one.
      let isOdd = (exponent.limbs.first ?? 0) & 1 == 1
      return exponent.isZero ? BigInteger(1) : isOdd ? base : base * base
    }
    guard let times = exponent.small, times <= TemplateRun.largestBitCount,
      (base.bitCount - 1) * times <= TemplateRun.largestBitCount
    else { throw tooLarge }
    let limbs = 1 + base.bitCount * times / 32
    try step(1 + limbs * limbs / 16)
    return try checked(BigInteger.power(of: base, times))
  }

  /// The digits of an integer, up to Python's limit.
  mutating func decimal(_ value: BigInteger) throws(TemplateError) -> String {
    try text(of: value, radix: 10, isUppercase: false)
  }

  mutating func text(
    of value: BigInteger, radix: Int, isUppercase: Bool
  ) throws(TemplateError) -> String {
    try step(1 + value.limbs.count * value.limbs.count / 16)
    let text = value.text(radix: radix, isUppercase: isUppercase)
    guard radix != 10 || text.utf8.count - (value.isNegative ? 1 : 0) <= TemplateRun.longestInteger
    else {
      throw fail(.type, "an integer of more than \(TemplateRun.longestInteger) digits as text")
    }
    return text
  }

  /// To a multiple of a power of ten, halves to the even one.
  mutating func rounded(
    _ integer: BigInteger, digits: Int
  ) throws(TemplateError) -> TemplateValue {
    // Beyond all digits there is nothing but zero, and just before it is rounded up.
    guard digits <= integer.bitCount / 3 + 2 else { return .int(0) }
    let unit = try power(BigInteger(10), BigInteger(digits))
    try charge(dividing: integer, by: unit)
    let (quotient, rest) = integer.dividedDown(by: unit)
    let twice = rest + rest
    let isOdd = (quotient.limbs.first ?? 0) & 1 == 1
    let isUp = unit < twice || (twice == unit && isOdd)
    return .integer(try checked((isUp ? quotient + BigInteger(1) : quotient) * unit))
  }

  /// `math.ceil(number * 10 ** precision) / 10 ** precision`, or with `floor`.
  mutating func scaled(
    _ value: TemplateValue, _ precision: Int, up: Bool
  ) throws(TemplateError) -> TemplateValue {
    try use(value)
    guard value.isNumber else {
      throw fail(.type, "bad operand type for round(): '\(value.kind)'")
    }
    let scale = try compute(.power, .int(10), .int(precision))
    let product = try compute(.multiply, value, scale)
    guard case .double(let number) = product else { return try compute(.divide, product, scale) }
    guard number.isFinite else { throw fail(.type, "cannot convert infinity or NaN to integer") }
    let whole = BigInteger(truncating: number.rounded(up ? .up : .down))
    return try compute(.divide, .integer(whole), scale)
  }
}
