/// Decodes a stream of tokens as they come.
///
/// What `append` and `finish` return, put together, is what `Tokenizer.decode` gives for all the
/// ids, and no piece ends inside a character's bytes.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsControl: Bool
  /// Bytes whose text is not settled: the beginning of a character, or a run of byte tokens.
  private var pending: [UInt8] = []
  /// Text that later text may still make a key of the final map.
  private var unmapped: [UInt8] = []
  private var hasBegun = false
  private var hasText = false
  private var leftToStrip: Int
  private var chain: DecoderChain?

  /// - Parameters:
  ///   - skipSpecialTokens: leaves control tokens out of the text.
  ///   - prompt: tokens whose text comes before. Where they have any, the first token here is not
  ///     the first of the text, and keeps the space that it begins with.
  public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool, after prompt: [Int32] = []) {
    self.tokenizer = tokenizer
    skipsControl = skipSpecialTokens
    chain = tokenizer.decoder
    let pieces = tokenizer.pieces
    hasBegun = prompt.contains { pieces.isKnown($0) && !pieces.isControl($0) }
    hasText = hasBegun
    leftToStrip = hasBegun ? 0 : pieces.leadingStrip.count
    guard chain != nil else { return }
    var ignored: [UInt8] = []
    for id in prompt { append(id, to: &ignored) }
  }

  /// The text that this token settles; often empty, sometimes several characters. Ids outside the
  /// vocabulary add nothing.
  public mutating func append(_ id: Int32) -> String {
    var text: [UInt8] = []
    append(id, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The text that was held back; the decoder is then as new.
  public mutating func finish() -> String {
    var text: [UInt8] = []
    finish(into: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Where nothing is held back, tokens without these flags add just their bytes, as far as those
  /// are text; nil otherwise.
  var stopsOfSettledText: TokenBytes.Flags? {
    let pieces = tokenizer.pieces
    guard chain == nil, hasText, pending.isEmpty, leftToStrip == 0, pieces.separator.isEmpty,
      pieces.finalMap == nil
    else { return nil }
    // Absent ids have no bytes, and go the long way all the same.
    return skipsControl ? [.control, .absent] : .absent
  }

  mutating func append(_ id: Int32, to text: inout [UInt8]) {
    // `tokenizer.pieces` is not copied into a variable: its arrays would be retained for every
    // token.
    guard tokenizer.pieces.isKnown(id) else { return }
    if skipsControl, tokenizer.pieces.isControl(id) {
      // To SentencePiece it is a piece without text, which ends a run of bytes all the same.
      if case .eachByte = tokenizer.pieces.repair { settleRun(into: &text) }
      return
    }
    if chain != nil {
      chain?.append(Array(tokenizer.pieces.bytes(id)), to: &text)
      return
    }
    if hasBegun, !tokenizer.pieces.separator.isEmpty {
      append(tokenizer.pieces.separator[...], to: &text)
    }
    let bytes = hasText ? tokenizer.pieces.bytes(id) : firstBytes(id)
    hasBegun = true
    if case .lossy = tokenizer.pieces.repair {
      append(bytes, to: &text)
      return
    }
    if tokenizer.pieces.isByte(id) {
      pending.append(contentsOf: bytes)
      if case .eachByte = tokenizer.pieces.repair { settleCharacters(into: &text) }
    } else {
      settleRun(into: &text)
      emit(bytes, to: &text)
    }
  }

  /// What a token adds while nothing has been added yet.
  private mutating func firstBytes(_ id: Int32) -> ArraySlice<UInt8> {
    let bytes = tokenizer.pieces.bytes(id)
    switch tokenizer.pieces.beginning {
    case .asElsewhere:
      hasText = true
      return bytes
    case .steps(let steps):
      hasText = true
      let spelling = Array(tokenizer.decodedSpelling(id))
      return steps.reduce(spelling) { $1.transform($0, isFirst: true) }[...]
    case .marker(let marker, let always):
      guard tokenizer.vocabulary.bytes(id).starts(with: marker), bytes.first == 0x20 else {
        hasText = hasText || !bytes.isEmpty
        return bytes
      }
      let rest = bytes.dropFirst()
      hasText = !always || !rest.isEmpty
      return rest
    }
  }

  mutating func finish(into text: inout [UInt8]) {
    if chain != nil {
      chain?.finish(into: &text)
      return
    }
    switch tokenizer.pieces.repair {
    case .lossy:
      emit(StreamDecoder.repaired(pending[...]), to: &text)
      pending.removeAll(keepingCapacity: true)
    case .wholeRuns, .eachByte: settleRun(into: &text)
    }
    mapText(into: &text, isEnd: true)
    hasBegun = false
    hasText = false
    leftToStrip = tokenizer.pieces.leadingStrip.count
  }

  private mutating func append(_ bytes: ArraySlice<UInt8>, to text: inout [UInt8]) {
    if pending.isEmpty, StreamDecoder.isASCII(bytes) {
      emit(bytes, to: &text)
      return
    }
    pending.append(contentsOf: bytes)
    let settled = pending.count - StreamDecoder.unfinishedTail(of: pending)
    emit(StreamDecoder.repaired(pending[..<settled]), to: &text)
    pending.removeFirst(settled)
  }

  /// The end of a run of byte tokens.
  private mutating func settleRun(into text: inout [UInt8]) {
    guard !pending.isEmpty else { return }
    if case .eachByte = tokenizer.pieces.repair {
      settleCharacters(into: &text)
      for _ in pending { emit(StreamDecoder.replacement[...], to: &text) }
    } else if String(validating: pending, as: UTF8.self) != nil {
      emit(pending[...], to: &text)
    } else {
      for _ in pending { emit(StreamDecoder.replacement[...], to: &text) }
    }
    pending.removeAll(keepingCapacity: true)
  }

  /// The characters at the front of a run that are whole; bytes that begin none are replaced.
  private mutating func settleCharacters(into text: inout [UInt8]) {
    var at = 0
    while at < pending.count {
      let rest = pending[at...]
      let length = UTF8Text.length(lead: pending[at])
      if rest.count >= length, String(validating: rest.prefix(length), as: UTF8.self) != nil {
        emit(rest.prefix(length), to: &text)
        at += length
      } else if StreamDecoder.unfinishedTail(of: Array(rest)) == rest.count {
        break
      } else {
        emit(StreamDecoder.replacement[...], to: &text)
        at += 1
      }
    }
    pending.removeFirst(at)
  }

  /// The end of the pipeline: takes what is to be stripped from the front.
  private mutating func emit(_ bytes: ArraySlice<UInt8>, to text: inout [UInt8]) {
    var rest = bytes
    while leftToStrip > 0, let first = rest.first {
      if first == tokenizer.pieces.leadingStrip.byte {
        rest = rest.dropFirst()
        leftToStrip -= 1
      } else {
        leftToStrip = 0
      }
    }
    guard tokenizer.pieces.finalMap != nil else {
      text.append(contentsOf: rest)
      return
    }
    unmapped.append(contentsOf: rest)
    mapText(into: &text, isEnd: false)
  }

  /// Replaces what the final map has, from left to right, the longest first.
  private mutating func mapText(into text: inout [UInt8], isEnd: Bool) {
    guard let map = tokenizer.pieces.finalMap else { return }
    var at = 0
    while at < unmapped.count, isEnd || !map.mayGoOn(in: unmapped, from: at) {
      if let found = map.longest(in: unmapped, from: at) {
        text.append(contentsOf: found.replacement)
        at += found.length
      } else {
        let end = min(at + UTF8Text.length(lead: unmapped[at]), unmapped.count)
        text.append(contentsOf: unmapped[at..<end])
        at = end
      }
    }
    unmapped.removeFirst(at)
  }

  static let replacement: [UInt8] = [0xEF, 0xBF, 0xBD]

  private static func isASCII(_ bytes: ArraySlice<UInt8>) -> Bool {
    for byte in bytes where byte >= 0x80 { return false }
    return true
  }

  static func repaired(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    isASCII(bytes) ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)[...]
  }

  /// How many bytes at the end begin a character that later bytes may still complete.
  static func unfinishedTail(of bytes: [UInt8]) -> Int {
    for back in 1...3 where back <= bytes.count {
      let byte = bytes[bytes.count - back]
      if byte & 0xC0 == 0x80 { continue }
      guard byte >= 0xC2, byte < 0xF5, back < UTF8Text.length(lead: byte) else { return 0 }
      return back == 1 || allows(second: bytes[bytes.count - back + 1], after: byte) ? back : 0
    }
    return 0
  }

  /// Which second bytes a lead byte takes: no overlong forms, no surrogates, nothing above
  /// U+10FFFF.
  private static func allows(second: UInt8, after lead: UInt8) -> Bool {
    switch lead {
    case 0xE0: second >= 0xA0
    case 0xED: second < 0xA0
    case 0xF0: second >= 0x90
    case 0xF4: second < 0x90
    default: true
    }
  }
}
