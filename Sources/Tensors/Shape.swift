/// The dimensions of a tensor, outermost first.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public var dims: [Dim]

  public init(_ dims: [Dim]) { self.dims = dims }
  public init(_ sizes: [Int]) { dims = sizes.map { Dim($0) } }
  public init(arrayLiteral elements: Dim...) { dims = elements }

  public var rank: Int { dims.count }
  public var elementCount: Dim { dims.reduce(Dim(1), *) }

  /// A negative axis counts from the end.
  public subscript(axis: Int) -> Dim {
    get { dims[axis < 0 ? dims.count + axis : axis] }
    set { dims[axis < 0 ? dims.count + axis : axis] = newValue }
  }

  /// The sizes where no symbol occurs.
  public var constant: [Int]? {
    let sizes = dims.compactMap(\.constant)
    return sizes.count == dims.count ? sizes : nil
  }

  public func evaluate(_ symbols: [String: Int]) -> [Int]? {
    let sizes = dims.compactMap { $0.evaluate(symbols) }
    return sizes.count == dims.count ? sizes : nil
  }

  public var description: String { "[\(dims.map(\.description).joined(separator: ", "))]" }
}
