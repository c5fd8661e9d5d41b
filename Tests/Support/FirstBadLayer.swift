/// Finds where a model goes astray: the first value, in the order of computation, that does not
/// point where the expected one does.
public enum FirstBadLayer {
  /// - Parameters:
  ///   - names: in the order of computation.
  ///   - columns: size of a row; each row is compared by itself.
  /// - Returns: nil where every row of every value is near enough.
  public static func find(
    _ names: [String], found: [String: [Float]], expected: [String: [Float]], columns: Int
  ) -> String? {
    for name in names {
      guard let a = found[name], let b = expected[name], a.count == b.count else {
        return "\(name): \(found[name]?.count ?? 0) values, not \(expected[name]?.count ?? 0)"
      }
      for row in stride(from: 0, to: a.count, by: columns) {
        let cosine = VectorMeasures.cosine(a[row..<row + columns], b[row..<row + columns])
        if cosine < Tolerances.layerCosine {
          return "\(name), row \(row / columns): cosine \(cosine)"
        }
      }
    }
    return nil
  }
}
