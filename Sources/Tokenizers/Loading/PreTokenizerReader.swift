import ApusJSON

/// Reads the pre-tokeniser of a `tokenizer.json`.
enum PreTokenizerReader {
  static let types = [
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace",
    "Punctuation", "Sequence", "Split", "UnicodeScripts", "Whitespace", "WhitespaceSplit",
  ]

  static func read(_ field: JSONField?) throws(TokenizerError) -> PreTokenizer {
    var result = PreTokenizer()
    guard let field else { return result }
    for step in try field.steps("pretokenizers") {
      result.steps += try steps(step)
    }
    return result
  }

  private static func steps(_ step: JSONField) throws(TokenizerError) -> [PreTokenizer.Step] {
    let type = try step.type()
    switch type {
    case "ByteLevel":
      var steps: [PreTokenizer.Step] = []
      if step.bool("add_prefix_space", default: true) { steps.append(.prefixSpace) }
      if step.bool("use_regex", default: true) { steps.append(.pattern(.gpt2)) }
      return steps + [.byteAlphabet]
    case "Metaspace": return try metaspace(step)
    case "Split": return [try split(step)]
    case "Digits":
      let isIndividual = step.bool("individual_digits", default: false)
      return [
        .cut(TextCut(kind: .scalar(.number)), isIndividual ? .isolated : .contiguous)
      ]
    case "Punctuation":
      return [
        .cut(
          TextCut(kind: .scalar(.punctuation)),
          try step.splitBehavior(default: .isolated))
      ]
    case "Whitespace": return [.cut(TextCut(kind: .words, isInverted: true), .removed)]
    case "WhitespaceSplit": return [.cut(TextCut(kind: .scalar(.whiteSpace)), .removed)]
    case "BertPreTokenizer":
      return [
        .cut(TextCut(kind: .scalar(.whiteSpace)), .removed),
        .cut(TextCut(kind: .scalar(.punctuation)), .isolated),
      ]
    case "CharDelimiterSplit":
      let delimiter = try step.required("delimiter").string().unicodeScalars.map(\.value)
      guard delimiter.count == 1 else { throw step.mismatch("a delimiter of one character") }
      return [.cut(TextCut(kind: .scalar(.one(delimiter[0]))), .removed)]
    case "UnicodeScripts": return [.cut(TextCut(kind: .scripts), .isolated)]
    case "FixedLength":
      let length = step.int("length", default: 5)
      guard length > 0 else {
        throw .malformed(field: step.path + ".length", expected: "above 0", found: "\(length)")
      }
      return [.cut(TextCut(kind: .fixedLength(length)), .isolated)]
    default: throw step.unsupported(type, types)
    }
  }

  private static func metaspace(_ step: JSONField) throws(TokenizerError) -> [PreTokenizer.Step] {
    let marker = try step.metaspaceMarker()
    let scheme = try step.metaspaceScheme()
    var steps: [PreTokenizer.Step] = [.metaspace(marker: marker, prefix: scheme)]
    if step.bool("split", default: true) { steps.append(.before(marker: marker)) }
    return steps
  }

  private static func split(_ step: JSONField) throws(TokenizerError) -> PreTokenizer.Step {
    let behavior = try step.splitBehavior(default: nil)
    let isInverted = step.bool("invert", default: false)
    // The known patterns match every character, so that keeping what matches is the same as
    // isolating it.
    let keepsMatches =
      (behavior == .isolated && !isInverted) || (behavior == .removed && isInverted)
    if keepsMatches, step["pattern"]?["String"] == nil,
      let text = step["pattern"]?["Regex"]?.value.stringValue,
      let known = SplitPattern(text: text, dialect: .oniguruma)
    {
      return .pattern(known)
    }
    switch try step.pattern() {
    case .literal(let literal):
      return .cut(TextCut(kind: .literal(literal), isInverted: isInverted), behavior)
    case .regex(let pattern):
      return .cut(TextCut(kind: .pattern(pattern), isInverted: isInverted), behavior)
    }
  }
}
