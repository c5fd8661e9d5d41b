/// A text as tokens, with where each comes from.
public struct TokenEncoding: Sendable, Hashable {
  public var ids: [Int32] = []
  /// Which of the two texts of a pair each token belongs to, as the model counts them.
  public var typeIDs: [Int32] = []
  /// Which piece of the text each token is a part of; nil for tokens that were put around it.
  public var words: [Int?] = []
  /// The part of the original text that each token stands for, in Unicode scalars; empty for
  /// tokens that were put around it.
  public var scalarOffsets: [Range<Int>] = []
  /// The same in bytes of UTF-8.
  public var byteOffsets: [Range<Int>] = []
  /// Whether each token was put around the text or fills it up.
  public var isSpecial: [Bool] = []
  /// False for tokens that only fill up.
  public var attends: [Bool] = []
  /// What was cut off, in windows that overlap by the stride.
  public var overflowing: [TokenEncoding] = []

  public var count: Int { ids.count }

  init() {}

  mutating func append(
    _ id: Int32, type: Int32, word: Int? = nil, scalars: Range<Int> = 0..<0,
    bytes: Range<Int> = 0..<0, isSpecial: Bool = false, attends: Bool = true
  ) {
    ids.append(id)
    typeIDs.append(type)
    words.append(word)
    scalarOffsets.append(scalars)
    byteOffsets.append(bytes)
    self.isSpecial.append(isSpecial)
    self.attends.append(attends)
  }

  mutating func append(_ other: TokenEncoding) {
    ids += other.ids
    typeIDs += other.typeIDs
    words += other.words
    scalarOffsets += other.scalarOffsets
    byteOffsets += other.byteOffsets
    isSpecial += other.isSpecial
    attends += other.attends
  }

  subscript(range: Range<Int>) -> TokenEncoding {
    var part = TokenEncoding()
    part.ids = Array(ids[range])
    part.typeIDs = Array(typeIDs[range])
    part.words = Array(words[range])
    part.scalarOffsets = Array(scalarOffsets[range])
    part.byteOffsets = Array(byteOffsets[range])
    part.isSpecial = Array(isSpecial[range])
    part.attends = Array(attends[range])
    return part
  }
}

/// Cutting texts to a length.
///
/// - Source: `truncation` in the Hugging Face format.
public struct TokenTruncation: Sendable, Hashable {
  public enum Side: String, Sendable, Hashable {
    case left = "Left"
    case right = "Right"
  }

  public enum Strategy: String, Sendable, Hashable {
    case longestFirst = "LongestFirst"
    case onlyFirst = "OnlyFirst"
    case onlySecond = "OnlySecond"
  }

  /// The most tokens, those around the text included.
  public var length: Int
  /// How many tokens a window shares with the one before it.
  public var stride = 0
  public var side = Side.right
  public var strategy = Strategy.longestFirst

  public init(length: Int) { self.length = length }
}

/// Filling texts up to a length.
///
/// - Source: `padding` in the Hugging Face format.
public struct TokenPadding: Sendable, Hashable {
  /// The length; nil for that of the longest of a batch.
  public var length: Int?
  public var multiple: Int?
  public var side = TokenTruncation.Side.right
  public var id: Int32
  public var typeID: Int32 = 0

  public init(id: Int32, length: Int? = nil) {
    self.id = id
    self.length = length
  }

  func apply(to encodings: inout [TokenEncoding]) {
    var wanted = length ?? encodings.map(\.count).max() ?? 0
    if let multiple, multiple > 0, wanted % multiple > 0 { wanted += multiple - wanted % multiple }
    for i in encodings.indices { fill(&encodings[i], wanted) }
  }

  private func fill(_ encoding: inout TokenEncoding, _ wanted: Int) {
    for i in encoding.overflowing.indices { fill(&encoding.overflowing[i], wanted) }
    guard encoding.count < wanted else { return }
    var filler = TokenEncoding()
    for _ in encoding.count..<wanted {
      filler.append(id, type: typeID, isSpecial: true, attends: false)
    }
    if side == .left {
      let overflowing = encoding.overflowing
      filler.append(encoding)
      encoding = filler
      encoding.overflowing = overflowing
    } else {
      encoding.append(filler)
    }
  }
}

extension TokenTruncation {
  /// Cuts a text and its pair so that with `added` more tokens they are not too long.
  func apply(
    to first: inout TokenEncoding, _ second: inout TokenEncoding?, added: Int
  ) throws(TokenizerError) {
    let limit = length - added
    let total = first.count + (second?.count ?? 0)
    guard limit > 0 else {
      cut(&first, 0)
      cut(&second, 0)
      return
    }
    guard total > limit else { return }
    switch strategy {
    case .longestFirst:
      guard let other = second else { return cut(&first, limit) }
      let (a, b) = TokenTruncation.lengths(first.count, other.count, limit)
      cut(&first, a)
      cut(&second, b)
    case .onlyFirst, .onlySecond:
      let count = strategy == .onlyFirst ? first.count : second?.count
      guard let count, count > total - limit else {
        throw .malformed(
          field: "truncation", expected: "a text long enough to be cut",
          found: count.map { "\($0) tokens" } ?? "no second text")
      }
      let kept = count - (total - limit)
      if strategy == .onlyFirst { cut(&first, kept) } else { cut(&second, kept) }
    }
  }

  private static func lengths(_ first: Int, _ second: Int, _ limit: Int) -> (Int, Int) {
    var short = min(first, second)
    var long = short > limit ? short : max(short, limit - short)
    if short + long > limit {
      short = limit / 2
      long = short + limit % 2
    }
    return first > second ? (long, short) : (short, long)
  }

  private func cut(_ encoding: inout TokenEncoding?, _ limit: Int) {
    guard var present = encoding else { return }
    cut(&present, limit)
    encoding = present
  }

  private func cut(_ encoding: inout TokenEncoding, _ limit: Int) {
    guard limit < encoding.count else { return }
    guard limit > 0 else {
      var empty = TokenEncoding()
      empty.overflowing = [encoding]
      encoding = empty
      return
    }
    let step = max(1, limit - min(stride, limit - 1))
    var windows: [Range<Int>] = []
    if side == .right {
      var start = 0
      while windows.last?.upperBound != encoding.count {
        windows.append(start..<min(start + limit, encoding.count))
        start += step
      }
    } else {
      var end = encoding.count
      while windows.last?.lowerBound != 0 {
        windows.append(max(0, end - limit)..<end)
        end -= step
      }
    }
    var result = encoding[windows[0]]
    result.overflowing = windows.dropFirst().map { encoding[$0] }
    encoding = result
  }
}
