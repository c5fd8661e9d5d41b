// The one file of this room that calls C, and the only one where `unsafe` is allowed.
import ApusTextKernels
import Foundation

/// How C is told of a split pattern.
struct PiecePattern: Sendable {
  fileprivate var value: apus_text_pattern

  /// - Parameter isolatesNumbers: numbers are cut off one by one before the pattern sees the text;
  ///   only for GPT-2's.
  init(_ pattern: SplitPattern, isolatesNumbers: Bool = false) {
    value = apus_text_pattern()
    switch pattern {
    case .gpt2:
      value.family = Int32(APUS_TEXT_GPT2.rawValue)
      value.digits = isolatesNumbers ? 1 : 0
    case .cl100k(let digits, let joinsMarks, let takesLastSpaces):
      value.family = Int32(APUS_TEXT_CL100K.rawValue)
      value.digits = Int32(digits)
      value.joins_marks = joinsMarks
      value.takes_last_spaces = takesLastSpaces
    case .o200k(let digits, let contractions):
      value.family = Int32(APUS_TEXT_O200K.rawValue)
      value.digits = Int32(digits)
      value.contractions = contractions
    case .deepseek3:
      value.family = Int32(APUS_TEXT_DEEPSEEK3.rawValue)
      value.digits = 3
    }
  }

  /// Appends the end of every piece of `text[range]`; the last one is the range's end. Nothing
  /// outside the range is looked at.
  func split(_ text: [UInt8], _ range: Range<Int>, into ends: inout [Int]) {
    var pattern = value
    let instructionSet = apus_text_isa_best()
    var from = 0
    while from < range.count {
      let some = unsafe [Int](unsafeUninitializedCapacity: 256) { buffer, count in
        unsafe text.withUnsafeBufferPointer { bytes in
          count = unsafe apus_text_split(
            &pattern, instructionSet, bytes.baseAddress.map { unsafe $0 + range.lowerBound },
            range.count, &from, buffer.baseAddress, 256)
        }
      }
      for end in some { ends.append(range.lowerBound + end) }
    }
  }
}

/// The tables of a byte-pair tokenizer, from which any number of threads make encoders.
///
/// Nothing changes after it was made.
@safe final class PieceModel: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer
  /// What the text's spaces mean: where they are markers, the model reads text that was not
  /// normalised.
  let spaces: SpaceMeaning
  /// A section that does not begin with a space gets one in front.
  let prefixesSpace: Bool

  enum SpaceMeaning: Sendable {
    case themselves
    case markers
    /// And one more is in front of a text that is not empty.
    case markersWithPrefix
  }

  /// - Parameters:
  ///   - tokens: the bytes of every token, one after the other.
  ///   - starts: where each token begins, and the end; an empty token is none.
  ///   - symbols: the token of each byte, -1 for none.
  ///   - pattern: what cuts text; nil where it is not cut and symbols are characters. Bytes are
  ///     then the symbols of characters without a token.
  ///   - spaces: whether text comes with spaces that stand for U+2581, and with one more in front.
  /// - Returns: nil where the kernels' limits are exceeded.
  init?(
    tokens: [UInt8], starts: [UInt32], symbols: [Int32], merges: [MergeTable.Rule],
    prefersWholeTokens: Bool, pattern: PiecePattern?, spaces: SpaceMeaning,
    prefixesSpace: Bool
  ) {
    self.spaces = spaces
    self.prefixesSpace = prefixesSpace
    precondition(symbols.count == 256 && Int(starts.last ?? 0) == tokens.count)
    let made = unsafe tokens.withUnsafeBufferPointer { tokens in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe symbols.withUnsafeBufferPointer { symbols in
          unsafe merges.withUnsafeBytes { merges in
            var vocabulary = unsafe apus_text_vocabulary(
              token_count: UInt32(starts.count - 1), bytes: tokens.baseAddress,
              starts: starts.baseAddress, symbols: symbols.baseAddress,
              merge_count: UInt32(merges.count / MemoryLayout<apus_text_merge>.stride),
              merges: merges.bindMemory(to: apus_text_merge.self).baseAddress,
              prefers_whole_tokens: prefersWholeTokens,
              symbol_kind: Int32(
                pattern == nil ? APUS_TEXT_CHARACTERS.rawValue : APUS_TEXT_BYTES.rawValue),
              pattern: pattern?.value ?? apus_text_pattern(),
              spaces_are_markers: spaces != .themselves)
            return unsafe apus_text_model_create(&vocabulary)
          }
        }
      }
    }
    guard let made = unsafe made else { return nil }
    unsafe pointer = made
  }

  deinit { unsafe apus_text_model_destroy(pointer) }
}

