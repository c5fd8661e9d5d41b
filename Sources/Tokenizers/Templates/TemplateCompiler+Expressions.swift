extension TemplateCompiler {
  mutating func nodes(
    _ expressions: [TemplateExpression], _ frame: Frame
  ) throws(TemplateError) -> [any TemplateNode] {
    var nodes: [any TemplateNode] = []
    for expression in expressions { nodes.append(try node(expression, frame)) }
    return nodes
  }

  private mutating func optional(
    _ expression: TemplateExpression?, _ frame: Frame
  ) throws(TemplateError) -> (any TemplateNode)? {
    guard let expression else { return nil }
    return try node(expression, frame)
  }

  mutating func node(
    _ expression: TemplateExpression, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    level += 1
    defer { level -= 1 }
    height = max(height, level)
    if let node = constant(expression, frame) { return node }
    if frame.isConstant, let node = variable(expression) { return node }
    switch expression {
    case .none: return ConstantNode(.none)
    case .bool(let value): return ConstantNode(.bool(value))
    case .int(let value): return ConstantNode(.int(value))
    case .big(let value): return ConstantNode(.big(value))
    case .double(let value): return ConstantNode(.double(value))
    case .string(let bytes):
      return ConstantNode(.text(TemplateText(MarkedString(bytes: bytes, origin: .template))))
    case .name(let name, _):
      let variable = variable(name, frame)
      return variable.hops == 0
        ? VariableNode(variable.slot, name) : OuterVariableNode(variable, name)
    case .list(let elements): return ListNode(try nodes(elements, frame), isTuple: false)
    case .tuple(let elements): return ListNode(try nodes(elements, frame), isTuple: true)
    case .dict(let members, let line):
      var pairs: [(key: any TemplateNode, value: any TemplateNode)] = []
      for member in members {
        pairs.append((try node(member.key, frame), try node(member.value, frame)))
      }
      return DictionaryNode(pairs, line: line)
    case .attribute, .item, .slice: return try access(expression, frame)
    case .call(let callee, let arguments, let line):
      return try call(callee, arguments, frame, line)
    case .filter(let operand, let call):
      let value = try node(operand, frame)
      return try filter(value, call, frame)
    case .test(let operand, let call): return try test(operand, call, frame)
    default: return try operation(expression, frame)
    }
  }

  private mutating func access(
    _ expression: TemplateExpression, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    switch expression {
    case .attribute(let object, let name, let line):
      return try access(object, member(name), isElement: false, frame, line)
    case .item(let object, .string(let name), let line):
      let member = member(String(decoding: name, as: UTF8.self))
      return try access(object, member, isElement: true, frame, line)
    case .item(let object, let index, let line):
      return ItemNode(try node(object, frame), try node(index, frame), line: line)
    case .slice(let object, let slice, let line):
      return SliceNode(
        try node(object, frame),
        (
          try optional(slice.start, frame), try optional(slice.stop, frame),
          try optional(slice.step, frame)
        ), isLenient: frame.isConstant, line: line)
    default: return ConstantNode(.none)
    }
  }

  private mutating func access(
    _ object: TemplateExpression, _ member: TemplateMember, isElement: Bool, _ frame: Frame,
    _ line: Int
  ) throws(TemplateError) -> any TemplateNode {
    if case .name(let name, _) = object, !frame.isConstant {
      let variable = variable(name, frame)
      if variable.hops == 0 {
        return VariableMemberNode(
          variable.slot, name, member, isElement: isElement, line: line)
      }
    }
    let value = try node(object, frame)
    return isElement
      ? NamedItemNode(value, member, line: line) : AttributeNode(value, member, line: line)
  }

  private mutating func operation(
    _ expression: TemplateExpression, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    switch expression {
    case .not(let operand): return NotNode(try node(operand, frame))
    case .and(let operands): return try junction(operands, isOr: false, frame)
    case .or(let operands): return try junction(operands, isOr: true, frame)
    case .sign(let operand, let isNegative, let line):
      return SignNode(try node(operand, frame), isNegative: isNegative, line: line)
    case .arithmetic(let first, let operations):
      let start = try node(first, frame)
      var rest: [TemplateOperationNode] = []
      for operation in operations {
        rest.append(
          TemplateOperationNode(
            operation.kind, try node(operation.operand, frame), line: operation.line))
      }
      return ArithmeticNode(start, rest)
    case .compare(let first, let comparisons, let line):
      let start = try node(first, frame)
      if comparisons.count == 1, case .string(let bytes) = comparisons[0].operand,
        [.equal, .notEqual].contains(comparisons[0].kind)
      {
        let text = TemplateText(MarkedString(bytes: bytes, origin: .template))
        return TextEqualityNode(start, text, isEqual: comparisons[0].kind == .equal)
      }
      var rest: [(kind: TemplateComparison.Kind, operand: any TemplateNode)] = []
      for comparison in comparisons {
        rest.append((comparison.kind, try node(comparison.operand, frame)))
      }
      return CompareNode(start, rest, line: line)
    case .conditional(let condition, let value, let otherwise):
      return ConditionalNode(
        try node(condition, frame.soft), try node(value, frame.soft),
        try optional(otherwise, frame.soft) ?? (frame.isConstant ? unknown : nil))
    case .concatenation(let parts, let line):
      return ConcatenationNode(try nodes(parts, frame), escapes, line: line)
    default: return ConstantNode(.none)
    }
  }

  private mutating func junction(
    _ operands: [TemplateExpression], isOr: Bool, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    // Jinja2 computes this while it compiles, and never sees what is wrong on the right.
    for operand in operands where escapes != .atRunTime {
      guard let truth = operand.literalTruth else { break }
      if truth == isOr { return try node(operand, frame) }
    }
    // The tree's height.
    let levels = Int.bitWidth - operands.count.leadingZeroBitCount
    level += levels
    defer { level -= levels }
    return JunctionNode.tree(try nodes(operands, frame)[...], isOr: isOr)
  }

  mutating func arguments(
    _ arguments: TemplateArguments, _ frame: Frame
  ) throws(TemplateError) -> TemplateArgumentNodes {
    var keywords: [TemplateKeywordNode] = []
    let positional = try nodes(arguments.positional, frame)
    for keyword in arguments.keywords {
      keywords.append(TemplateKeywordNode(member(keyword.name), try node(keyword.value, frame)))
    }
    return TemplateArgumentNodes(
      positional, keywords, spread: try optional(arguments.spread, frame),
      spreadKeywords: try optional(arguments.spreadKeywords, frame))
  }

  private mutating func call(
    _ callee: TemplateExpression, _ arguments: TemplateArguments, _ frame: Frame, _ line: Int
  ) throws(TemplateError) -> any TemplateNode {
    guard case .attribute(let object, let name, _) = callee else {
      return CallNode(
        try node(callee, frame), try self.arguments(arguments, frame), line: line)
    }
    let receiver = try node(object, frame)
    let values = try self.arguments(arguments, frame)
    let call = MethodCallNode(receiver, member(name), values, line: line)
    // Of a dictionary, most of the time.
    guard name == "get", case .string(let key)? = arguments.positional.first,
      arguments.expressions.count <= 2, arguments.positional.count == arguments.expressions.count
    else { return call }
    return GetNode(
      receiver, member(String(decoding: key, as: UTF8.self)), values.positional.second, call,
      line: line)
  }

  private mutating func filter(
    _ value: any TemplateNode, _ call: TemplateFilterCall, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    guard let filter = TemplateFilters.named[call.name] else {
      return try unknown(value, "no filter named '\(call.name)'", frame, call.line)
    }
    return FilterNode(value, filter, try arguments(call.arguments, frame), line: call.line)
  }

  /// The filters of a block, which take its text one after the other.
  mutating func filters(
    _ calls: [TemplateFilterCall], _ frame: Frame
  ) throws(TemplateError) -> [FilterNode] {
    var nodes: [FilterNode] = []
    for call in calls {
      guard let filter = TemplateFilters.named[call.name] else {
        throw TemplateError(.syntax, "no filter named '\(call.name)'", line: call.line)
      }
      nodes.append(
        FilterNode(nil, filter, try arguments(call.arguments, frame), line: call.line))
    }
    return nodes
  }

  private mutating func test(
    _ operand: TemplateExpression, _ call: TemplateFilterCall, _ frame: Frame
  ) throws(TemplateError) -> any TemplateNode {
    let value = try node(operand, frame)
    guard let test = TemplateTests.named[call.name] else {
      return try unknown(value, "no test named '\(call.name)'", frame, call.line)
    }
    if let holds = test.ofKind, call.arguments.expressions.isEmpty {
      return KindTestNode(value, holds, line: call.line)
    }
    return TestNode(value, test, try arguments(call.arguments, frame), line: call.line)
  }

  private func unknown(
    _ value: any TemplateNode, _ message: String, _ frame: Frame, _ line: Int
  ) throws(TemplateError) -> any TemplateNode {
    guard frame.isSoft else { throw TemplateError(.syntax, message, line: line) }
    return UnknownNode(value, message, line: line)
  }
}
