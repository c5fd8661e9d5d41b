import Synchronization

public import ApusJSON

/// Text to token ids and back.
///
/// Made from a model folder, any of the usual tokenizer files or the vocabulary of a GGUF file;
/// afterwards it is immutable and may be used from any thread.
public final class Tokenizer: Sendable {
  let vocabulary: Vocabulary
  let model: TokenModel
  /// Cuts and encodes in C, where the model and the pre-tokeniser are such that it can.
  let pieceModel: PieceModel?
  /// The same for models of words.
  let words: KnownWords?
  let normalizer: Normalizer
  let preTokenizer: PreTokenizer
  /// Searched in the text as it is.
  let rawTokens: AddedTokens
  /// Searched in the normalised text.
  let normalizedTokens: AddedTokens
  /// All of them in the text as it is, for prompts whose ranges have origins.
  let markedTokens: AddedTokens
  let postProcessor: PostProcessor
  let pieces: TokenBytes
  /// Decodes where a table of bytes per token is not enough.
  let decoder: DecoderChain?
  /// How long texts may be and how short, where the file says so.
  public let truncation: TokenTruncation?
  public let padding: TokenPadding?
  private let special: SpecialTokens
  private let added: AddedTokenTable
  /// Buffers and known words of encodings that are not under way.
  private let scratches = Mutex<[EncodingScratch]>([])

  /// Ids that end a generation: the end token, the end-of-turn token, and control tokens of those
  /// names that llama.cpp takes for ends.
  public let endOfGenerationTokens: Set<Int32>

  /// The chat templates that came with the tokenizer, by name; a single one is named "default".
  public let chatTemplates: [String: String]

  init(_ parts: TokenizerParts) {
    vocabulary = parts.vocabulary
    model = parts.model
    pieceModel = PieceModel(parts)
    words = KnownWords(parts)
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    postProcessor = parts.postProcessor
    var pieces = parts.pieces
    if parts.decoder == nil { pieces.pack() }
    self.pieces = pieces
    decoder = parts.decoder
    truncation = parts.truncation
    padding = parts.padding
    special = parts.special
    chatTemplates = parts.templates
    let normalizer = parts.normalizer
    let searched = parts.readsAddedTokens ? parts.added : []
    rawTokens = AddedTokens(searched.filter { !$0.isNormalized }) { Array($0.content.utf8) }
    normalizedTokens = AddedTokens(searched.filter(\.isNormalized)) {
      normalizer.apply(to: Array($0.content.utf8))
    }
    markedTokens = AddedTokens(parts.added) { Array($0.content.utf8) }
    let added = AddedTokenTable(parts.added)
    self.added = added
    endOfGenerationTokens = EndOfGeneration.tokens(parts.special) {
      added.id(of: $0) ?? parts.vocabulary.id(of: $0)
    }
  }

  /// One above the greatest id.
  public var vocabularySize: Int { max(vocabulary.count, added.limit) }

  /// The token as its file spells it (`Ġthe`, `▁the`, `<0x0A>`), or nil where there is none.
  public func token(_ id: Int32) -> String? { added.text(id) ?? vocabulary.text(id) }

  /// The id of a token by its spelling in the file.
  public func id(of token: String) -> Int32? { added.id(of: token) ?? vocabulary.id(of: token) }

  /// The spelling that the decoder begins with.
  func decodedSpelling(_ id: Int32) -> [UInt8] {
    added.decoded(id) ?? Array(vocabulary.bytes(id))
  }

  /// Whether the token is a control token, which `skipSpecialTokens` leaves out.
  public func isControl(_ id: Int32) -> Bool { pieces.isControl(id) }

  /// The token that a text begins with, where the model has one.
  public var beginToken: Int32? { special.begin }
  /// The token that ends a text, where the model has one.
  public var endToken: Int32? { special.end }
  /// Whether encoding with special tokens puts `beginToken` first.
  public var addsBeginToken: Bool {
    special.begin != nil && postProcessor.prefix.first == special.begin
  }

  /// `bos_token`, `eos_token` and the other special tokens, as chat templates expect them in their
  /// context. Set them last: their text counts as the template's own.
  public var templateVariables: JSONObject {
    JSONObject(special.variables.map { ($0.name, .string($0.text)) })
  }

  /// Makes ready what each of so many threads needs for itself, which otherwise the first text that
  /// it encodes waits for. The memory, mostly a table of all tokens, stays with the tokenizer.
  public func prepare(threads: Int) {
    var prepared: [EncodingScratch] = []
    while prepared.count < threads {
      var scratch = scratches.withLock { $0.popLast() } ?? EncodingScratch()
      if let words, scratch.wordEncoder == nil { scratch.wordEncoder = WordEncoder(words.model) }
      if let pieceModel, scratch.encoder == nil { scratch.encoder = PieceEncoder(pieceModel) }
      prepared.append(scratch)
    }
    scratches.withLock { [prepared] in $0 += prepared }
  }

  /// Runs `body` with buffers of its own.
  func withScratch<R>(_ body: (inout EncodingScratch) -> R) -> R {
    var scratch = scratches.withLock { $0.popLast() } ?? EncodingScratch()
    let result = body(&scratch)
    scratches.withLock { [scratch] in $0.append(scratch) }
    return result
  }
}