/// Encodes text with a model, and remembers what it saw. For one thread at a time.
@safe final class PieceEncoder: @unchecked Sendable {
  private let model: PieceModel
  private let pointer: OpaquePointer

  init(_ model: PieceModel) {
    self.model = model
    unsafe pointer = apus_text_encoder_create(model.pointer, -1)
  }

  deinit { unsafe apus_text_encoder_destroy(pointer) }

  /// Appends the tokens of `text[range]`, as if it were all of the text.
  func encode(_ text: [UInt8], _ range: Range<Int>, into ids: inout [Int32]) {
    unsafe text.withUnsafeBufferPointer { bytes in
      guard let start = bytes.baseAddress else { return }
      var from = 0
      while from < range.count {
        var count = 0
        let found = unsafe apus_text_encode(
          pointer, start + range.lowerBound, range.count, &from, &count)
        unsafe ids.append(contentsOf: UnsafeBufferPointer(start: found, count: count))
      }
    }
  }
}

/// Strings that are looked for in text, told from their first two bytes. Nothing changes after it
/// was made.
@safe final class TextNeedles: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<apus_text_needles>
  private let instructionSet = apus_text_isa_best()

  /// - Parameter strings: none of them is empty.
  init(_ strings: [[UInt8]]) {
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(to: apus_text_needles())
    for string in strings { unsafe apus_text_needles_add(pointer, string, string.count) }
  }

  deinit { unsafe pointer.deallocate() }

  /// The first place from `start` on where one may begin, or the text's end.
  func next(in text: [UInt8], from start: Int) -> Int {
    unsafe apus_text_find(pointer, instructionSet, text, text.count, start)
  }
}

/// What tokens spell, as C reads it: one load for a token of up to 15 bytes.
struct PackedSpellings: Sendable {
  private let pieces: [apus_text_piece]

  /// Of no token.
  init() { pieces = [] }

  init(_ arena: [UInt8], _ starts: [UInt32], _ flags: [TokenBytes.Flags]) {
    pieces = unsafe [apus_text_piece](unsafeUninitializedCapacity: flags.count) { buffer, count in
      unsafe flags.withUnsafeBytes { flags in
        unsafe apus_text_pieces_fill(
          buffer.baseAddress, arena, starts, flags.assumingMemoryBound(to: UInt8.self).baseAddress,
          flags.count)
      }
      count = flags.count
    }
  }

  fileprivate func with<R>(
    _ bytes: TokenBytes, _ body: (UnsafePointer<apus_text_spellings>) -> R
  ) -> R {
    let byteFlag: TokenBytes.Flags = if case .lossy = bytes.repair { [] } else { .byte }
    let wholeRuns = if case .wholeRuns = bytes.repair { true } else { false }
    return unsafe pieces.withUnsafeBufferPointer { pieces in
      unsafe bytes.arena.withUnsafeBufferPointer { arena in
        unsafe bytes.starts.withUnsafeBufferPointer { starts in
          var spellings = unsafe apus_text_spellings(
            pieces: pieces.baseAddress, bytes: arena.baseAddress, starts: starts.baseAddress,
            token_count: pieces.count, byte_flag: byteFlag.rawValue, whole_runs: wholeRuns)
          return unsafe body(&spellings)
        }
      }
    }
  }
}

