/// SentencePiece's own normalisation: its table of replacements, and what it does to spaces.
///
/// - Source: SentencePiece, `normalizer.cc`.
struct SentencePieceNormalizer: Sendable {
  var map: CharacterMap?
  /// Symbols that are kept as they are.
  var userDefined = ByteTrie()
  var hasUserDefined = false
  var addsDummyPrefix = true
  var removesExtraSpaces = true
  var escapesSpaces = true
  /// The space marker stands behind words and not before them.
  var spaceIsSuffix = false

  static let marker: [UInt8] = [0xE2, 0x96, 0x81]

  func apply(to text: inout AlignedText) {
    let source = text.bytes
    var output = Output(space: escapesSpaces ? SentencePieceNormalizer.marker : [0x20])
    output.bytes.reserveCapacity(source.count + source.count / 2 + 3)
    output.isTracked = text.isTracked
    var at = 0
    if removesExtraSpaces {
      while at < source.count {
        let next = prefix(of: source, at)
        guard next.text.elementsEqual([0x20]) else { break }
        at += next.length
      }
    }
    guard at < source.count else {
      text = AlignedText([], text.isTracked ? AlignedText.Origins() : nil)
      return
    }
    output.consumed = at
    if !spaceIsSuffix, addsDummyPrefix { output.addSpace() }
    var followsSpace = removesExtraSpaces
    while at < source.count {
      let next = prefix(of: source, at)
      var part = next.text
      if followsSpace { part = part.drop { $0 == 0x20 } }
      if let last = part.last {
        output.add(part)
        followsSpace = last == 0x20
      }
      at += next.length
      output.consumed = at
      if !removesExtraSpaces { followsSpace = false }
    }
    if removesExtraSpaces { output.removeSpacesAtEnd() }
    if spaceIsSuffix, addsDummyPrefix { output.addSpace() }
    text = output.text(origins: text.origins)
  }

  /// What the beginning of the rest becomes, and how much of it.
  private func prefix(of source: [UInt8], _ at: Int) -> (text: ArraySlice<UInt8>, length: Int) {
    if hasUserDefined, userDefined.mayBegin(source[at]),
      let symbol = userDefined.longest(in: source, at: at, where: { _, _ in true })
    {
      return (source[at..<symbol.end], symbol.end - at)
    }
    if let found = map?.longest(in: source, from: at) { return (found.replacement, found.length) }
    let end = min(at + UTF8Text.length(lead: source[at]), source.count)
    return (source[at..<end], end - at)
  }

  private struct Output {
    let space: [UInt8]
    var bytes: [UInt8] = []
    /// How much of the source had been read when each byte was written.
    var sources: [Int] = []
    var consumed = 0
    var isTracked = false

    init(space: [UInt8]) { self.space = space }

    mutating func addSpace() {
      bytes.append(contentsOf: space)
      if isTracked { for _ in space { sources.append(consumed) } }
    }

    mutating func add(_ part: ArraySlice<UInt8>) {
      for byte in part {
        if byte == 0x20 {
          addSpace()
        } else {
          bytes.append(byte)
          if isTracked { sources.append(consumed) }
        }
      }
    }

    mutating func removeSpacesAtEnd() {
      while bytes.count >= space.count, bytes.suffix(space.count).elementsEqual(space) {
        if isTracked {
          consumed = sources[bytes.count - space.count]
          sources.removeLast(space.count)
        }
        bytes.removeLast(space.count)
      }
    }

    /// A byte stands for what was read while it and its equals were written.
    func text(origins: AlignedText.Origins?) -> AlignedText {
      guard let origins else { return AlignedText(bytes) }
      func original(_ source: Int) -> Int32 {
        source < origins.starts.count ? origins.starts[source] : origins.ends.last ?? 0
      }
      var result = AlignedText.Origins()
      let all = sources + [consumed]
      for i in bytes.indices {
        result.starts.append(original(all[i]))
        result.ends.append(original(all[i + 1]))
      }
      return AlignedText(bytes, result)
    }
  }
}
