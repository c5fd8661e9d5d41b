/// The tokens that go around encoded texts when special tokens are asked for, and what is done to
/// offsets.
struct PostProcessor: Sendable, Hashable {
  /// A part of the result.
  enum Element: Sendable, Hashable {
    case tokens([Int32], type: Int32)
    /// One of the texts; nil keeps the types that its tokens have.
    case text(isSecond: Bool, type: Int32?)
  }

  /// Takes the spaces off the offsets of byte-level tokens.
  struct OffsetTrim: Sendable, Hashable {
    var prefixesSpace: Bool
  }

  var single: [Element] = [.text(isSecond: false, type: nil)]
  var pair: [Element] = [.text(isSecond: false, type: nil), .text(isSecond: true, type: nil)]
  var trims: [OffsetTrim] = []

  /// What goes before a single text.
  var prefix: [Int32] {
    get { PostProcessor.tokens(single.prefix(while: \.isTokens)) }
    set { replace(single.prefix(while: \.isTokens).count, atEnd: false, newValue) }
  }

  /// What goes behind a single text.
  var suffix: [Int32] {
    get {
      let count = single.reversed().prefix(while: \.isTokens).count
      return PostProcessor.tokens(single.suffix(count))
    }
    set { replace(single.reversed().prefix(while: \.isTokens).count, atEnd: true, newValue) }
  }

  private mutating func replace(_ count: Int, atEnd: Bool, _ ids: [Int32]) {
    let elements: [Element] = ids.isEmpty ? [] : [.tokens(ids, type: 0)]
    if atEnd {
      single.replaceSubrange(single.count - count..<single.count, with: elements)
    } else {
      single.replaceSubrange(0..<count, with: elements)
    }
  }

  private static func tokens(_ elements: some Sequence<Element>) -> [Int32] {
    elements.flatMap { element -> [Int32] in
      if case .tokens(let ids, _) = element { return ids }
      return []
    }
  }

  /// How many tokens are put around a text or a pair.
  func addedCount(isPair: Bool) -> Int { PostProcessor.tokens(isPair ? pair : single).count }

  /// Whether a single text is written once, with tokens before and behind it only.
  var isSimple: Bool { single.count { !$0.isTokens } == 1 }

  /// The ids of a single text with the tokens around it.
  func wrapping(_ ids: [Int32]) -> [Int32] {
    single.flatMap { element -> [Int32] in
      switch element {
      case .tokens(let tokens, _): tokens
      case .text(let isSecond, _): isSecond ? [] : ids
      }
    }
  }

  func apply(
    to first: TokenEncoding, _ second: TokenEncoding?, addsSpecialTokens: Bool
  ) -> TokenEncoding {
    var result = TokenEncoding()
    for element in second == nil ? single : pair {
      switch element {
      case .tokens(let ids, let type):
        guard addsSpecialTokens else { continue }
        for id in ids { result.append(id, type: type, isSpecial: true) }
      case .text(let isSecond, let type):
        guard var text = isSecond ? second : first else { continue }
        if let type { text.typeIDs = Array(repeating: type, count: text.count) }
        result.append(text)
      }
    }
    // What was cut off the first text gets the same tokens around it.
    let whole = first[0..<first.count]
    for (index, part) in ([whole] + first.overflowing).enumerated().reversed() {
      var others = second?.overflowing.map(Optional.some) ?? []
      if index > 0 { others.insert(second.map { $0[0..<$0.count] }, at: 0) }
      let all = others.map { apply(to: part, $0, addsSpecialTokens: addsSpecialTokens) }
      result.overflowing = index > 0 ? all + result.overflowing : result.overflowing + all
    }
    return result
  }
}

extension PostProcessor.Element {
  fileprivate var isTokens: Bool {
    if case .tokens = self { return true }
    return false
  }
}
