extension RegexParser {
  /// What stands after a backslash, outside a class.
  mutating func escape() throws(RegexError) -> RegexNode {
    let letter = try next()
    switch Unicode.Scalar(letter) {
    case "A": return .anchor(.textStart)
    case "z": return .anchor(.textEnd)
    case "Z": return .anchor(.lastLineEnd)
    case "b": return .anchor(.wordBoundary)
    case "B": return .anchor(.insideWord)
    case "R":
      return .atomic(
        .alternatives([
          .sequence([.set(ScalarSet([0x0D])), .set(ScalarSet([0x0A]))]),
          .set(ScalarSet(ranges: [0x0A...0x0D, 0x85...0x85, 0x2028...0x2029])),
        ]))
    case "1", "2", "3", "4", "5", "6", "7", "8", "9", "k", "g":
      throw error("references to groups are not supported")
    case "G", "K", "X": throw error("this escape is not supported")
    default:
      at -= 1
      if let set = try setEscape(isInClass: false) {
        return .set(flags.ignoresCase ? set.caseClosed : set)
      }
      return literal(try scalarEscape())
    }
  }

  /// A set such as `\s` or `\p{L}`; nil where the escape is one scalar.
  private mutating func setEscape(isInClass: Bool = true) throws(RegexError) -> ScalarSet? {
    let letter = try next()
    switch Unicode.Scalar(letter) {
    case "s": return RegexSets.space
    case "S": return RegexSets.space.inverted
    case "d": return RegexSets.digit
    case "D": return RegexSets.digit.inverted
    case "w": return RegexSets.word(dialect, isInClass: isInClass)
    case "W": return RegexSets.word(dialect, isInClass: isInClass).inverted
    case "h": return RegexSets.hexadecimal
    case "H": return RegexSets.hexadecimal.inverted
    case "N" where dialect == .oniguruma: return RegexSets.notLineBreak
    case "O" where dialect == .oniguruma: return .all
    case "p": return try property(isInverted: false)
    case "P": return try property(isInverted: true)
    default:
      at -= 1
      return nil
    }
  }

  private mutating func property(isInverted: Bool) throws(RegexError) -> ScalarSet {
    var isInverted = isInverted
    var name = ""
    if take("{") {
      if take("^") { isInverted.toggle() }
      while at < scalars.count, !peek("}") {
        name.unicodeScalars.append(Unicode.Scalar(try next()) ?? " ")
      }
      guard take("}") else { throw error("a property without its closing brace") }
    } else {
      name.unicodeScalars.append(Unicode.Scalar(try next()) ?? " ")
    }
    guard let set = RegexSets.property(name) else {
      throw error("the property \(name) is not known")
    }
    return isInverted ? set.inverted : set
  }

  /// One scalar behind a backslash.
  private mutating func scalarEscape() throws(RegexError) -> UInt32 {
    let letter = try next()
    switch Unicode.Scalar(letter) {
    case "n": return 0x0A
    case "t": return 0x09
    case "r": return 0x0D
    case "f": return 0x0C
    case "v": return 0x0B
    case "a": return 0x07
    case "e": return 0x1B
    case "0": return 0
    case "x", "u", "U": return try hexadecimal(letter)
    default: return letter
    }
  }

  private mutating func hexadecimal(_ letter: UInt32) throws(RegexError) -> UInt32 {
    let isBraced = take("{")
    let limit = isBraced ? 8 : letter == 0x78 ? 2 : letter == 0x75 ? 4 : 8
    var value: UInt32 = 0
    var count = 0
    while count < limit, at < scalars.count,
      let digit = Unicode.Scalar(scalars[at]).flatMap({ Character($0).hexDigitValue })
    {
      value = value << 4 | UInt32(digit)
      count += 1
      at += 1
    }
    guard count > 0, value <= 0x10FFFF, !isBraced || take("}") else {
      throw error("a malformed hexadecimal escape")
    }
    return value
  }

