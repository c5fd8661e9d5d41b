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
    for step in try field.steps("normalizers") {
      if let next = try self.step(step) { normalizer.steps.append(next) }
    }
    return normalizer
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
