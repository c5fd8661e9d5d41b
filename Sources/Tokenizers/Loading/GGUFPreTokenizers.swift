/// What the names in `tokenizer.ggml.pre` mean.
///
/// Where llama.cpp simplifies a model's pattern, the model's own is taken.
///
/// - Source: llama.cpp, `llama-vocab.cpp`.
struct GGUFPreTokenizer: Sendable {
  enum Cut: Sendable {
    case pattern(String)
    case digits
    case digitGroups
  }

  /// How the model sees text.
  enum Text: Sendable {
    /// Spelled in the byte alphabet.
    case bytes
    /// As it is, with `▁` for spaces.
    case marked
    /// As it is, without what is between its words.
    case words
  }

  let names: [String]
  var cuts: [Cut] = []
  /// A piece that is a token is that token, and texts begin with the begin token.
  var prefersWholeTokens = false
  var addsBegin = false
  var text = Text.bytes

  static func named(_ name: String) throws(TokenizerError) -> GGUFPreTokenizer {
    guard let found = all.first(where: { $0.names.contains(name) }) else {
      throw .unsupported(
        field: "tokenizer.ggml.pre", value: name, supported: all.flatMap(\.names))
    }
    return found
  }

  func steps() throws(TokenizerError) -> [PreTokenizer.Step] {
    var steps: [PreTokenizer.Step] = []
    for cut in cuts {
      switch cut {
      case .digits: steps.append(.cut(TextCut(kind: .scalar(.number)), .isolated))
      case .digitGroups: steps.append(.cut(TextCut(kind: .digitGroups), .isolated))
      case .pattern(let text):
        steps.append(try .pattern(text, field: "tokenizer.ggml.pre \(names[0])"))
      }
    }
    return steps
  }

