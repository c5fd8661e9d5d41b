/// Changes a template word by word, so that much of it stays one.
struct TemplateMutator {
  private var random: SplitMix

  init(seed: UInt32) { random = SplitMix(seed: seed) }

  /// One to three changes.
  mutating func change(_ source: [UInt8]) -> [UInt8] {
    var words = Self.words(source)
    for _ in 0...random.next(3) {
      let at = random.next(words.count + 1)
      let end = min(words.count, at + random.next(6))
      switch random.next(6) {
      case 0: words.removeSubrange(at..<end)
      case 1: words.insert(contentsOf: words[at..<end], at: random.next(words.count + 1))
      case 2 where at < words.count: words[at] = vocabularyWord()
      case 3 where at < words.count: words[at] = words[random.next(words.count)]
      default: words.insert(vocabularyWord(), at: at)
      }
    }
    return Array(words.joined())
  }

  private mutating func vocabularyWord() -> [UInt8] {
    Array(Self.vocabulary[random.next(Self.vocabulary.count)].utf8)
  }

  /// Names and numbers, tags, and every other byte by itself.
  private static func words(_ source: [UInt8]) -> [[UInt8]] {
    func isName(_ byte: UInt8) -> Bool {
      byte == 0x5F || byte >= 0x80 || (0x30...0x39).contains(byte)
        || (0x61...0x7A).contains(byte | 0x20)
    }
    var words: [[UInt8]] = []
    for byte in source {
      let last = words.last?.last ?? 0
      let joins =
        (isName(byte) && isName(last))
        || (last == UInt8(ascii: "{") && "{%#".utf8.contains(byte))
        || (byte == UInt8(ascii: "}") && "}%#".utf8.contains(last))
      if joins {
        words[words.count - 1].append(byte)
      } else {
        words.append([byte])
      }
    }
    return words
  }

  private static let vocabulary = """
    {% %} {{ }} {# #} - + * / // % ** ~ | . , : ; ( ) [ ] { } = == != < <= > >= ' " \\
    if elif else endif for in endfor recursive break continue set endset macro endmacro call endcall \
    filter endfilter with endwith raw endraw block endblock scoped autoescape endautoescape \
    generation endgeneration print include import from extends and or not is true false none \
    loop index previtem changed cycle depth varargs kwargs caller namespace dict range cycler joiner \
    raise_exception strftime_now abs attr batch capitalize center default dictsort escape \
    filesizeformat first float forceescape format groupby indent int items join last length list \
    lower map max min pprint reject rejectattr replace reverse round safe select selectattr slice \
    sort string striptags sum title tojson trim truncate unique upper urlencode urlize wordcount \
    wordwrap xmlattr defined undefined divisibleby even odd number string mapping iterable sequence \
    callable eq ge gt in test split rsplit splitlines strip lstrip rstrip startswith endswith \
    find rfind count join get keys values partition rpartition zfill ljust rjust translate \
    expandtabs removeprefix removesuffix isdigit messages tools role content x y d s n xs \
    0 1 -1 2 7 1e3 0.5 99999 9223372036854775807 99999999999999999999 1e308 \
    %s %d %5.1f %r {} {0:>5} {:,} %Y-%m-%d é 🙂 ß ǆ ΑΣ __class__ 'a' "b" []
    """.split(whereSeparator: \.isWhitespace).map(String.init) + [" ", "\n", " %}\n{% ", " }}{{ "]
}

/// Source: Steele et al. 2014, "Fast splittable pseudorandom number generators" (splitmix64).
struct SplitMix {
  private var state: UInt64

  init(seed: UInt32) { state = UInt64(seed) }

  mutating func next(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
  }
}