extension TokenBytes {
  /// Appends what the ids spell, from `ids[from]` up to the first that is no token, has one of the
  /// flags or is a byte whose text hangs on others, and moves `from` there.
  func append(
    _ ids: [Int32], from: inout Int, stoppingAt flags: Flags, to text: inout [UInt8]
  ) {
    while from < ids.count {
      let before = from
      // A text that has hardly begun is made anew with room for all, so that it is not copied;
      // behind a long one some tokens are taken at a time.
      let isNew = text.count < 1024
      let head = isNew ? text : []
      let room = (isNew ? ids.count - from : min(ids.count - from, 4096)) * 15 + longest + 16
      let some = unsafe [UInt8](unsafeUninitializedCapacity: head.count + room) { buffer, count in
        _ = unsafe UnsafeMutableBufferPointer(rebasing: buffer[..<head.count])
          .initialize(from: head)
        count = head.count
        unsafe packed.with(self) { spellings in
          count += unsafe apus_text_decode(
            spellings, flags.rawValue, ids, ids.count, &from,
            buffer.baseAddress.map { unsafe $0 + head.count }, room)
        }
      }
      if isNew { text = some } else { text.append(contentsOf: some) }
      if from == before { return }
    }
  }
}

extension String {
  /// The text of bytes; those that are no UTF-8 become U+FFFD, as with `String(decoding:as:)`, but
  /// found out sooner.
  init(textOf bytes: [UInt8]) {
    let validity = unsafe apus_text_validity(apus_text_isa_best(), bytes, bytes.count)
    guard validity != APUS_TEXT_INVALID.rawValue else {
      self.init(decoding: bytes, as: UTF8.self)
      return
    }
    let isASCII = validity == APUS_TEXT_ASCII.rawValue
    self = unsafe String(
      copying: UTF8Span(unchecked: bytes.span, isKnownASCII: isASCII))
  }
}

/// Finds spellings that lie one after the other in an arena.
struct SpellingIndex: Sendable {
  private let slots: [UInt64]

  /// - Parameter slots: as they were filled elsewhere.
  fileprivate init(slots: [UInt64]) { self.slots = slots }

  /// - Parameter starts: where each spelling begins, and the end; empty ones are none, and of
  ///   equal ones the last is found.
  init(_ arena: [UInt8], _ starts: [UInt32]) {
    var size = 16
    while size < starts.count * 2 { size *= 2 }
    slots = unsafe [UInt64](unsafeUninitializedCapacity: size) { buffer, count in
      unsafe arena.withUnsafeBufferPointer { arena in
        unsafe starts.withUnsafeBufferPointer { starts in
          var index = unsafe apus_text_index(
            bytes: arena.baseAddress, starts: starts.baseAddress, token_count: starts.count - 1,
            slots: buffer.baseAddress, slot_count: size)
          unsafe apus_text_index_fill(&index)
        }
      }
      count = size
    }
  }

  /// The number of the spelling `text[lower..<upper]`; nil where there is none.
  ///
  /// - Parameters: those that it was made of.
  func id(
    of text: [UInt8], _ lower: Int, _ upper: Int, in arena: [UInt8], _ starts: [UInt32]
  ) -> Int32? {
    let found = unsafe slots.withUnsafeBufferPointer { slots in
      unsafe arena.withUnsafeBufferPointer { arena in
        unsafe starts.withUnsafeBufferPointer { starts in
          unsafe text.withUnsafeBufferPointer { text in
            // Nothing is written by looking.
            var index = unsafe apus_text_index(
              bytes: arena.baseAddress, starts: starts.baseAddress, token_count: starts.count - 1,
              slots: UnsafeMutablePointer(mutating: slots.baseAddress), slot_count: slots.count)
            return unsafe apus_text_index_find(
              &index, text.baseAddress.map { unsafe $0 + lower }, upper - lower)
          }
        }
      }
    }
    return found < 0 ? nil : found
  }
}

