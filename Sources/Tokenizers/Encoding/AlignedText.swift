/// Text on its way through a tokenizer that may remember which bytes of the original each of its
/// own bytes stands for.
struct AlignedText: Sendable {
  /// UTF-8.
  var bytes: [UInt8]
  /// For every byte of `bytes` the part of the original that it comes from; nil where nobody asks.
  private(set) var origins: Origins?

  struct Origins: Sendable {
    var starts: [Int32] = []
    var ends: [Int32] = []
  }

  /// Text whose origins do not matter.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// A part of the original that begins at byte `start` of it: each character stands for itself.
  init(original bytes: [UInt8], from start: Int) {
    self.bytes = bytes
    var origins = Origins()
    var at = 0
    while at < bytes.count {
      let end = min(at + UTF8Text.length(lead: bytes[at]), bytes.count)
      for _ in at..<end {
        origins.starts.append(Int32(start + at))
        origins.ends.append(Int32(start + end))
      }
      at = end
    }
    self.origins = origins
  }

  init(_ bytes: [UInt8], _ origins: Origins?) {
    self.bytes = bytes
    self.origins = origins
  }

  var isEmpty: Bool { bytes.isEmpty }
  var isTracked: Bool { origins != nil }

  subscript(range: Range<Int>) -> AlignedText {
    if range == 0..<bytes.count { return self }
    let part = origins.map {
      Origins(starts: Array($0.starts[range]), ends: Array($0.ends[range]))
    }
    return AlignedText(Array(bytes[range]), part)
  }

  /// The part of the original that a part of the text stands for.
  func origin(of range: Range<Int>) -> Range<Int>? {
    guard let origins, !range.isEmpty, range.upperBound <= origins.starts.count else { return nil }
    let start = Int(origins.starts[range.lowerBound])
    return start..<max(start, Int(origins.ends[range.upperBound - 1]))
  }

  /// Puts text in front, which stands for what the first character stands for.
  mutating func prepend(_ prefix: [UInt8]) {
    guard !bytes.isEmpty else { return }
    bytes = prefix + bytes
    guard let known = origins else { return }
    origins?.starts = Array(repeating: known.starts[0], count: prefix.count) + known.starts
    origins?.ends = Array(repeating: known.ends[0], count: prefix.count) + known.ends
  }

  mutating func append(_ other: AlignedText) {
    bytes.append(contentsOf: other.bytes)
    guard let more = other.origins else { return }
    origins?.starts.append(contentsOf: more.starts)
    origins?.ends.append(contentsOf: more.ends)
  }

  /// Every match of a pattern replaced, empty ones too.
  mutating func replace(_ pattern: RegexPattern, with content: [UInt8]) {
    let source = bytes
    let matches = pattern.matches(in: source, 0..<source.count)
    guard !matches.isEmpty else { return }
    rewrite { rewriter in
      var at = 0
      for match in matches {
        rewriter.copy(source[at..<match.lowerBound])
        rewriter.replaceMatch(ofBytes: match.count, with: content)
        at = match.upperBound
      }
      rewriter.copy(source[at...])
    }
  }

  /// Every occurrence of a byte string that is not empty replaced.
  mutating func replace(_ pattern: [UInt8], with content: [UInt8]) {
    guard origins != nil else {
      bytes = ByteText.replacing(pattern, with: content, in: bytes)
      return
    }
    let source = bytes
    rewrite { rewriter in
      var from = 0
      var at = 0
      while at < source.count {
        guard ByteText.has(pattern, at: at, in: source, end: source.count) else {
          at += 1
          continue
        }
        rewriter.copy(source[from..<at])
        rewriter.replaceMatch(ofBytes: pattern.count, with: content)
        at += pattern.count
        from = at
      }
      rewriter.copy(source[from...])
    }
  }

  /// Keeps what `transform` maps to a scalar.
  mutating func filterMap(_ transform: (UInt32) -> UInt32?) {
    let source = bytes
    rewrite { rewriter in
      var last: UInt32?
      var removed = 0
      var at = 0
      while at < source.count {
        let scalar = source.scalar(at: at)
        at += scalar.length
        guard let kept = transform(scalar.value) else {
          removed += 1
          continue
        }
        if let last { rewriter.emit(last, change: -removed) } else { rewriter.skip(removed) }
        last = kept
        removed = 0
      }
      if let last { rewriter.emit(last, change: -removed) }
    }
  }

  /// Rewrites the text character by character; see `TextRewriter`.
  mutating func rewrite(_ body: (inout TextRewriter) -> Void) {
    var rewriter = TextRewriter(self)
    body(&rewriter)
    self = AlignedText(rewriter.bytes, rewriter.origins)
  }
}

/// Writes the next state of a text, one character after the other.
///
/// Origins follow from what each character does, as in the reference: one that replaces stands for
/// what it replaces, one that is inserted for what stands before it.
///
/// - Source: `NormalizedString::transform_range` of Hugging Face's `tokenizers`.
struct TextRewriter {
  private let source: [UInt8]
  private let sourceOrigins: AlignedText.Origins?
  private(set) var bytes: [UInt8] = []
  fileprivate var origins: AlignedText.Origins?
  /// How much of the source is dealt with, in bytes.
  private var offset = 0

  fileprivate init(_ text: AlignedText) {
    source = text.bytes
    sourceOrigins = text.origins
    bytes.reserveCapacity(text.bytes.count)
    if text.isTracked { origins = AlignedText.Origins() }
  }

  /// Takes characters off the front of what is left.
  mutating func skip(_ count: Int) {
    guard origins != nil else { return }
    for _ in 0..<count where offset < source.count {
      offset += UTF8Text.length(lead: source[offset])
    }
  }

  /// - Parameter change: 0 for a character that replaces the next one, 1 for a new one, `-n` for
  ///   one that replaces the next one and the n behind it.
  @inline(__always)
  mutating func emit(_ scalar: UInt32, change: Int) {
    let before = bytes.count
    UTF8Text.append(scalar, to: &bytes)
    if origins != nil { align(bytes.count - before, change) }
  }

  /// The next characters as they are.
  mutating func copy(_ part: ArraySlice<UInt8>) {
    bytes.append(contentsOf: part)
    guard origins != nil, let sourceOrigins else { return }
    let end = min(offset + part.count, source.count)
    origins?.starts.append(contentsOf: sourceOrigins.starts[offset..<end])
    origins?.ends.append(contentsOf: sourceOrigins.ends[offset..<end])
    offset = end
  }

  /// Text in place of a match of so many bytes that were not copied yet.
  mutating func replaceMatch(ofBytes count: Int, with content: [UInt8]) {
    bytes.append(contentsOf: content)
    guard origins != nil else { return }
    offset = min(offset + count, source.count)
    note(content.count, at: offset - 1)
  }

  private mutating func align(_ length: Int, _ change: Int) {
    note(length, at: change > 0 ? offset - 1 : offset)
    guard change <= 0 else { return }
    for _ in 0...(-change) where offset < source.count {
      offset += UTF8Text.length(lead: source[offset])
    }
  }

  private mutating func note(_ length: Int, at index: Int) {
    let isInside = index >= 0 && index < source.count
    let start = isInside ? sourceOrigins?.starts[index] ?? 0 : 0
    let end = isInside ? sourceOrigins?.ends[index] ?? 0 : 0
    for _ in 0..<length {
      origins?.starts.append(start)
      origins?.ends.append(end)
    }
  }
}
