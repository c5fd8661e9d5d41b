/// A step from the spellings of tokens to text.
///
/// Steps see one token after the other, until one of them joins all to a single text; from then on
/// they see that text.
///
/// - Source: the decoders of Hugging Face's `tokenizers`.
enum DecodeStep: Sendable, Hashable {
  /// Bytes in the byte alphabet; joins.
  case byteLevel
  /// A suffix that ends words becomes a space, but for the last token's.
  case bytePair(suffix: [UInt8])
  /// A space before each token that does not go on a word.
  case wordPiece(prefix: [UInt8], cleansUp: Bool)
  case metaspace(marker: [UInt8], dropsFirst: Bool)
  /// Equal neighbours are one, padding is nothing.
  case connectionist(padding: [UInt8], delimiter: [UInt8], cleansUp: Bool)
  case replace([UInt8], with: [UInt8])
  case replaceMatches(RegexPattern, with: [UInt8])
  case fuse
  /// Takes up to so many of a character off the ends.
  case strip([UInt8], start: Int, stop: Int)
  /// Tokens of single bytes, `<0x0A>`, become text where a run of them is UTF-8.
  case byteFallback

  /// Whether everything after it sees one text.
  var joins: Bool {
    switch self {
    case .byteLevel, .fuse: true
    default: false
    }
  }

  /// The replacements that make English punctuation look right, in order.
  static let cleanUps: [([UInt8], [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.utf8), Array($1.utf8)) }

  static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
    guard token.contains(0x20) else { return token }
    return cleanUps.reduce(token) { ByteText.replacing($1.0, with: $1.1, in: $0) }
  }

  /// What one token becomes where that depends on nothing but its being the first.
  func transform(_ token: [UInt8], isFirst: Bool) -> [UInt8] {
    switch self {
    case .byteLevel: return ByteAlphabet.bytes(of: token[...]) ?? token
    case .wordPiece(let prefix, let cleansUp):
      var text = token
      if !isFirst {
        text = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
      }
      return cleansUp ? DecodeStep.cleanedUp(text) : text
    case .metaspace(let marker, let dropsFirst):
      return ByteText.replacing(marker, with: isFirst && dropsFirst ? [] : [0x20], in: token)
    case .replace(let pattern, let content):
      return ByteText.replacing(pattern, with: content, in: token)
    case .replaceMatches(let pattern, let content):
      var text = AlignedText(token)
      text.replace(pattern, with: content)
      return text.bytes
    case .strip(let content, let start, let stop):
      return DecodeStep.stripped(token, of: content, start: start, stop: stop)
    case .connectionist(let padding, let delimiter, let cleansUp):
      let text = ByteText.replacing(padding, with: [], in: token)
      guard cleansUp else { return text }
      return ByteText.replacing(delimiter, with: [0x20], in: DecodeStep.cleanedUp(text))
    case .bytePair, .fuse, .byteFallback: return token
    }
  }

  private static func stripped(
    _ token: [UInt8], of content: [UInt8], start: Int, stop: Int
  ) -> [UInt8] {
    var low = 0
    var high = token.count
    var left = start
    while left > 0, ByteText.has(content, at: low, in: token, end: token.count) {
      low += content.count
      left -= 1
    }
    left = stop
    while left > 0, high - content.count >= low,
      ByteText.has(content, at: high - content.count, in: token, end: high)
    {
      high -= content.count
      left -= 1
    }
    return Array(token[low..<high])
  }
}
