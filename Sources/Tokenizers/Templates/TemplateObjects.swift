/// Values that are made one after the other when they are asked for, as Python's generators.
final class TemplateIterator {
  /// Python's name of the type.
  let kind: String
  let size: TemplateSize
  private let produce: (inout TemplateRun) throws(TemplateError) -> TemplateValue?
  private var isDone = false

  /// - Parameter size: that of what it takes its values from, since they are kept and asked through
  ///   it.
  init(
    kind: String = "generator", size: TemplateSize,
    _ produce: @escaping (inout TemplateRun) throws(TemplateError) -> TemplateValue?
  ) {
    self.kind = kind
    var own = TemplateSize.one
    own.add(size)
    self.size = own
    self.produce = produce
  }

  func next(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue? {
    guard !isDone else { return nil }
    // After an error nothing runs on, and the end stays the end.
    isDone = true
    guard let value = try produce(&run) else { return nil }
    isDone = false
    return value
  }
}

/// The variables of a function that something holds on to: a macro that was defined in it, a loop
/// that asks for what is around it.
final class TemplateFrame {
  /// Empty while the function runs, as the run has them then.
  var slots: [TemplateValue] = []
  let parent: TemplateFrame?

  init(parent: TemplateFrame?) { self.parent = parent }

  /// The frame this many functions further out.
  @inline(__always)
  func outer(_ hops: Int) -> TemplateFrame {
    var frame = self
    for _ in 0..<hops { frame = frame.parent ?? frame }
    return frame
  }
}

/// A macro with the frame that it was defined in.
final class TemplateMacro {
  let unit: TemplateMacroUnit
  let frame: TemplateFrame

  init(_ unit: TemplateMacroUnit, _ frame: TemplateFrame) {
    self.unit = unit
    self.frame = frame
  }

  /// - Precondition: its unit takes the arguments.
  func write(
    _ arguments: TemplateArgumentNodes, line: Int, _ run: inout TemplateRun
  ) throws(TemplateError) {
    try unit.write(arguments, line: line, in: frame, &run)
  }
}

/// What can be called, and the global objects with methods.
final class TemplateCallable {
  enum Kind {
    case macro(TemplateMacro)
    case function(TemplateFunction)
    case method(TemplateMethod, TemplateValue)
    case cycler(TemplateCycler)
    case joiner(TemplateCycler, separator: TemplateValue)
    /// A global function's attribute that is a function: `dict.fromkeys`.
    case dictionaryFromKeys
  }

  let content: Kind
  let size: TemplateSize
  /// What is called most.
  let macro: TemplateMacro?
  let isNamespace: Bool

  init(_ content: Kind) {
    self.content = content
    if case .macro(let macro) = content { self.macro = macro } else { macro = nil }
    if case .function(.namespace) = content { isNamespace = true } else { isNamespace = false }
    var size = TemplateSize.one
    switch content {
    case .method(_, let receiver): size.add(receiver.size)
    case .cycler(let cycler): for item in cycler.items { size.add(item.size) }
    case .joiner(_, let separator): size.add(separator.size)
    case .macro, .function, .dictionaryFromKeys: break
    }
    self.size = size
  }

  var kind: String {
    switch content {
    case .macro: "Macro"
    case .function, .dictionaryFromKeys: "function"
    case .method: "builtin_function_or_method"
    case .cycler: "Cycler"
    case .joiner: "Joiner"
    }
  }

  /// The global objects that Python can call.
  var isCallable: Bool {
    if case .cycler = content { return false }
    return true
  }
}

final class TemplateCycler {
  let items: [TemplateValue]
  var position = 0

  init(_ items: [TemplateValue]) { self.items = items }

  var current: TemplateValue { items[position] }
}

/// The global functions.
enum TemplateFunction: String, CaseIterable, Sendable {
  case range, dict, namespace, cycler, joiner, lipsum
  case raiseException = "raise_exception"
  case strftimeNow = "strftime_now"
}

/// The variable `loop`.
final class TemplateLoopState {
  private var cursor: TemplateCursor
  private let source: TemplateValue
  let depth: Int
  let size: TemplateSize
  /// For `loop(..)` in a recursive loop: its body and the frame around it.
  let recursion: (unit: TemplateRecursiveUnit, frame: TemplateFrame)?
  private(set) var index = -1
  private(set) var previous: TemplateValue?
  private var current: TemplateValue?
  private var following: TemplateValue?
  private var knownLength: Int?
  var lastChanged: [TemplateValue]?

  init(
    _ source: TemplateValue, _ cursor: TemplateCursor, depth: Int,
    recursion: (unit: TemplateRecursiveUnit, frame: TemplateFrame)? = nil
  ) {
    self.source = source
    self.cursor = cursor
    self.depth = depth
    self.recursion = recursion
    var size = TemplateSize.one
    size.add(source.size)
    self.size = size
  }

  func next(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue? {
    let value: TemplateValue
    if let following {
      value = following
      self.following = nil
    } else {
      guard let next = try cursor.next(&run) else { return nil }
      value = next
    }
    index += 1
    previous = current
    current = value
    return value
  }

  func peek(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue? {
    if following == nil { following = try cursor.next(&run) }
    return following
  }

  func length(_ run: inout TemplateRun) throws(TemplateError) -> Int {
    if let knownLength { return knownLength }
    let length: Int
    if let count = run.knownLength(of: source) {
      length = count
    } else {
      let rest = try run.collect(&cursor)
      cursor = TemplateCursor(.list(TemplateList(rest)))
      length = rest.count + index + 1 + (following == nil ? 0 : 1)
    }
    knownLength = length
    return length
  }
}