extension Vocabulary {
  /// The bytes that these tokens stand for, which are spelled in the byte alphabet, one after the
  /// other, and where each ends. One with another character stands for its spelling or, without
  /// `keepingOthers`, for nothing.
  func spelledOut(_ ids: Range<Int32>, keepingOthers: Bool) -> (bytes: [UInt8], ends: [UInt32]) {
    let (first, end) = (Int(ids.lowerBound), Int(ids.upperBound))
    let room = Int(starts[end] - starts[first]) + 8
    var bytes: [UInt8] = []
    let ends = unsafe [UInt32](unsafeUninitializedCapacity: ids.count) { ends, count in
      bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, written in
        written = unsafe apus_text_spell_out(
          arena, starts, first, end, keepingOthers, buffer.baseAddress, ends.baseAddress)
      }
      count = ids.count
    }
    return (bytes, ends)
  }
}

/// The two long lists of a byte-pair `tokenizer.json`, read without the rest.
struct TokenLists: Sendable {
  /// The spellings of all tokens, one after the other, and where each begins, by id.
  let spellings: [UInt8]
  let starts: [UInt32]
  let index: SpellingIndex
  /// How many ids are taken.
  let tokenCount: Int
  /// From the last to the first, as the reader adds them.
  let merges: [MergeTable.Rule]
  /// The document with empty lists in their places.
  let rest: Data

  /// Nil where the document is not such a one, or has anything unusual about those lists: then the
  /// parser says what is wrong.
  init?(_ json: Data) {
    var document = unsafe apus_text_document()
    let isRead = unsafe json.withUnsafeBytes {
      unsafe apus_text_document_read(
        &document, $0.assumingMemoryBound(to: UInt8.self).baseAddress, $0.count)
    }
    guard isRead else { return nil }
    defer { unsafe apus_text_document_destroy(&document) }
    let count = unsafe Int(document.token_count)
    unsafe starts = Array(UnsafeBufferPointer(start: document.starts, count: count + 1))
    unsafe spellings = Array(
      UnsafeBufferPointer(start: document.bytes, count: Int(starts[count])))
    unsafe index = SpellingIndex(
      slots: Array(UnsafeBufferPointer(start: document.slots, count: document.slot_count)))
    var taken = 0
    for id in 0..<count where starts[id + 1] > starts[id] { taken += 1 }
    guard count <= TokenLimits.ids(tokens: taken) else { return nil }
    tokenCount = taken
    unsafe merges = UnsafeBufferPointer(
      start: document.merges, count: Int(document.merge_count)
    ).reversed().map {
      MergeTable.Rule(left: $0.left, right: $0.right, merged: $0.merged, rank: $0.rank)
    }
    let start = json.startIndex
    unsafe rest =
      json[..<(start + document.vocabulary_start)] + [0x7B, 0x7D]
      + json[(start + document.vocabulary_end)..<(start + document.merges_start)] + [0x5B, 0x5D]
      + json[(start + document.merges_end)...]
  }
}

/// Normal form C, tested quickly.
enum ComposedText {
  /// Where `text` may stop being in normal form C, looked at from a place where a scalar begins
  /// that composes with nothing before it; the text's end where it does not.
  static func end(of text: [UInt8], from start: Int) -> Int {
    unsafe apus_text_composed_end(text, text.count, start)
  }
}

/// What one scalar of raw text becomes in words.
enum ScalarMeaning: Sendable, Hashable {
  /// Part of a word; nothing where it is empty.
  case word([UInt8])
  /// A word of its own.
  case alone([UInt8])
  /// Ends a word.
  case space
  /// Depends on what is around it.
  case context
}

