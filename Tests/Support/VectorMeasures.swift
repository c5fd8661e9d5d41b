import Foundation

/// Distances between what was found and what was expected, in float64.
public enum VectorMeasures {
  /// The greatest absolute difference; infinity where sizes differ or a value is no number.
  public static func greatestDifference(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    var greatest: Float = 0
    for (a, b) in zip(found, expected) {
      let difference = abs(a - b)
      if difference.isNaN { return .infinity }
      greatest = max(greatest, difference)
    }
    return greatest
  }

  /// Of the angle between two vectors; 0 where sizes differ or one has no length.
  public static func cosine(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Double {
    var (product, lengthA, lengthB) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a.map(Double.init), b.map(Double.init)) {
      product += x * y
      lengthA += x * x
      lengthB += y * y
    }
    let cosine = product / (lengthA * lengthB).squareRoot()
    return cosine.isNaN ? 0 : cosine
  }

  public static func standardDeviation(_ values: [Float]) -> Double {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (squares / Double(values.count)).squareRoot()
  }

  /// Root mean square of the differences over the standard deviation of what was expected.
  public static func relativeError(_ found: [Float], _ expected: [Float]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let squares = zip(found, expected).reduce(0.0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }
    let error = (squares / Double(found.count)).squareRoot() / standardDeviation(expected)
    return error.isNaN ? .infinity : error
  }
}
