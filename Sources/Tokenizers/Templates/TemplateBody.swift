/// Statements that run one after the other.
///
/// What is in an array is retained for as long as it runs, what is in a constant field of an object
/// is not, and counting references is most of what a small statement costs. So statements stand in
/// fields, and many of them in a tree.
struct TemplateBody: Sendable {
  private let root: (any TemplateStatementNode)?

  init(_ nodes: [any TemplateStatementNode]) {
    var level = nodes
    while level.count > 1 {
      level = stride(from: 0, to: level.count, by: TemplateGroupNode.width).map { start in
        let end = min(start + TemplateGroupNode.width, level.count)
        return end - start == 1 ? level[start] : TemplateGroupNode(level[start..<end])
      }
    }
    root = level.first
  }

  /// How many nodes are above the statements, of so many.
  static func levels(_ count: Int) -> Int {
    var levels = 0
    var rest = count
    while rest > 1 {
      rest = (rest + TemplateGroupNode.width - 1) / TemplateGroupNode.width
      levels += 1
    }
    return levels
  }

  var isEmpty: Bool { root == nil }

  func isIdle(forCharacterIn slot: Int) -> Bool {
    root?.isIdle(forCharacterIn: slot) ?? true
  }

  @inline(__always)
  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    try root?.execute(&run) ?? .normal
  }
}

private final class TemplateGroupNode: TemplateStatementNode {
  static let width = 4

  private let first: any TemplateStatementNode
  private let second: any TemplateStatementNode
  private let third: (any TemplateStatementNode)?
  private let fourth: (any TemplateStatementNode)?

  /// - Parameter nodes: two to four.
  init(_ nodes: ArraySlice<any TemplateStatementNode>) {
    let start = nodes.startIndex
    first = nodes[start]
    second = nodes[start + 1]
    third = nodes.count > 2 ? nodes[start + 2] : nil
    fourth = nodes.count > 3 ? nodes[start + 3] : nil
  }

  func isIdle(forCharacterIn slot: Int) -> Bool {
    first.isIdle(forCharacterIn: slot) && second.isIdle(forCharacterIn: slot)
      && third?.isIdle(forCharacterIn: slot) ?? true
      && fourth?.isIdle(forCharacterIn: slot) ?? true
  }

  func execute(_ run: inout TemplateRun) throws(TemplateError) -> TemplateRun.Flow {
    var flow = try first.execute(&run)
    guard flow == .normal else { return flow }
    flow = try second.execute(&run)
    guard flow == .normal else { return flow }
    flow = try third?.execute(&run) ?? .normal
    guard flow == .normal else { return flow }
    return try fourth?.execute(&run) ?? .normal
  }
}

/// Expressions that are evaluated one after the other: the first ones in fields, as statements are.
final class TemplateNodeRow: Sendable {
  let count: Int
  private let first: (any TemplateNode)?
  let second: (any TemplateNode)?
  private let third: (any TemplateNode)?
  private let more: [any TemplateNode]

  init(_ nodes: [any TemplateNode]) {
    count = nodes.count
    first = nodes.first
    second = nodes.count > 1 ? nodes[1] : nil
    third = nodes.count > 2 ? nodes[2] : nil
    more = Array(nodes.dropFirst(3))
  }

  /// - Parameter use: takes each value with its place.
  @inline(__always)
  func evaluate(
    _ run: inout TemplateRun, _ use: (Int, TemplateValue) -> Void
  ) throws(TemplateError) {
    if let value = try first?.evaluate(&run) { use(0, value) }
    if let value = try second?.evaluate(&run) { use(1, value) }
    if let value = try third?.evaluate(&run) { use(2, value) }
    var at = 0
    while at < more.count {
      use(at + 3, try more[at].evaluate(&run))
      at += 1
    }
  }

  func evaluate(_ run: inout TemplateRun) throws(TemplateError) -> [TemplateValue] {
    guard count > 0 else { return [] }
    var values: [TemplateValue] = []
    values.reserveCapacity(count)
    try evaluate(&run) { values.append($1) }
    return values
  }
}