  private static let gpt2 = SplitPattern.gpt2Text
  private static let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
  private static let tail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let words = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
  private static let llama3 = KnownRanks.llama(digits: #"\p{N}{1,3}"#)
  private static let qwen2 = KnownRanks.llama(digits: #"\p{N}"#)
  private static let kana = "[一-龥぀-ゟ゠-ヿ]+"
  private static let deepseek3 = SplitPattern.deepseek3Texts[2]
  private static let spark =
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
    + #"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+"#
  private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#
  /// Letters that have a case, and the scripts of `afmoe`: hexadecimal, because some of them are
  /// others in normal form.
  private static let latin =
    #"\s?"#
    + characterClass(
      """
      41-5A 61-7A B5 C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4-293 295-2AF 370-373 376 377 37B-37D \
      37F 386 388-38A 38C 38E-3A1 3A3-3F5 3F7-481 48A-52F 531-556 10A0-10C5 13A0-13F5 \
      13F8-13FD 1C90-1CBA 1CBD-1CBF 1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D \
      1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FBC 1FBE \
      1FC2-1FC4 1FC6-1FCC 1FD0-1FD3 1FD6-1FDB 1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 \
      210A-2113 2115 2119-211D 2124 2126 2128 212A-212D 212F-2134 2139 213C-213F 2145-2149 \
      214E 2183 2184 2C00-2C7B 2C7E-2CE4 2CEB-2CEE 2CF2 2CF3 A640-A66D A680-A69B A722-A76F \
      A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17 FF21-FF3A FF41-FF5A 10400-1044F \
      104B0-104D3 104D8-104FB 10C80-10CB2 10CC0-10CF2 118A0-118DF 1E900-1E943
      """)
  private static let asian = characterClass(
    """
    4E00-9FFF 3400-4DBF F900-FAFF 3040-309F 30A0-30FF FF65-FF9F 2F00-2FDF E40-E7F E80-EFF \
    1780-17FF 1000-109F AA60-AA7F A9E0-A9FF AC00-D7AF 1100-11FF
    """)

  private static func characterClass(_ ranges: String) -> String {
    let parts = ranges.split(separator: " ").map { range in
      range.split(separator: "-").map { #"\x{"# + $0 + "}" }.joined(separator: "-")
    }
    return "[" + parts.joined() + "]+"
  }

  private static let all: [GGUFPreTokenizer] = [
    GGUFPreTokenizer(
      names: ["default"],
      cuts: [
        .pattern(#"[\p{P}\$\+<=>\^~\|]+"#), .pattern(gpt2), .pattern(#"\p{N}+"#),
        .pattern("[0-9][0-9][0-9]"),
      ]),
    GGUFPreTokenizer(
      names: [
        "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v1-en", "jina-v2-es", "jina-v2-de",
        "jina-v2-code", "roberta-bpe", "gigachat", "a.x-4.0", "mellum", "modern-bert", "mpt",
        "olmo", "jais", "trillion", "granite-docling", "exaone4",
      ], cuts: [.pattern(gpt2)]),
    GGUFPreTokenizer(
      names: [
        "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b",
        "mellum2",
      ], cuts: [.digits, .pattern(gpt2)]),
    GGUFPreTokenizer(
      names: [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano",
      ], cuts: [.pattern(llama3)], prefersWholeTokens: true, addsBegin: true),
    GGUFPreTokenizer(
      names: ["dbrx", "smaug-bpe", "chatglm-bpe"], cuts: [.pattern(llama3)]),
    GGUFPreTokenizer(
      names: ["glm4", "glm5"], cuts: [.pattern(llama3)], prefersWholeTokens: true),
    GGUFPreTokenizer(
      names: [
        "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
        "solar-open", "grok-2",
      ], cuts: [.pattern(qwen2)]),
    GGUFPreTokenizer(
      names: ["qwen35"], cuts: [.pattern(KnownRanks.qwen35Pattern)]),
    GGUFPreTokenizer(names: ["ufakzeka"], cuts: [.pattern(words + #"|\p{N}"# + tail)]),
    GGUFPreTokenizer(
      names: ["laguna"], cuts: [.pattern("[^\\n]+|[\\n]+"), .pattern(qwen2)]),
    GGUFPreTokenizer(
      names: ["minicpm5"],
      cuts: [
        .pattern(#"\p{N}{1,3}"#), .pattern(KnownRanks.llama(digits: #"\p{N}+"#)),
      ], prefersWholeTokens: true),
    GGUFPreTokenizer(
      names: ["seed-coder"],
      cuts: [
        .pattern(
          contractions + "|" + words
            + #"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#)
      ]),
    GGUFPreTokenizer(
      names: ["bailingmoe", "bailingmoe2", "llada-moe"],
      cuts: [
        .pattern(
          #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"#
            + #"|\s*[\r\n]|\s+(?!\S)|\s+"#)
      ]),
    GGUFPreTokenizer(
      names: ["exaone-moe"],
      cuts: [
        .pattern(
          contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}"#
            + #"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"#)
      ]),
    GGUFPreTokenizer(
      names: ["jais-2"],
      cuts: [
        .pattern(
          contractions + "|" + words + #"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"#
            + #"|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)"#
            + #"|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"#)
      ]),
    GGUFPreTokenizer(
      names: ["deepseek-llm"],
      cuts: [
        .pattern("[\r\n]"), .pattern(latin),
        .pattern(#"\s?[!-/:-~！-／：-～‘-‟　-。]+"#), .pattern(#"\s+$"#),
        .pattern("[一-龥ࠀ-一가-퟿]+"), .pattern(#"\p{N}+"#),
      ]),
    GGUFPreTokenizer(
      names: ["deepseek-coder"],
      cuts: [
        .pattern("[\r\n]"), .pattern(#"\s?\p{L}+"#), .pattern(#"\s?\p{P}+"#),
        .pattern("[一-龥ࠀ-一가-퟿]+"), .digits,
      ]),
    GGUFPreTokenizer(
      names: ["deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"],
      cuts: [.pattern(#"\p{N}{1,3}"#), .pattern(kana), .pattern(deepseek3)]),
    GGUFPreTokenizer(
      names: ["spark2_5"],
      cuts: [.pattern(#"\p{N}{1,3}"#), .pattern(kana), .pattern(spark), .digits]),
    GGUFPreTokenizer(
      names: ["youtu"],
      cuts: [
        .pattern("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+"),
        .pattern(KnownRanks.o200k.replacing(#"\p{N}{1,3}"#, #"\p{N}"#)),
      ], prefersWholeTokens: true),
    GGUFPreTokenizer(
      names: ["falcon"],
      cuts: [
        .pattern(#"[\p{P}\$\+<=>\^~\|`]+"#), .pattern(gpt2), .pattern("[0-9][0-9][0-9]"),
      ]),
    GGUFPreTokenizer(
      names: ["bloom", "poro-chat", "gpt3-finnish"], cuts: [.pattern(bloom)]),
    GGUFPreTokenizer(names: ["viking"], cuts: [.pattern(bloom), .digits]),
    GGUFPreTokenizer(
      names: ["tekken"], cuts: [.pattern(KnownRanks.tekken)], prefersWholeTokens: true,
      addsBegin: true),
    GGUFPreTokenizer(
      names: ["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"],
      cuts: [.pattern(KnownRanks.o200k)]),
    GGUFPreTokenizer(
      names: ["granite-embed-multi-97m"], cuts: [.pattern(KnownRanks.o200k)],
      prefersWholeTokens: true),
    GGUFPreTokenizer(
      names: ["tiny_aya", "cohere2moe"],
      cuts: [.pattern(#"\d{1,3}(?=(?:\d{3})*\b)"#), .pattern(KnownRanks.o200k)]),
    GGUFPreTokenizer(
      names: ["superbpe"], cuts: [.pattern(#"\p{N}+"#), .pattern(#"(?=(\d{3})+(?!\d))"#)]),
    GGUFPreTokenizer(names: ["kimi-k2"], cuts: [.pattern(KnownRanks.kimiK2)]),
    GGUFPreTokenizer(
      names: ["afmoe"],
      cuts: [
        .digitGroups,
        .pattern(asian),
        .pattern(deepseek3),
      ]),
    GGUFPreTokenizer(
      names: ["chameleon"],
      cuts: [
        .pattern("<sentinel:[0-9]+>"), .pattern("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
        .pattern("([\\t\\n]|    |  )"), .digits, .pattern(#"[\p{P}!-/:-@\[-`{-~]"#),
        .pattern(gpt2),
      ], addsBegin: true),
    GGUFPreTokenizer(
      names: ["gemma4", "granite-embed-multi-311m"], addsBegin: true, text: .marked),
    GGUFPreTokenizer(names: ["sarvam-moe"], text: .marked),
    GGUFPreTokenizer(names: ["whitespace"], text: .words),
  ]
}

extension String {
  fileprivate func replacing(_ part: String, _ other: String) -> String {
    String(
      decoding: ByteText.replacing(Array(part.utf8), with: Array(other.utf8), in: Array(utf8)),
      as: UTF8.self)
  }
}
