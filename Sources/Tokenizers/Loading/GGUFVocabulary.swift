/// The tokenizer of a GGUF file, as its metadata has it: one field per key below `tokenizer.ggml.`.
public struct GGUFVocabulary: Sendable {
  /// `model`: "gpt2" (byte-level BPE), "llama" (SentencePiece-style BPE with scores), "bert"
  /// (WordPiece), "t5" (unigram), "rwkv" (longest token first), "plamo2", "gemma4", "whitespace".
  public var model: String
  /// `pre`: the name of the pre-tokeniser of a byte-level model.
  public var pre: String?
  /// `tokens`: the spellings, by id.
  public var tokens: [String]
  /// `scores`, by id; a merge of a higher score comes first. Empty for byte-level models.
  public var scores: [Float]
  /// `token_type`, by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.
  public var tokenTypes: [Int32]
  /// `merges`: lines of two tokens, the earliest merge first. Empty for models with scores.
  public var merges: [String]
  /// `bos_token_id`.
  public var bosID: Int32?
  /// `eos_token_id`.
  public var eosID: Int32?
  /// `eot_token_id`, end of turn.
  public var eotID: Int32?
  /// `eom_token_id`, end of message.
  public var eomID: Int32?
  /// `unknown_token_id`.
  public var unknownID: Int32?
  /// `seperator_token_id` (so spelled in the format).
  public var separatorID: Int32?
  /// `padding_token_id`.
  public var paddingID: Int32?
  /// `fim_pad_token_id`, `fim_rep_token_id`, `fim_sep_token_id`.
  public var fillInTheMiddleIDs: [Int32]
  /// `add_bos_token`.
  public var addBOS: Bool?
  /// `add_eos_token`.
  public var addEOS: Bool?
  /// `add_space_prefix`.
  public var addSpacePrefix: Bool?
  /// `add_sep_token`.
  public var addSEP: Bool?
  /// `remove_extra_whitespaces`.
  public var removeExtraSpaces: Bool?
  /// `precompiled_charsmap`: SentencePiece's compiled table of replacements.
  public var characterMap: [UInt8]
  /// `normalizer.lowercase` and `normalizer.strip_accents`, of BERT's models.
  public var lowercase: Bool?
  public var stripAccents: Bool?
  /// `general.name` and `general.architecture`: a few models' tokens take white space beside them,
  /// which the format has no key for.
  public var modelName: String?
  public var architecture: String?
  /// `tokenizer.chat_template`, and `tokenizer.chat_template.NAME` under their names.
  public var chatTemplates: [String: String]

  public init(
    model: String, pre: String? = nil, tokens: [String], scores: [Float] = [],
    tokenTypes: [Int32] = [], merges: [String] = []
  ) {
    self.model = model
    self.pre = pre
    self.tokens = tokens
    self.scores = scores
    self.tokenTypes = tokenTypes
    self.merges = merges
    fillInTheMiddleIDs = []
    characterMap = []
    chatTemplates = [:]
  }
}
