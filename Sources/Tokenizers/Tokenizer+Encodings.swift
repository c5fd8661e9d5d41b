import Foundation

extension Tokenizer {
  /// A text, or a pair of texts, with offsets, types and masks, as encoder models want it.
  ///
  /// - Parameters:
  ///   - pair: a second text, for models that read two.
  ///   - truncation: how the tokens are cut; by default as the tokenizer's file says.
  ///   - padding: how they are filled up; by default as the file says.
  /// - Throws: `TokenizerError` where the truncation cannot be done.
  public func encoding(
    of text: String, pair: String? = nil, addSpecialTokens: Bool = true,
    truncation: TokenTruncation?? = nil, padding: TokenPadding?? = nil
  ) throws(TokenizerError) -> TokenEncoding {
    var result = [
      try unpadded(
        text, pair, addSpecialTokens: addSpecialTokens, truncation ?? self.truncation)
    ]
    if let padding = padding ?? self.padding { padding.apply(to: &result) }
    return result[0]
  }

  /// Several texts, filled up to one length where padding says so.
  ///
  /// - Parameter threads: over how many threads they are spread.
  /// - Throws: `TokenizerError` where the truncation cannot be done.
  public func encodings(
    of texts: [String], addSpecialTokens: Bool = true, truncation: TokenTruncation?? = nil,
    padding: TokenPadding?? = nil, threads: Int = 1
  ) throws(TokenizerError) -> [TokenEncoding] {
    let results = ParallelMap.run(texts, threads: threads) { text in
      Result { () throws(TokenizerError) in
        try self.unpadded(
          text, nil, addSpecialTokens: addSpecialTokens, truncation ?? self.truncation)
      }
    }
    var encodings: [TokenEncoding] = []
    for result in results { encodings.append(try result.get()) }
    if let padding = padding ?? self.padding { padding.apply(to: &encodings) }
    return encodings
  }

  /// The token ids of several texts.
  ///
  /// - Parameter threads: over how many threads they are spread.
  public func encode(
    _ texts: [String], addSpecialTokens: Bool, parseControlTokens: Bool = true, threads: Int
  ) -> [[Int32]] {
    ParallelMap.run(texts, threads: threads) { text in
      self.encode(
        text, addSpecialTokens: addSpecialTokens, parseControlTokens: parseControlTokens)
    }
  }

  private func unpadded(
    _ text: String, _ pair: String?, addSpecialTokens: Bool, _ truncation: TokenTruncation?
  ) throws(TokenizerError) -> TokenEncoding {
    var first = traced(text, type: 0)
    var second = pair.map { traced($0, type: 1) }
    if let truncation {
      let added = addSpecialTokens ? postProcessor.addedCount(isPair: pair != nil) : 0
      try truncation.apply(to: &first, &second, added: added)
    }
    return postProcessor.apply(to: first, second, addsSpecialTokens: addSpecialTokens)
  }

  /// The tokens of one text with their parts of it.
  private func traced(_ text: String, type: Int32) -> TokenEncoding {
    let bytes = Array(text.utf8)
    var sink = TokenSink(isTracing: true)
    withScratch { scratch in
      encode(bytes, tokens: rawTokens, readsNormalizedControl: true, &scratch, into: &sink) { _ in
        true
      }
    }
    let scalars = ScalarOffsets(bytes)
    var result = TokenEncoding()
    for (index, id) in sink.ids.enumerated() {
      guard let span = sink.spans?[index] else { continue }
      var range = scalars.range(of: span.bytes)
      let spelling =
        span.spelling.map { String(decoding: $0, as: UTF8.self) } ?? token(id) ?? ""
      for trim in postProcessor.trims { trim.apply(to: &range, token: spelling, index) }
      result.append(
        id, type: type, word: span.word, scalars: range, bytes: scalars.bytes(of: range))
    }
    return result
  }
}

extension PostProcessor.OffsetTrim {
  /// Takes off the spaces that a token begins and ends with.
  ///
  /// - Source: `process_offsets` of Hugging Face's `tokenizers`.
  fileprivate func apply(to range: inout Range<Int>, token: String, _ index: Int) {
    let scalars = Array(token.unicodeScalars)
    func isSpace(_ scalar: Unicode.Scalar) -> Bool {
      scalar == "Ġ" || UnicodeTables.isWhiteSpace.contains(scalar.value)
    }
    var leading = scalars.prefix(while: isSpace).count
    let trailing = scalars.reversed().prefix(while: isSpace).count
    var (start, end) = (range.lowerBound, range.upperBound)
    if leading > 0 {
      // One space in front of the text is one that was put there.
      if index == 0 || start == 0, prefixesSpace, leading == 1 { leading = 0 }
      start = min(start + leading, end)
    }
    if trailing > 0, end >= trailing { end = max(end - trailing, start) }
    range = start..<end
  }
}

/// Places in a text in bytes and in Unicode scalars.
private struct ScalarOffsets {
  /// Where each scalar begins in bytes, and the end; nil where the text is ASCII.
  private var starts: [Int32]?
  private let count: Int

  init(_ bytes: [UInt8]) {
    count = bytes.count
    guard !UTF8Text.isASCII(bytes) else { return }
    var starts: [Int32] = []
    for (i, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 { starts.append(Int32(i)) }
    starts.append(Int32(bytes.count))
    self.starts = starts
  }

  /// The scalars that a range of bytes touches.
  func range(of bytes: Range<Int>) -> Range<Int> {
    guard starts != nil else { return bytes }
    let first = index(bytes.lowerBound)
    return first..<max(first, index(bytes.upperBound))
  }

  func bytes(of scalars: Range<Int>) -> Range<Int> {
    guard let starts else { return scalars }
    let last = starts.count - 1
    return Int(starts[min(scalars.lowerBound, last)])..<Int(starts[min(scalars.upperBound, last)])
  }

  /// How many scalars begin before this byte.
  private func index(_ byte: Int) -> Int {
    guard let starts else { return byte }
    var low = 0
    var high = starts.count
    while low < high {
      let middle = (low + high) / 2
      if Int(starts[middle]) < byte { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// A function over an array, on several threads.
enum ParallelMap {
  /// - Parameter threads: how many; each takes a part of neighbours that it works through.
  static func run<Element: Sendable, Value: Sendable>(
    _ elements: [Element], threads: Int, _ body: @escaping @Sendable (Element) -> Value
  ) -> [Value] {
    let count = max(1, min(threads, elements.count))
    guard count > 1 else { return elements.map(body) }
    // Small parts even out texts of different lengths, and threads that begin or are held up.
    let size = max(1, elements.count / (count * 64))
    let starts = Array(stride(from: 0, to: elements.count, by: size))
    let results = SharedParts<Value>(count: starts.count)
    let next = SharedCounter()
    DispatchQueue.concurrentPerform(iterations: count) { _ in
      while let part = next.take(below: starts.count) {
        let range = starts[part]..<min(starts[part] + size, elements.count)
        results.set(part, range.map { body(elements[$0]) })
      }
    }
    return results.all
  }
}
