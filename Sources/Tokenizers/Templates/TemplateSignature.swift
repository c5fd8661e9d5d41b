/// The parameters of a filter, test, method or function, bound as Python binds them.
struct TemplateSignature: Sendable {
  private let names: [String]
  private let required: Int
  private let positionalOnly: Int
  private let takesMore: Bool
  private let takesMoreNamed: Bool

  /// - Parameter text: names with spaces between: `?` behind those that may be left out, `/` behind
  ///   those without a name to callers, `*` for more values and `**` for more named ones.
  init(_ text: String) {
    var names: [String] = []
    var required = 0
    var positionalOnly = 0
    var takesMore = false
    var takesMoreNamed = false
    for word in text.split(separator: " ") {
      switch word {
      case "/": positionalOnly = names.count
      case "*": takesMore = true
      case "**": takesMoreNamed = true
      default:
        if word.hasSuffix("?") {
          names.append(String(word.dropLast()))
        } else {
          names.append(String(word))
          required = names.count
        }
      }
    }
    self.names = names
    self.required = required
    self.positionalOnly = positionalOnly
    self.takesMore = takesMore
    self.takesMoreNamed = takesMoreNamed
  }

  /// Whether it cannot be called without an argument.
  var needsSome: Bool { required > 0 }

  func bind(
    _ arguments: TemplateCallArguments, to name: String, _ run: TemplateRun
  ) throws(TemplateError) -> TemplateBoundArguments {
    let given = arguments.positional.count
    guard given <= names.count || takesMore else {
      throw run.fail(.type, "\(name) takes at most \(names.count) argument(s), \(given) are given")
    }
    if arguments.keywords.isEmpty {
      guard given >= required else { throw missing(names[given], name, run) }
      return TemplateBoundArguments(values: arguments.positional, named: [])
    }
    var values = arguments.positional
    var named: [(name: String, value: TemplateValue)] = []
    for (keyword, value) in arguments.keywords {
      guard let place = names.firstIndex(of: keyword), place >= positionalOnly else {
        guard takesMoreNamed else {
          throw run.fail(.type, "\(name) takes no argument '\(keyword)'")
        }
        named.append((keyword, value))
        continue
      }
      while values.count <= place { values.append(.missing) }
      guard case .missing = values[place] else {
        throw run.fail(.type, "two values for the argument '\(keyword)' of \(name)")
      }
      values[place] = value
    }
    for place in 0..<required {
      guard place < values.count else { throw missing(names[place], name, run) }
      if case .missing = values[place] { throw missing(names[place], name, run) }
    }
    return TemplateBoundArguments(values: values, named: named)
  }

  private func missing(_ argument: String, _ name: String, _ run: TemplateRun) -> TemplateError {
    run.fail(.type, "\(name) needs the argument '\(argument)'")
  }
}

/// Arguments by the place of their parameter.
struct TemplateBoundArguments {
  fileprivate(set) var values: [TemplateValue]
  fileprivate(set) var named: [(name: String, value: TemplateValue)]

  static var none: TemplateBoundArguments { TemplateBoundArguments(values: [], named: []) }

  /// The argument for this parameter; nil where it was left out.
  subscript(place: Int) -> TemplateValue? {
    guard place < values.count else { return nil }
    if case .missing = values[place] { return nil }
    return values[place]
  }

  /// The same without the first ones.
  func dropFirst(_ count: Int) -> TemplateCallArguments {
    TemplateCallArguments(positional: Array(values.dropFirst(count)), keywords: named)
  }
}

extension TemplateRun {
  /// An argument that must be an integer; `None` is none.
  func integer(
    _ value: TemplateValue?, _ fallback: Int, _ name: String = "argument"
  ) throws(TemplateError) -> Int {
    guard let value else { return fallback }
    try use(value)
    guard let integer = value.integer else {
      throw fail(.type, "'\(value.kind)' object cannot be interpreted as an integer (\(name))")
    }
    return integer
  }

  /// An argument that must be a text.
  func text(_ value: TemplateValue?, _ name: String) throws(TemplateError) -> MarkedString {
    guard let value else { throw fail(.type, "\(name) must be a text") }
    try use(value)
    guard case .text(let text) = value else {
      throw fail(.type, "\(name) must be a text, not \(value.kind)")
    }
    return text.string
  }
}
