/// Jinja2 computes constants when it compiles, and is more lenient there: what cannot be sliced
/// gives something undefined, where the same slice at run time is an error. Only that difference is
/// kept.
///
/// - Source: jinja2 3.1, `optimizer.py`, and `as_const` in `nodes.py`.
extension TemplateCompiler {
  /// The node of a constant that holds a slice; nil where jinja2 leaves it for run time.
  ///
  /// - Parameter isOutput: what is written out may be anything; elsewhere only what Python code
  ///   can spell
  mutating func constant(
    _ expression: TemplateExpression, _ frame: Frame, isOutput: Bool = false
  ) -> (any TemplateNode)? {
    guard !frame.isConstant, case .off = escapes, expression.holdsSlice else { return nil }
    var inner = frame.soft
    inner.isConstant = true
    guard let node = try? node(expression, inner) else { return nil }
    var limits = TemplateLimits.default
    limits.steps = 10_000
    limits.outputBytes = 1 << 16
    var run = TemplateRun(globals: [], slots: 0, limits: limits, clock: nil)
    guard let value = try? node.evaluate(&run), isOutput || value.isSpelled else { return nil }
    return node
  }

  /// In place of what is not known before the template runs; nil where all of it is.
  func variable(_ expression: TemplateExpression) -> (any TemplateNode)? {
    switch expression {
    case .name, .call: return unknown
    case .filter(_, let call):
      // These ask the context for their own filters and tests.
      let asking: Set = ["map", "select", "reject", "selectattr", "rejectattr", "random"]
      return asking.contains(call.name) ? unknown : nil
    default: return nil
    }
  }

  var unknown: any TemplateNode {
    UnknownNode(ConstantNode(.none), "not known before the template runs", line: 0)
  }
}

extension TemplateExpression {
  /// Whether a literal is true; nil for anything else.
  var literalTruth: Bool? {
    switch self {
    case .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .big: true
    case .double(let value): value != 0
    case .string(let bytes): !bytes.isEmpty
    default: nil
    }
  }

  fileprivate var holdsSlice: Bool {
    if case .slice = self { return true }
    return parts.contains { $0.holdsSlice }
  }
}

extension TemplateValue {
  var isSliced: Bool {
    switch self {
    case .text, .list, .tuple, .range: true
    default: false
    }
  }

  /// Whether Python code can spell it.
  fileprivate var isSpelled: Bool {
    switch self {
    case .none, .bool, .int, .big, .double, .text, .range: true
    case .list(let list), .tuple(let list): list.elements.allSatisfy(\.isSpelled)
    case .dict(let dictionary):
      dictionary.members.entries.allSatisfy { $0.key.isSpelled && $0.value.isSpelled }
    default: false
    }
  }
}
