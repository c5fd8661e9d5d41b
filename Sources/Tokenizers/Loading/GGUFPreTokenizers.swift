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

  let names: [String]
  var cuts: [Cut] = []
  /// A piece that is a token is that token, and texts begin with the begin token.
  var prefersWholeTokens = false
  var addsBegin = false
  /// Text is not spelled in the byte alphabet, and spaces become `▁`.
  var isPlainText = false

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
  private static let deepseek3 =
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
    + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let spark =
    ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
    + #"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+"#
  private static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#
  private static let latin =
    #"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ"#
    + "Ḁ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻ"
    + "Ȿ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+"

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
      names: ["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], cuts: [.pattern(llama3)]),
    GGUFPreTokenizer(
      names: [
        "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "stablelm2", "hunyuan",
        "solar-open", "grok-2",
      ], cuts: [.pattern(qwen2)]),
    GGUFPreTokenizer(
      names: ["qwen35"],
      cuts: [
        .pattern(
          contractions
            + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#
            + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#)
      ]),
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
        .pattern("[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"),
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
      names: ["gemma4", "granite-embed-multi-311m"], addsBegin: true, isPlainText: true),
    GGUFPreTokenizer(names: ["sarvam-moe"], isPlainText: true),
  ]
}

extension String {
  fileprivate func replacing(_ part: String, _ other: String) -> String {
    String(
      decoding: ByteText.replacing(Array(part.utf8), with: Array(other.utf8), in: Array(utf8)),
      as: UTF8.self)
  }
}
