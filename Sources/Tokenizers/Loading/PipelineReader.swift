import ApusJSON

/// Reads the normaliser, pre-tokeniser, post-processor and decoder of a `tokenizer.json`.
enum PipelineReader {
  static func normalizer(_ field: JSONField?) throws(TokenizerError) -> Normalizer {
    guard let field else { return Normalizer() }
    var normalizer = Normalizer()
    var growth = 1
    for step in try field.steps("normalizers") {
      let type = try step.type()
      switch type {
      case "NFC", "NFD", "NFKC", "NFKD":
        if let form = UnicodeNormalization(rawValue: type) { normalizer.steps.append(.form(form)) }
      case "Prepend":
        normalizer.steps.append(.prepend(Array(try step.required("prepend").string().utf8)))
      case "Strip":
        normalizer.steps.append(
          .strip(
            left: step.bool("strip_left", default: true),
            right: step.bool("strip_right", default: true)))
      case "Replace":
        let (replacement, factor) = try replacement(step)
        growth *= factor
        guard growth <= TokenLimits.growth else {
          throw .malformed(
            field: step.path, expected: "text at most \(TokenLimits.growth) times as long",
            found: "replacements that make it up to \(growth) times as long")
        }
        normalizer.steps.append(replacement)
      default:
        throw step.unsupported(
          type, ["NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Strip", "Sequence"])
      }
    }
    return normalizer
  }

  /// - Returns: the step, and how many times longer it can make a text; both factors of a product
  ///   stay far below its overflow, as content lies in a file.
  private static func replacement(
    _ step: JSONField
  ) throws(TokenizerError) -> (Normalizer.Step, growth: Int) {
    let content = Array(try step.required("content").string().utf8)
    func growth(_ pattern: Int) -> Int { max(1, (content.count + pattern - 1) / max(pattern, 1)) }
    if let pattern = step.literalPattern {
      return (.replace(Array(pattern.utf8), with: content), growth(pattern.utf8.count))
    }
    let regex = step.regexPattern ?? ""
    guard regex == " {2,}" else { throw step.unsupported("the pattern \(regex)", [" {2,}"]) }
    return (.replaceRuns(of: 0x20, with: content), growth(2))
  }

  /// - Returns: the pre-tokeniser, and whether it spells bytes in the byte alphabet.
  static func preTokenizer(
    _ field: JSONField?
  ) throws(TokenizerError) -> (PreTokenizer, isByteLevel: Bool) {
    guard let field else { return (PreTokenizer(), false) }
    var result = PreTokenizer()
    var isByteLevel = false
    for step in try field.steps("pretokenizers") {
      let type = try step.type()
      switch type {
      case "ByteLevel":
        isByteLevel = true
        if step.bool("add_prefix_space", default: true) { result.prefix = [0x20] }
        if step.bool("use_regex", default: true) { result.steps.append(.pattern(.gpt2)) }
      case "Split": result.steps.append(.pattern(try split(step)))
      case "Digits":
        result.steps.append(.digits(individual: step.bool("individual_digits", default: false)))
      case "Metaspace": try addMetaspace(step, to: &result)
      default:
        throw step.unsupported(type, ["ByteLevel", "Digits", "Metaspace", "Sequence", "Split"])
      }
    }
    return (result, isByteLevel)
  }

  private static func split(_ step: JSONField) throws(TokenizerError) -> SplitPattern {
    let behavior = step.string("behavior", default: "")
    let isInverted = step.bool("invert", default: false)
    // The known patterns match every character, so that keeping what matches is the same as
    // isolating it.
    guard (behavior == "Isolated" && !isInverted) || (behavior == "Removed" && isInverted) else {
      throw step.unsupported("behavior \(behavior)", ["Isolated"])
    }
    let text = step.regexPattern ?? ""
    guard let pattern = SplitPattern(text: text) else {
      throw step.unsupported(
        "the pattern \(text)", ["the patterns of GPT-2, Qwen 2 and Llama 3"])
    }
    return pattern
  }

  private static func addMetaspace(
    _ step: JSONField, to result: inout PreTokenizer
  ) throws(TokenizerError) {
    let marker = try step.metaspaceMarker()
    let prefixes = step.bool("add_prefix_space", default: true)
    let scheme = step.string("prepend_scheme", default: prefixes ? "always" : "never")
    guard ["always", "first", "never"].contains(scheme) else {
      throw step.unsupported("prepend_scheme \(scheme)", ["always", "first", "never"])
    }
    guard result.steps.isEmpty else {
      throw step.unsupported("Metaspace after another step", ["Metaspace alone"])
    }
    result.spaceReplacement = marker
    result.prefix = scheme == "never" ? [] : marker
    result.prefixesFirstOnly = scheme == "first"
    if step.bool("split", default: true) { result.steps.append(.before(marker: marker)) }
  }

  static func postProcessor(_ field: JSONField?) throws(TokenizerError) -> PostProcessor {
    guard let field else { return PostProcessor() }
    var result = PostProcessor()
    for step in try field.steps("processors") {
      let type = try step.type()
      switch type {
      case "ByteLevel": break
      case "TemplateProcessing":
        let around = try template(step)
        result.prefix = around.prefix + result.prefix
        result.suffix += around.suffix
      case "RobertaProcessing", "BertProcessing":
        result.prefix.insert(try pairID(step.required("cls")), at: 0)
        result.suffix.append(try pairID(step.required("sep")))
      default:
        throw step.unsupported(
          type,
          ["BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing"])
      }
    }
    return result
  }

  /// The id in `["</s>", 2]`.
  private static func pairID(_ field: JSONField) throws(TokenizerError) -> Int32 {
    guard let id = field.elements.last, field.elements.count == 2 else {
      throw field.mismatch("a token and its id")
    }
    return try id.int32()
  }

  private static func template(_ step: JSONField) throws(TokenizerError) -> PostProcessor {
    var result = PostProcessor()
    var isAfterText = false
    for piece in try step.required("single").elements {
      if let token = piece["SpecialToken"] {
        let name = try token.required("id").string()
        let entry = try step.required("special_tokens").required(name)
        for id in try entry.required("ids").elements {
          if isAfterText {
            result.suffix.append(try id.int32())
          } else {
            result.prefix.append(try id.int32())
          }
        }
      } else {
        isAfterText = true
      }
    }
    return result
  }
}