/// The tables of a model of words, from which any number of threads make encoders.
///
/// Nothing changes after it was made.
@safe final class WordModel: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer

  enum Kind: Sendable {
    /// - Parameter longest: words of more scalars are unknown.
    case wordPiece(longest: Int)
    case unigram(scores: [Double], unknown: Double)
  }

  /// - Parameters:
  ///   - tokens: the bytes of every token, one after the other.
  ///   - starts: where each token begins, and the end; an empty token is none.
  ///   - prefix: in front of every word of Unigram, and of WordPiece's tokens inside a word.
  /// - Returns: nil where the kernels' limits are exceeded.
  init?(
    _ kind: Kind, tokens: [UInt8], starts: [UInt32], unknown: Int32?, prefix: [UInt8]
  ) {
    var vocabulary = unsafe apus_text_word_vocabulary()
    var scores: [Double] = []
    switch kind {
    case .wordPiece(let longest):
      unsafe vocabulary.kind = Int32(APUS_TEXT_WORD_PIECE.rawValue)
      unsafe vocabulary.longest_word = UInt32(clamping: longest)
    case .unigram(let all, let score):
      precondition(all.count == starts.count - 1)
      scores = all
      unsafe vocabulary.kind = Int32(APUS_TEXT_UNIGRAM.rawValue)
      unsafe vocabulary.unknown_score = score
    }
    unsafe vocabulary.token_count = UInt32(starts.count - 1)
    unsafe vocabulary.unknown = unknown ?? -1
    unsafe vocabulary.prefix_count = prefix.count
    let made = unsafe tokens.withUnsafeBufferPointer { tokens in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe scores.withUnsafeBufferPointer { scores in
          unsafe prefix.withUnsafeBufferPointer { prefix in
            unsafe vocabulary.bytes = tokens.baseAddress
            unsafe vocabulary.starts = starts.baseAddress
            unsafe vocabulary.scores = scores.isEmpty ? nil : scores.baseAddress
            unsafe vocabulary.prefix = prefix.baseAddress
            return unsafe apus_text_words_create(&vocabulary)
          }
        }
      }
    }
    guard let made = unsafe made else { return nil }
    unsafe pointer = made
  }

  deinit { unsafe apus_text_words_destroy(pointer) }
}

/// Encodes text word by word, and remembers words and scalars. For one thread at a time.
@safe final class WordEncoder: @unchecked Sendable {
  private let model: WordModel
  private let pointer: OpaquePointer

  init(_ model: WordModel) {
    self.model = model
    unsafe pointer = apus_text_word_encoder_create(model.pointer, -1)
  }

  deinit { unsafe apus_text_word_encoder_destroy(pointer) }

  /// Appends the tokens of a text.
  ///
  /// - Parameters:
  ///   - scalar: what a scalar becomes.
  ///   - word: the tokens of a stretch of text that scalars alone do not tell.
  func encode(
    _ text: [UInt8], into ids: inout [Int32], scalar: (UInt32) -> ScalarMeaning,
    word: ([UInt8]) -> [Int32]
  ) {
    var from = 0
    var request = apus_text_request()
    while from < text.count {
      var count = 0
      let found = unsafe apus_text_word_encode(
        pointer, text, text.count, &from, &count, &request)
      unsafe ids.append(contentsOf: UnsafeBufferPointer(start: found, count: count))
      switch request.need {
      case Int32(APUS_TEXT_NEED_SCALAR.rawValue): tell(request.scalar, scalar(request.scalar))
      case Int32(APUS_TEXT_NEED_WORD.rawValue):
        let part = Array(text[request.start..<request.end])
        let tokens = word(part)
        unsafe apus_text_word_tell_word(pointer, part, part.count, tokens, tokens.count)
        ids.append(contentsOf: tokens)
      default: break
      }
    }
  }

  private func tell(_ scalar: UInt32, _ meaning: ScalarMeaning) {
    let (kind, text): (apus_text_scalar_kind, [UInt8]) =
      switch meaning {
      case .word(let text): (APUS_TEXT_SCALAR_WORD, text)
      case .alone(let text): (APUS_TEXT_SCALAR_ALONE, text)
      case .space: (APUS_TEXT_SCALAR_SPACE, [])
      case .context: (APUS_TEXT_SCALAR_CONTEXT, [])
      }
    unsafe apus_text_word_tell_scalar(pointer, scalar, Int32(kind.rawValue), text, text.count)
  }
}