  /// A class, behind its opening bracket.
  mutating func characterClass() throws(RegexError) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    guard depth <= RegexParser.depthLimit else { throw error("classes nested too deeply") }
    let isInverted = take("^")
    var result: ScalarSet?
    var part = ScalarSet()
    var isFirst = true
    while true {
      if !isFirst, take("]") { break }
      if take("&&") {
        result = result.map { $0.intersection(part) } ?? part
        part = ScalarSet()
        isFirst = false
        continue
      }
      part.formUnion(try classItem())
      isFirst = false
    }
    if let left = result { part = left.intersection(part) }
    if flags.ignoresCase { part = part.caseClosed }
    return isInverted ? part.inverted : part
  }

  private mutating func classItem() throws(RegexError) -> ScalarSet {
    if take("[:") {
      if let set = posixClass() { return set }
      at -= 1
      return try characterClass()
    }
    if take("[") { return try characterClass() }
    let low: UInt32
    if take("\\") {
      if let set = try setEscape() { return set }
      low = take("b") ? 0x08 : try scalarEscape()
    } else {
      low = try next()
    }
    // A hyphen before the closing bracket or a set is itself.
    guard peek("-"), !peek("]", ahead: 1), at + 1 < scalars.count else { return ScalarSet([low]) }
    let hyphen = at
    at += 1
    if peek("[") {
      at = hyphen
      return ScalarSet([low])
    }
    let high: UInt32
    if take("\\") {
      let before = at
      if try setEscape() != nil {
        at = hyphen
        return ScalarSet([low])
      }
      at = before
      high = try scalarEscape()
    } else {
      high = try next()
    }
    guard low <= high else { throw error("a range whose ends are in the wrong order") }
    return ScalarSet(ranges: [low...high])
  }

  /// `[:alpha:]`, behind its `[:`; nil where it is no such class.
  private mutating func posixClass() -> ScalarSet? {
    let start = at
    let isInverted = take("^")
    var name = ""
    while at < scalars.count, let scalar = Unicode.Scalar(scalars[at]), scalar.isASCII,
      Character(scalar).isLetter
    {
      name.unicodeScalars.append(scalar)
      at += 1
    }
    guard take(":]"), let set = RegexSets.posix(name, dialect) else {
      at = start
      return nil
    }
    return isInverted ? set.inverted : set
  }
}

/// The named sets of patterns.
enum RegexSets {
  static let space = ScalarSet(ranges: UnicodeTables.whiteSpace)
  static let notLineBreak = ScalarSet([0x0A]).inverted
  static let hexadecimal = ScalarSet(ranges: [0x30...0x39, 0x41...0x46, 0x61...0x66])
  static let digit = category { $0 == .nd }

  private static let rustWord: ScalarSet = {
    var set = UnicodeTables.isAlphabetic
    set.formUnion(category(\.isWord))
    return set
  }()

  static func word(_ dialect: RegexDialect, isInClass: Bool = false) -> ScalarSet {
    var set = rustWord
    switch dialect {
    // Oniguruma takes the superscripts and fractions of Latin-1 for word characters, but not in
    // a class.
    case .oniguruma:
      if !isInClass { set.formUnion(ScalarSet([0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE])) }
    case .rust: set.formUnion(ScalarSet(ranges: [0x200C...0x200D]))
    }
    return set
  }

  private static func category(_ isIn: (GeneralCategory) -> Bool) -> ScalarSet {
    var ranges: [ClosedRange<UInt32>] = []
    for category in GeneralCategory.allCases where isIn(category) {
      ranges += GeneralCategory.sets[Int(category.rawValue)].ranges
    }
    return ScalarSet(ranges: ranges)
  }

