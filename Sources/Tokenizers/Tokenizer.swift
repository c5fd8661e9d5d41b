import Synchronization

public import ApusJSON

/// Text to token ids and back.
///
/// Made from a model folder, a `tokenizer.json` or the vocabulary of a GGUF file; afterwards it is
/// immutable and may be used from any thread.
public final class Tokenizer: Sendable {
  let vocabulary: Vocabulary
  let model: BytePairModel
  /// Cuts and encodes in C, where the model and the pre-tokeniser are such that it can.
  let pieceModel: PieceModel?
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
  private let special: SpecialTokens
  /// Buffers and known words of encodings that are not under way.
  private let scratches = Mutex<[EncodingScratch]>([])

  /// Ids that end a generation: the end token, the end-of-turn token, and control tokens of those
  /// names that llama.cpp takes for ends.
  public let endOfGenerationTokens: Set<Int32>

  /// The chat templates that came with the tokenizer, by name; a single one is named "default".
  public let chatTemplates: [String: String]

  init(_ parts: TokenizerParts) {
    vocabulary = parts.vocabulary
    pieceModel = PieceModel(parts)
    var model = parts.model
    if pieceModel == nil { model.merges.prepare() } else { model.merges = MergeTable(capacity: 0) }
    self.model = model
    normalizer = parts.normalizer
    preTokenizer = parts.preTokenizer
    postProcessor = parts.postProcessor
    pieces = parts.pieces
    special = parts.special
    chatTemplates = parts.templates
    let normalizer = parts.normalizer
    let plain = parts.added.filter { normalizer.isIdentity || !$0.isNormalized }
    let normal = parts.added.filter { !normalizer.isIdentity && $0.isNormalized }
    rawTokens = AddedTokens(plain) { Array($0.content.utf8) }
    normalizedTokens = AddedTokens(normal) { normalizer.apply(to: Array($0.content.utf8)) }
    markedTokens = AddedTokens(parts.added) { Array($0.content.utf8) }
    endOfGenerationTokens = EndOfGeneration.tokens(parts.special) { parts.vocabulary.id(of: $0) }
  }

  /// One above the greatest id.
  public var vocabularySize: Int { vocabulary.count }

  /// The token as its file spells it (`Ġthe`, `▁the`, `<0x0A>`), or nil where there is none.
  public func token(_ id: Int32) -> String? { vocabulary.text(id) }

  /// The id of a token by its spelling in the file.
  public func id(of token: String) -> Int32? { vocabulary.id(of: token) }

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

  /// Runs `body` with buffers of its own.
  func withScratch<R>(_ body: (inout EncodingScratch) -> R) -> R {
    var scratch = scratches.withLock { $0.popLast() } ?? EncodingScratch()
    let result = body(&scratch)
    scratches.withLock { [scratch] in $0.append(scratch) }
    return result
  }
}
