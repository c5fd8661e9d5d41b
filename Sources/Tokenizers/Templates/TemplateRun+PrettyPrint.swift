extension TemplateRun {
  /// Python's `pprint.pformat`: within 80 columns where that can be, keys sorted.
  mutating func prettyPrinted(_ value: TemplateValue) throws(TemplateError) -> MarkedString {
    var printer = PrettyPrinter()
    try printer.write(value, indent: 0, allowance: 0, level: 0, &self)
    try charge(bytes: printer.text.utf8Count)
    return printer.text
  }
}

/// - Source: Python 3.11, `pprint.py`.
private struct PrettyPrinter {
  private(set) var text = MarkedString()
  private static let width = 80

  mutating func write(
    _ value: TemplateValue, indent: Int, allowance: Int, level: Int, _ run: inout TemplateRun
  ) throws(TemplateError) {
    let value = try sorted(value, &run)
    let line = try run.representation(of: value)
    try run.step(level)
    guard line.characterCount > PrettyPrinter.width - indent - allowance else {
      text.append(line)
      return
    }
    switch value {
    case .dict(let dictionary) where dictionary.members.count > 0:
      text.append("{")
      let entries = dictionary.members.entries
      for (i, entry) in entries.enumerated() {
        let key = try run.representation(of: entry.key)
        text.append(key)
        text.append(": ")
        let isLast = i == entries.count - 1
        try write(
          entry.value, indent: indent + key.characterCount + 3,
          allowance: isLast ? allowance + 1 : 1, level: level + 1, &run)
        if !isLast { newLine(indent + 1, ",") }
      }
      text.append("}")
    case .list(let list) where !list.elements.isEmpty:
      text.append("[")
      try write(list.elements, indent, allowance + 1, level, &run)
      text.append("]")
    case .tuple(let list) where !list.elements.isEmpty:
      text.append("(")
      let isSingle = list.elements.count == 1
      try write(list.elements, indent, allowance + (isSingle ? 2 : 1), level, &run)
      text.append(isSingle ? ",)" : ")")
    case .text(let string) where !string.string.isEmpty && !string.string.isMarkup:
      try write(string.string, indent, allowance, level, &run)
    default: text.append(line)
    }
  }

  private mutating func newLine(_ indent: Int, _ mark: String = "") {
    text.append(mark + "\n" + String(repeating: " ", count: indent))
  }

  private mutating func write(
    _ values: [TemplateValue], _ indent: Int, _ allowance: Int, _ level: Int,
    _ run: inout TemplateRun
  ) throws(TemplateError) {
    for (i, value) in values.enumerated() {
      if i > 0 { newLine(indent + 1, ",") }
      let isLast = i == values.count - 1
      try write(
        value, indent: indent + 1, allowance: isLast ? allowance : 1, level: level + 1, &run)
      try run.charge(bytes: text.utf8Count % 0x10000)
    }
  }

  /// A long text in pieces.
  private mutating func write(
    _ string: MarkedString, _ indent: Int, _ allowance: Int, _ level: Int,
    _ run: inout TemplateRun
  ) throws(TemplateError) {
    let isTop = level == 0
    let indent = isTop ? indent + 1 : indent
    let allowance = isTop ? allowance + 1 : allowance
    let width = PrettyPrinter.width - indent
    var chunks: [MarkedString] = []
    let lines = string.lines(keepingEnds: true)
    for (i, line) in lines.enumerated() {
      let isLast = i == lines.count - 1
      let whole = PythonText.quoted(line)
      if whole.characterCount <= width - (isLast ? allowance : 0) {
        chunks.append(whole)
      } else {
        chunks += pieces(line, width, isLast ? allowance : 0)
      }
      try run.step(1 + line.utf8Count)
    }
    guard chunks.count > 1 else {
      text.append(lines.last.map(PythonText.quoted) ?? MarkedString())
      return
    }
    if isTop { text.append("(") }
    for (i, chunk) in chunks.enumerated() {
      if i > 0 { newLine(indent) }
      text.append(chunk)
    }
    if isTop { text.append(")") }
  }

  /// Words with the space behind them, as many as fit.
  private func pieces(_ line: MarkedString, _ width: Int, _ allowance: Int) -> [MarkedString] {
    var chunks: [MarkedString] = []
    var start = 0
    var end = 0
    while end < line.utf8Count {
      let word = PythonText.wordEnd(in: line.bytes, from: end)
      let next = PythonText.startTrimmed(line.bytes[word...]).startIndex
      let limit = width - (next == line.utf8Count ? allowance : 0)
      if end > start, PythonText.quoted(line[start..<next]).characterCount > limit {
        chunks.append(PythonText.quoted(line[start..<end]))
        start = end
      }
      end = next
    }
    if end > start { chunks.append(PythonText.quoted(line[start..<end])) }
    return chunks
  }

  /// Dictionaries with their keys in order, all the way down.
  private func sorted(
    _ value: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    switch value {
    case .dict(let dictionary):
      var members = TemplateMembers()
      let entries = try run.sorted(dictionary.members.entries, isReversed: false) {
        (entry: (key: TemplateValue, value: TemplateValue), _) throws(TemplateError) in
        // Keys that do not compare are ordered by their types.
        .tuple(TemplateList([.literal(entry.key.isNumber ? "" : entry.key.kind), entry.key]))
      }
      for entry in entries {
        members.set(entry.key, try run.key(of: entry.key), to: try sorted(entry.value, &run))
      }
      return try run.dict(members)
    case .list(let list):
      var values: [TemplateValue] = []
      for element in list.elements { values.append(try sorted(element, &run)) }
      return try run.list(values)
    case .tuple(let list):
      var values: [TemplateValue] = []
      for element in list.elements { values.append(try sorted(element, &run)) }
      return try run.tuple(values)
    default: return value
    }
  }
}
