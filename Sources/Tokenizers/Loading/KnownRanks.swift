/// The rank files that are known by their number of tokens: their patterns and control tokens.
///
/// - Source: tiktoken (`openai_public.py`); the tokenizers of Whisper, Llama 3 and 4, Qwen and
///   Kimi K2.
struct KnownRanks {
  let pattern: String
  var control: [(content: String, id: Int32)] = []
  var begin: String?
  var end: String?

  static func of(count: Int) -> KnownRanks? {
    switch count {
    case 50_256, 50_280: KnownRanks(pattern: r50k, control: [("<|endoftext|>", 50_256)])
    case 50_257: KnownRanks(pattern: r50k, control: [("<|endoftext|>", 50_257)])
    case 100_256: cl100kBase
    case 128_000: llama3
    case 151_643: qwen
    case 163_584: kimi
    case 199_998: o200kBase
    case 200_000: llama4
    case 248_044: qwen35
    default: nil
    }
  }

  static let counts = [
    50_256, 50_257, 50_280, 100_256, 128_000, 151_643, 163_584, 199_998, 200_000, 248_044,
  ]

  static let r50k =
    #"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"#
  static let cl100k = SplitPattern.tiktokenText
  /// Of Llama 3, and with one digit instead of three of Qwen.
  static func llama(digits: String) -> String {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"# + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Of Qwen 3.5: marks belong to words.
  static let qwen35Pattern =
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"#
    + #"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

  /// Words whose case decides where they begin.
  private static func words(_ upper: String, _ lower: String, _ contractions: String) -> String {
    #"[^\r\n\p{L}\p{N}]?["# + upper + "]*[" + lower + "]+" + contractions
      + #"|[^\r\n\p{L}\p{N}]?["# + upper + "]+[" + lower + "]*" + contractions
  }

  private static let upper = #"\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}"#
  private static let lower = #"\p{Ll}\p{Lm}\p{Lo}\p{M}"#
  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
  private static let spaces = #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

  static let o200k =
    words(upper, lower, contractions) + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
  static let tekken = words(upper, lower, "") + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*"# + spaces
  static let kimiK2 =
    #"[\p{Han}]+|"# + words(upper + #"&&[^\p{Han}]"#, lower + #"&&[^\p{Han}]"#, contractions)
    + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"# + spaces

  private static let cl100kBase = KnownRanks(
    pattern: cl100k,
    control: [
      ("<|endoftext|>", 100_257), ("<|fim_prefix|>", 100_258), ("<|fim_middle|>", 100_259),
      ("<|fim_suffix|>", 100_260), ("<|endofprompt|>", 100_276),
    ])

  /// With the tokens of the harmony format, which has the same ranks.
  private static let o200kBase: KnownRanks = {
    let named: [Int32: String] = [
      199_998: "<|startoftext|>", 199_999: "<|endoftext|>", 200_002: "<|return|>",
      200_003: "<|constrain|>", 200_005: "<|channel|>", 200_006: "<|start|>",
      200_007: "<|end|>", 200_008: "<|message|>", 200_012: "<|call|>",
      200_018: "<|endofprompt|>",
    ]
    return KnownRanks(
      pattern: o200k,
      control: (199_998..<201_088).map { (named[$0] ?? "<|reserved_\($0)|>", $0) })
  }()

  private static let llama3: KnownRanks = {
    let named = [
      "<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>",
      "<|reserved_special_token_1|>", "<|finetune_right_pad_id|>",
      "<|reserved_special_token_2|>", "<|start_header_id|>", "<|end_header_id|>", "<|eom_id|>",
      "<|eot_id|>", "<|python_tag|>",
    ]
    let control = (0..<256).map { index -> (String, Int32) in
      let name =
        index < named.count ? named[index] : "<|reserved_special_token_\(index - 8)|>"
      return (name, Int32(128_000 + index))
    }
    return KnownRanks(
      pattern: llama(digits: #"\p{N}{1,3}"#), control: control, begin: "<|begin_of_text|>",
      end: "<|end_of_text|>")
  }()

  private static let qwen = KnownRanks(
    pattern: llama(digits: #"\p{N}"#),
    control: [
      ("<|endoftext|>", 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645),
    ] + (0..<205).map { ("<|extra_\($0)|>", Int32(151_646 + $0)) })

  private static let llama4: KnownRanks = {
    func reserved(_ name: String, _ numbers: Range<Int>) -> [String] {
      numbers.map { "<|\(name)reserved_special_token_\($0)|>" }
    }
    var names = [
      "<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>",
      "<|fim_suffix|>", "<|header_start|>", "<|header_end|>", "<|eom|>", "<|eot|>", "<|step|>",
    ]
    names += reserved("text_post_train_", 0..<6)
    names += ["<|python_start|>", "<|python_end|>", "<|finetune_right_pad|>"]
    names += reserved("text_post_train_", 8..<69)
    names += ["<|image_start|>", "<|image_end|>"] + reserved("vision_", 0..<2)
    names += ["<|tile_x_separator|>", "<|tile_y_separator|>"] + reserved("vision_", 2..<6)
    names += ["<|image|>"] + reserved("vision_", 6..<7) + ["<|patch|>"]
    names += reserved("vision_", 7..<1048) + reserved("reasoning_", 0..<8)
    names += ["<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>"]
    names += reserved("", 0..<2048 - names.count)
    return KnownRanks(
      pattern: o200k, control: names.enumerated().map { ($1, Int32(200_000 + $0)) },
      begin: "<|begin_of_text|>", end: "<|end_of_text|>")
  }()

  private static let qwen35: KnownRanks = {
    let names = [
      "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>",
      "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>",
      "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
      "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>",
      "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<tool_response>", "</tool_response>",
      "<think>", "</think>",
    ]
    return KnownRanks(
      pattern: qwen35Pattern, control: names.enumerated().map { ($1, Int32(248_044 + $0)) })
  }()

  private static let kimi: KnownRanks = {
    let named: [Int32: String] = [
      163_584: "[BOS]", 163_585: "[EOS]", 163_586: "<|im_end|>", 163_587: "<|im_user|>",
      163_588: "<|im_assistant|>", 163_590: "<|start_header_id|>",
      163_591: "<|end_header_id|>", 163_593: "[EOT]", 163_594: "<|im_system|>",
      163_595: "<|tool_calls_section_begin|>", 163_596: "<|tool_calls_section_end|>",
      163_597: "<|tool_call_begin|>", 163_598: "<|tool_call_argument_begin|>",
      163_599: "<|tool_call_end|>", 163_601: "<|im_middle|>", 163_838: "[UNK]",
      163_839: "[PAD]",
    ]
    return KnownRanks(
      pattern: kimiK2,
      control: (163_584..<163_840).map { (named[$0] ?? "<|reserved_token_\($0)|>", $0) },
      begin: "[BOS]", end: "[EOS]")
  }()
}
