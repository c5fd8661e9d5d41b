import ApusTensors

/// The symbols of a plan, by number.
package struct SymbolTable: Sendable {
  package let names: [String]
  /// The greatest value of each.
  package let bounds: [Int]
  private let numbers: [String: Int]

  init(_ bounds: [String: Int]) {
    names = bounds.keys.sorted()
    self.bounds = names.map { bounds[$0]! }
    numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
  }

  package func number(_ name: String) -> Int? { numbers[name] }

  /// - Throws: where a symbol has no bound.
  func expression(_ dim: Dim) throws -> SizeExpression {
    var expression = SizeExpression(constant: 0, terms: [])
    for (symbols, coefficient) in dim.sortedTerms {
      if symbols.isEmpty {
        expression.constant = coefficient
        continue
      }
      let factors = try symbols.map { name in
        guard let number = numbers[name] else {
          throw CompileError("symbol '\(name)' has no bound; given are \(names)")
        }
        return number
      }
      expression.terms.append(SizeExpression.Term(coefficient: coefficient, symbols: factors))
    }
    return expression
  }

  /// The greatest value that a dimension can have.
  func greatest(_ dim: Dim) throws -> Int {
    let expression = try expression(dim)
    var sum = expression.constant
    for term in expression.terms where term.coefficient > 0 {
      var product = term.coefficient
      for symbol in term.symbols {
        let (value, overflow) = product.multipliedReportingOverflow(by: bounds[symbol])
        guard !overflow else { throw CompileError("\(dim) overflows at the symbols' bounds") }
        product = value
      }
      sum += product
    }
    return max(sum, 0)
  }
}

/// A dimension that is evaluated without allocating: a sum of products of numbered symbols.
struct SizeExpression: Sendable, Hashable {
  struct Term: Sendable, Hashable {
    let coefficient: Int
    let symbols: [Int]
  }

  var constant: Int
  var terms: [Term]

  var isConstant: Bool { terms.isEmpty }

  /// Indices instead of iterators: those of large elements allocate in debug builds.
  func value(_ symbols: [Int]) -> Int {
    var sum = constant
    for index in terms.indices {
      var product = terms[index].coefficient
      for factor in terms[index].symbols.indices {
        product *= symbols[terms[index].symbols[factor]]
      }
      sum += product
    }
    return sum
  }
}
