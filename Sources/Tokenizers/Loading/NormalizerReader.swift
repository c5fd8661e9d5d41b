import ApusJSON
import Foundation

/// Reads the normaliser of a `tokenizer.json`.
enum NormalizerReader {
  static let types = [
    "BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt",
    "Precompiled", "Prepend", "Replace", "Sequence", "Strip", "StripAccents",
  ]

  static func read(_ field: JSONField?) throws(TokenizerError) -> Normalizer {
    var normalizer = Normalizer()
    guard let field else { return normalizer }
    var growth = 1
    for step in try field.steps("normalizers") {
      guard let next = try self.step(step) else { continue }
      growth *= self.growth(next)
      guard growth <= TokenLimits.growth else {
        throw .malformed(
          field: step.path, expected: "text at most \(TokenLimits.growth) times as long",
          found: "replacements that make it up to \(growth) times as long")
      }
      normalizer.steps.append(next)
    }
    return normalizer
  }

  /// How many times longer a replacement can make a text; both factors of a product stay far below
  /// its overflow, as content lies in a file.
  private static func growth(_ step: Normalizer.Step) -> Int {
    switch step {
    case .replace(let pattern, let content):
      max(1, (content.count + pattern.count - 1) / max(pattern.count, 1))
    case .replaceMatches(let pattern, let content):
      pattern.shortestMatch == 0
        ? content.count + 1 : max(1, (content.count + 1) / pattern.shortestMatch)
    default: 1
    }
  }

  private static func step(_ step: JSONField) throws(TokenizerError) -> Normalizer.Step? {
    let type = try step.type()
    switch type {
    case "NFC", "NFD", "NFKC", "NFKD":
      return UnicodeNormalization(rawValue: type).map { .form($0) }
    case "Lowercase": return .lowercase
    case "Strip":
      return .strip(
        left: step.bool("strip_left", default: true),
        right: step.bool("strip_right", default: true))
    case "StripAccents": return .stripAccents
    case "Prepend": return .prepend(Array(try step.required("prepend").string().utf8))
    case "Replace":
      let content = Array(try step.required("content").string().utf8)
      switch try step.pattern() {
      case .literal(let pattern): return .replace(pattern, with: content)
      case .regex(let pattern): return .replaceMatches(pattern, with: content)
      }
    case "BertNormalizer":
      let lowercases = step.bool("lowercase", default: true)
      return .bert(
        BertNormalizer(
          cleansText: step.bool("clean_text", default: true),
          separatesChinese: step.bool("handle_chinese_chars", default: true),
          stripsAccents: step.bool("strip_accents", default: lowercases),
          lowercases: lowercases))
    case "Nmt": return .translationCleanUp
    case "Precompiled": return try characterMap(step)
    case "ByteLevel": return .byteAlphabet
    default: throw step.unsupported(type, types)
    }
  }

  private static func characterMap(_ step: JSONField) throws(TokenizerError) -> Normalizer.Step? {
    guard let field = step["precompiled_charsmap"] else { return nil }
    let text = try field.string()
    // An empty map changes nothing.
    if text.isEmpty { return nil }
    guard let blob = Data(base64Encoded: text), let map = CharacterMap([UInt8](blob)) else {
      throw .malformed(
        field: field.path, expected: "a compiled character map in base 64",
        found: "\(text.utf8.count) characters of something else")
    }
    return .characterMap(map)
  }
}