  static func posix(_ name: String, _ dialect: RegexDialect) -> ScalarSet? {
    let isASCII = dialect == .rust
    let set: ScalarSet
    switch name.lowercased() {
    case "alpha": set = UnicodeTables.isAlphabetic
    case "digit": set = digit
    case "alnum":
      var both = UnicodeTables.isAlphabetic
      both.formUnion(digit)
      set = both
    case "upper": set = UnicodeTables.isUppercase
    case "lower": set = UnicodeTables.isLowercase
    case "space": set = space
    case "blank":
      var both = category { $0 == .zs }
      both.formUnion(ScalarSet([0x09]))
      set = both
    case "punct": set = category { "PS".contains($0.name.prefix(1)) }
    case "cntrl": set = category { $0 == .cc }
    case "graph": set = category { ![.cc, .cn, .zs, .zl, .zp].contains($0) }
    case "print": set = category { ![.cc, .cn, .zl, .zp].contains($0) }
    case "xdigit": set = hexadecimal
    case "word": set = word(dialect, isInClass: true)
    case "ascii": return ScalarSet(ranges: [0...0x7F])
    default: return nil
    }
    return isASCII ? set.intersection(ScalarSet(ranges: [0...0x7F])) : set
  }

  /// The set of `\p{name}`.
  static func property(_ name: String) -> ScalarSet? {
    var key = name.filter { !" _-".contains($0) }.lowercased()
    for prefix in ["script=", "sc=", "generalcategory=", "gc="] where key.hasPrefix(prefix) {
      key.removeFirst(prefix.count)
    }
    if key == "any" { return .all }
    if key == "word" { return word(.oniguruma) }
    if key == "assigned" { return category { $0 != .cn } }
    if key == "l&" || key == "lc" || key == "casedletter" {
      return category { [.lu, .ll, .lt].contains($0) }
    }
    let code = longCategoryNames[key] ?? key
    let found = category { $0.name.lowercased().hasPrefix(code) }
    if code.count <= 2, !found.isEmpty { return found }
    if key == "alphabetic" { return UnicodeTables.isAlphabetic }
    if key == "uppercase" { return UnicodeTables.isUppercase }
    if key == "lowercase" { return UnicodeTables.isLowercase }
    if key == "whitespace" { return space }
    if let set = posix(key, .oniguruma) { return set }
    return scripts[shortScriptNames[key] ?? key]
  }

  private static let scripts: [String: ScalarSet] = {
    let names = UnicodeTables.scriptNames.split(separator: " ")
    let sets = UnicodeTables.sets(runs: UnicodeTables.scripts, count: names.count + 1)
    var result: [String: ScalarSet] = [:]
    for (name, set) in zip(names, sets.dropFirst()) {
      result[name.filter { $0 != "_" }.lowercased()] = set
    }
    return result
  }()

  private static let shortScriptNames = [
    "hani": "han", "hira": "hiragana", "kana": "katakana", "latn": "latin", "cyrl": "cyrillic",
    "grek": "greek", "arab": "arabic", "hebr": "hebrew", "hang": "hangul", "deva": "devanagari",
    "zyyy": "common", "zinh": "inherited", "qaai": "inherited", "armn": "armenian",
    "beng": "bengali", "geor": "georgian", "taml": "tamil", "telu": "telugu", "khmr": "khmer",
    "laoo": "lao", "mymr": "myanmar", "ethi": "ethiopic", "tibt": "tibetan", "bopo": "bopomofo",
  ]

  private static let longCategoryNames = [
    "letter": "l", "uppercaseletter": "lu", "lowercaseletter": "ll", "titlecaseletter": "lt",
    "modifierletter": "lm", "otherletter": "lo", "mark": "m", "combiningmark": "m",
    "nonspacingmark": "mn", "spacingmark": "mc", "enclosingmark": "me", "number": "n",
    "decimalnumber": "nd", "letternumber": "nl", "othernumber": "no", "punctuation": "p",
    "connectorpunctuation": "pc", "dashpunctuation": "pd", "openpunctuation": "ps",
    "closepunctuation": "pe", "initialpunctuation": "pi", "finalpunctuation": "pf",
    "otherpunctuation": "po", "symbol": "s", "mathsymbol": "sm", "currencysymbol": "sc",
    "modifiersymbol": "sk", "othersymbol": "so", "separator": "z", "spaceseparator": "zs",
    "lineseparator": "zl", "paragraphseparator": "zp", "other": "c", "control": "cc",
    "format": "cf", "privateuse": "co", "unassigned": "cn",
  ]
}
