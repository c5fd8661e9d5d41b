import ApusJSON

/// Reads the post-processor of a `tokenizer.json`.
enum PostProcessorReader {
  static let types = [
    "BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing",
  ]

  static func read(_ field: JSONField?) throws(TokenizerError) -> PostProcessor {
    var result = PostProcessor()
    guard let field else { return result }
    for step in try field.steps("processors") {
      let type = try step.type()
      switch type {
      case "ByteLevel":
        if step.bool("trim_offsets", default: true) { result.trims.append(trim(step)) }
      case "TemplateProcessing":
        result.single = wrap(result.single, try template(step, "single"))
        result.pair = wrap(result.pair, try template(step, "pair"))
      case "RobertaProcessing":
        if step.bool("trim_offsets", default: true) { result.trims.append(trim(step)) }
        try addClassifier(step, to: &result, isRoberta: true)
      case "BertProcessing": try addClassifier(step, to: &result, isRoberta: false)
      default: throw step.unsupported(type, types)
      }
    }
    return result
  }

  private static func trim(_ step: JSONField) -> PostProcessor.OffsetTrim {
    .init(prefixesSpace: step.bool("add_prefix_space", default: true))
  }

  /// A layout around another one: only texts of the outer one are replaced.
  private static func wrap(
    _ inner: [PostProcessor.Element], _ outer: [PostProcessor.Element]
  ) -> [PostProcessor.Element] {
    let hasTokens = inner.contains { if case .tokens = $0 { true } else { false } }
    guard hasTokens else { return outer }
    guard let at = outer.firstIndex(where: { if case .text = $0 { true } else { false } }),
      let last = outer.lastIndex(where: { if case .text = $0 { true } else { false } })
    else { return outer }
    return outer[..<at] + inner + outer[(last + 1)...]
  }

  private static func addClassifier(
    _ step: JSONField, to result: inout PostProcessor, isRoberta: Bool
  ) throws(TokenizerError) {
    let begin = PostProcessor.Element.tokens([try pairID(step.required("cls"))], type: 0)
    let end = try pairID(step.required("sep"))
    let second: Int32 = isRoberta ? 0 : 1
    let first = PostProcessor.Element.text(isSecond: false, type: 0)
    result.single = wrap(result.single, [begin, first, .tokens([end], type: 0)])
    result.pair = wrap(
      result.pair,
      [begin, first, .tokens([end], type: 0)]
        + (isRoberta ? [.tokens([end], type: 0)] : [])
        + [.text(isSecond: true, type: second), .tokens([end], type: second)])
  }

  /// The id in `["</s>", 2]`.
  private static func pairID(_ field: JSONField) throws(TokenizerError) -> Int32 {
    guard let id = field.elements.last, field.elements.count == 2 else {
      throw field.mismatch("a token and its id")
    }
    return try id.int32()
  }

  private static func template(
    _ step: JSONField, _ name: String
  ) throws(TokenizerError) -> [PostProcessor.Element] {
    var result: [PostProcessor.Element] = []
    for piece in try step.required(name).elements {
      if let token = piece["SpecialToken"] {
        let name = try token.required("id").string()
        let entry = try step.required("special_tokens").required(name)
        var ids: [Int32] = []
        for id in try entry.required("ids").elements { ids.append(try id.int32()) }
        result.append(.tokens(ids, type: try token.typeID()))
      } else if let text = piece["Sequence"] {
        let name = try text.required("id").string()
        guard name == "A" || name == "B" else { throw text.unsupported(name, ["A", "B"]) }
        result.append(.text(isSecond: name == "B", type: try text.typeID()))
      } else {
        throw piece.mismatch("a SpecialToken or a Sequence")
      }
    }
    return result
  }
}

extension JSONField {
  fileprivate func typeID() throws(TokenizerError) -> Int32 {
    guard let field = self["type_id"] else { return 0 }
    return try field.int32()
  }
}
