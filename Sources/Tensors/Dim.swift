/// A dimension: a polynomial with integer coefficients in named symbols, such as `tokens`, `16 *
/// pages` or `requests + 1`. Two dimensions are equal when their polynomials are.
public struct Dim: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// Coefficient of each product of symbols (names sorted, repeated for powers); no zero
  /// coefficients.
  private var terms: [[String]: Int]

  public init(_ value: Int) { terms = value == 0 ? [:] : [[]: value] }
  public init(integerLiteral value: Int) { self.init(value) }
  private init(terms: [[String]: Int]) { self.terms = terms.filter { $0.value != 0 } }

  /// A size that is known only when a step runs.
  public static func symbol(_ name: String) -> Dim { Dim(terms: [[name]: 1]) }

  /// The value where no symbol occurs.
  public var constant: Int? {
    if terms.isEmpty { return 0 }
    return terms.count == 1 ? terms[[]] : nil
  }

  /// The names that occur, sorted.
  public var symbols: [String] { Array(Set(terms.keys.joined())).sorted() }

  public static func + (a: Dim, b: Dim) -> Dim {
    Dim(terms: a.terms.merging(b.terms, uniquingKeysWith: +))
  }

  public static func - (a: Dim, b: Dim) -> Dim { a + b * Dim(-1) }

  public static func * (a: Dim, b: Dim) -> Dim {
    var product: [[String]: Int] = [:]
    for (x, cx) in a.terms {
      for (y, cy) in b.terms { product[(x + y).sorted(), default: 0] += cx * cy }
    }
    return Dim(terms: product)
  }

  /// The name where this is one symbol and nothing else.
  public var symbolName: String? {
    guard terms.count == 1, let (names, coefficient) = terms.first, names.count == 1,
      coefficient == 1
    else { return nil }
    return names[0]
  }

  /// The value with every symbol replaced, or nil where one is missing or the value overflows.
  public func evaluate(_ values: [String: Int]) -> Int? {
    var sum = 0
    for (names, coefficient) in terms {
      var product = coefficient
      for name in names {
        guard let value = values[name] else { return nil }
        let (next, overflow) = product.multipliedReportingOverflow(by: value)
        if overflow { return nil }
        product = next
      }
      let (next, overflow) = sum.addingReportingOverflow(product)
      if overflow { return nil }
      sum = next
    }
    return sum
  }

  /// The terms as data, for a plan that evaluates dimensions without allocating: constant first.
  public var sortedTerms: [(symbols: [String], coefficient: Int)] {
    terms.map { ($0.key, $0.value) }.sorted { a, b in
      a.symbols.count != b.symbols.count
        ? a.symbols.count < b.symbols.count : a.symbols.lexicographicallyPrecedes(b.symbols)
    }
  }

  public var description: String {
    if terms.isEmpty { return "0" }
    let text = sortedTerms.reversed().map { symbols, coefficient in
      let product = symbols.joined(separator: "*")
      if symbols.isEmpty { return "\(coefficient)" }
      return switch coefficient {
      case 1: product
      case -1: "-\(product)"
      default: "\(coefficient)*\(product)"
      }
    }
    return text.dropFirst().reduce(text[0]) { $0 + ($1.hasPrefix("-") ? $1 : "+" + $1) }
  }
}
