/// A walk through anything that Python can go through.
struct TemplateCursor {
  enum Source {
    case list(TemplateList)
    case view(TemplateView)
    case range(TemplateRange)
    /// `at` is the next byte.
    case text(TemplateText)
    /// `at` counts down.
    case reversed(TemplateList)
    case iterator(TemplateIterator)
    /// A `loop` that is gone through gives pairs of an item and itself.
    case loop(TemplateLoopState)
    case nothing
  }

  private let source: Source
  private var at: Int

  init(_ source: Source) {
    self.source = source
    if case .reversed(let list) = source { at = list.elements.count } else { at = 0 }
  }

  /// The list that is gone through, where nothing of it is used up.
  fileprivate var untouched: TemplateList? {
    if case .list(let list) = source, at == 0 { return list }
    return nil
  }

  mutating func next(_ run: inout TemplateRun) throws(TemplateError) -> TemplateValue? {
    switch source {
    case .list(let list):
      guard at < list.elements.count else { return nil }
      try run.step()
      at += 1
      return list.elements[at - 1]
    case .text(let text):
      guard at < text.string.utf8Count else { return nil }
      try run.step()
      let length = UTF8Text.length(lead: text.string.bytes[at])
      at += length
      return .text(TemplateText.character(text.string, at - length..<at))
    case .view(let view):
      guard at < view.count else { return nil }
      try run.step()
      at += 1
      return view[at - 1]
    case .range(let range):
      guard at < range.count else { return nil }
      try run.step()
      at += 1
      return .int(range[at - 1])
    case .reversed(let list):
      guard at > 0 else { return nil }
      try run.step()
      at -= 1
      return list.elements[at]
    case .iterator(let iterator):
      try run.step()
      return try iterator.next(&run)
    case .loop(let state):
      try run.step()
      guard let item = try state.next(&run) else { return nil }
      return .tuple(TemplateList([item, .loop(state)]))
    case .nothing: return nil
    }
  }
}

extension TemplateRun {
  /// A walk through a value; an error where Python cannot go through it.
  func cursor(_ value: TemplateValue) throws(TemplateError) -> TemplateCursor {
    switch value {
    case .list(let list), .tuple(let list): return TemplateCursor(.list(list))
    case .dict(let dictionary): return TemplateCursor(.view(TemplateView(dictionary, .keys)))
    case .view(let view): return TemplateCursor(.view(view))
    case .range(let range): return TemplateCursor(.range(range))
    case .text(let text): return TemplateCursor(.text(text))
    case .iterator(let iterator): return TemplateCursor(.iterator(iterator))
    case .loop(let state): return TemplateCursor(.loop(state))
    case .undefined: return TemplateCursor(.nothing)
    default: throw fail(.type, "'\(value.kind)' object is not iterable")
    }
  }

  /// All that is left of a walk.
  mutating func collect(_ cursor: inout TemplateCursor) throws(TemplateError) -> [TemplateValue] {
    if let list = cursor.untouched {
      try step(list.elements.count)
      cursor = TemplateCursor(.nothing)
      return list.elements
    }
    var values: [TemplateValue] = []
    while let value = try cursor.next(&self) { values.append(value) }
    return values
  }

  /// The elements of a value.
  mutating func elements(of value: TemplateValue) throws(TemplateError) -> [TemplateValue] {
    var cursor = try cursor(value)
    return try collect(&cursor)
  }

  /// How many elements there are, where that is known without going through them.
  func knownLength(of value: TemplateValue) -> Int? {
    switch value {
    case .text(let text): text.string.characterCount
    case .list(let list), .tuple(let list): list.elements.count
    case .dict(let dictionary): dictionary.members.count
    case .view(let view): view.count
    case .range(let range): range.count
    case .undefined: 0
    default: nil
    }
  }

  /// Python's `len`.
  mutating func length(of value: TemplateValue) throws(TemplateError) -> Int {
    if let length = knownLength(of: value) { return length }
    if case .loop(let state) = value { return try state.length(&self) }
    throw fail(.type, "object of type '\(value.kind)' has no len()")
  }

  func iterator(
    kind: String = "generator", over size: TemplateSize,
    _ produce: @escaping (inout TemplateRun) throws(TemplateError) -> TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    let iterator = TemplateIterator(kind: kind, size: size, produce)
    // Each asks the one that it takes from, so these may not be too many either.
    try check(iterator.size)
    return .iterator(iterator)
  }
}
