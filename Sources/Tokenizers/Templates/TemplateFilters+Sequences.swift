extension TemplateFilters {
  /// Filters that go through a sequence.
  static let sequences = [
    TemplateFilter("list") { run, value, _ throws(TemplateError) in
      try run.list(try run.elements(of: value))
    },
    TemplateFilter("first") { run, value, _ throws(TemplateError) in
      var cursor = try run.cursor(value)
      return try cursor.next(&run)
        ?? run.undefined(.missing("No first item, sequence was empty."))
    },
    TemplateFilter("last") { run, value, _ throws(TemplateError) in
      guard var cursor = try run.reversed(value) else {
        throw run.fail(.type, "'\(value.kind)' object is not reversible")
      }
      return try cursor.next(&run) ?? run.undefined(.missing("No last item, sequence was empty."))
    },
    TemplateFilter("reverse") { run, value, _ throws(TemplateError) in
      if case .text(let text) = value {
        try run.step(1 + text.string.utf8Count / 4)
        return .string(text.string.sliced((nil, nil, -1)))
      }
      guard var cursor = try run.reversed(value) else {
        return try run.list(try run.elements(of: value).reversed())
      }
      return try run.iterator(kind: "list_reverseiterator", over: value.size) {
        run throws(TemplateError) in
        try cursor.next(&run)
      }
    },
    TemplateFilter("join", "d? attribute?") { run, value, arguments throws(TemplateError) in
      try run.joined(value, arguments)
    },
    TemplateFilter("items") { run, value, _ throws(TemplateError) in
      var place = 0
      return try run.iterator(over: value.size) { run throws(TemplateError) in
        if value.isUndefined { return nil }
        guard case .dict(let dictionary) = value else {
          throw run.fail(.type, "Can only get item pairs from a mapping.")
        }
        guard place < dictionary.members.count else { return nil }
        defer { place += 1 }
        return TemplateView(dictionary, .items)[place]
      }
    },
    TemplateFilter("sort", "reverse? case_sensitive? attribute?") {
      run, value, arguments throws(TemplateError) in
      let path = try run.paths(arguments[2], isSensitive: arguments[1]?.isTrue ?? false)
      let values = try run.elements(of: value)
      return try run.list(
        try run.sorted(values, isReversed: arguments[0]?.isTrue ?? false) {
          value, run throws(TemplateError) in
          var keys: [TemplateValue] = []
          for path in path { keys.append(try path.value(of: value, &run)) }
          // Lists, also of one: equal elements need not be comparable.
          return try run.list(keys)
        })
    },
    TemplateFilter("dictsort", "case_sensitive? by? reverse?") {
      run, value, arguments throws(TemplateError) in
      try run.dictionarySorted(value, arguments)
    },
    TemplateFilter("unique", "case_sensitive? attribute?") {
      run, value, arguments throws(TemplateError) in
      let path = try TemplatePath(
        arguments[1], isSensitive: arguments[0]?.isTrue ?? false, &run)
      var seen: Set<TemplateKey> = []
      return try run.filtered(value) { item, run throws(TemplateError) in
        seen.insert(try run.key(of: try path.value(of: item, &run))).inserted
      }
    },
    TemplateFilter("min", "case_sensitive? attribute?") {
      run, value, arguments throws(TemplateError) in
      try run.extreme(value, arguments, isLargest: false)
    },
    TemplateFilter("max", "case_sensitive? attribute?") {
      run, value, arguments throws(TemplateError) in
      try run.extreme(value, arguments, isLargest: true)
    },
    TemplateFilter("sum", "attribute? start?") { run, value, arguments throws(TemplateError) in
      let path = try arguments[0].flatMap { $0.isNone ? nil : $0 }.map {
        attribute throws(TemplateError) in
        try TemplatePath(attribute, isSensitive: true, &run)
      }
      var total = arguments[1] ?? .int(0)
      if case .text = total { throw run.fail(.type, "sum() can't sum strings") }
      var cursor = try run.cursor(value)
      while let item = try cursor.next(&run) {
        total = try run.compute(.add, total, try path?.value(of: item, &run) ?? item)
      }
      return total
    },
    TemplateFilter("groupby", "attribute default? case_sensitive?") {
      run, value, arguments throws(TemplateError) in
      try run.grouped(value, arguments)
    },
    TemplateFilter("batch", "linecount fill_with?") { run, value, arguments throws(TemplateError) in
      try run.batches(of: value, arguments)
    },
    TemplateFilter("slice", "slices fill_with?") { run, value, arguments throws(TemplateError) in
      try run.slices(of: value, arguments)
    },
  ]
}

extension TemplateRun {
  /// A walk from the end; nil where there is none.
  fileprivate mutating func reversed(
    _ value: TemplateValue
  ) throws(TemplateError) -> TemplateCursor? {
    switch value {
    case .list(let list), .tuple(let list): return TemplateCursor(.reversed(list))
    case .undefined: return TemplateCursor(.nothing)
    case .dict, .view, .range, .text:
      let list = TemplateList(try elements(of: value))
      return TemplateCursor(.reversed(list))
    default: return nil
    }
  }

  fileprivate mutating func joined(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    var separator = try text(of: arguments[0] ?? .text(.empty))
    let path = try path(arguments[1])
    var cursor = try cursor(value)
    var parts: [MarkedString] = []
    var hasMarkup = separator.isMarkup
    while let next = try cursor.next(&self) {
      let part = try text(of: try path?.value(of: next, &self) ?? next)
      try charge(bytes: part.utf8Count + separator.utf8Count)
      hasMarkup = hasMarkup || part.isMarkup
      parts.append(part)
    }
    let isMarkup = escapes && hasMarkup
    if isMarkup { separator = separator.escaped }
    var result = MarkedString()
    for (i, part) in parts.enumerated() {
      if i > 0 { result.append(separator) }
      result.append(isMarkup ? part.escaped : part)
      guard result.utf8Count <= limits.outputBytes else {
        throw fail(.limit, "more than \(limits.outputBytes) bytes of text")
      }
    }
    result.isMarkup = isMarkup
    return .string(result)
  }

  /// The path of an attribute that may be left out.
  private mutating func path(_ attribute: TemplateValue?) throws(TemplateError) -> TemplatePath? {
    guard let attribute, !attribute.isNone else { return nil }
    return try TemplatePath(attribute, isSensitive: true, &self)
  }

  /// Several paths with commas between.
  fileprivate mutating func paths(
    _ attribute: TemplateValue?, isSensitive: Bool
  ) throws(TemplateError) -> [TemplatePath] {
    guard case .text(let text) = attribute ?? .none else {
      return [try TemplatePath(attribute, isSensitive: isSensitive, &self)]
    }
    var paths: [TemplatePath] = []
    for part in text.string.split([0x2C], limit: -1) {
      paths.append(try TemplatePath(.string(part), isSensitive: isSensitive, &self))
    }
    return paths
  }

  fileprivate mutating func dictionarySorted(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let by = arguments[1]?.string?.text ?? (arguments[1] == nil ? "key" : "")
    guard by == "key" || by == "value" else {
      throw fail(.type, "You can only sort by either \"key\" or \"value\"")
    }
    try use(value)
    guard case .dict(let dictionary) = value else {
      throw fail(.type, "dictsort of a '\(value.kind)'")
    }
    let path = try TemplatePath(nil, isSensitive: arguments[0]?.isTrue ?? false, &self)
    let entries = try sorted(
      dictionary.members.entries, isReversed: arguments[2]?.isTrue ?? false
    ) { (entry: (key: TemplateValue, value: TemplateValue), run) throws(TemplateError) in
      try path.value(of: by == "key" ? entry.key : entry.value, &run)
    }
    return try list(entries.map { .tuple(TemplateList([$0.key, $0.value])) })
  }

  fileprivate mutating func extreme(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments, isLargest: Bool
  ) throws(TemplateError) -> TemplateValue {
    let path = try TemplatePath(arguments[1], isSensitive: arguments[0]?.isTrue ?? false, &self)
    var cursor = try cursor(value)
    guard var best = try cursor.next(&self) else {
      return undefined(.missing("No aggregated item, sequence was empty."))
    }
    var bestKey = try path.value(of: best, &self)
    while let item = try cursor.next(&self) {
      let key = try path.value(of: item, &self)
      if isLargest ? try isLess(bestKey, key) : try isLess(key, bestKey) {
        best = item
        bestKey = key
      }
    }
    return best
  }

  fileprivate mutating func grouped(
    _ value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let isSensitive = arguments[2]?.isTrue ?? false
    let path = try TemplatePath(
      arguments[0], isSensitive: isSensitive, default: arguments[1], &self)
    let shown = try TemplatePath(arguments[0], isSensitive: true, default: arguments[1], &self)
    let values = try sorted(try elements(of: value), isReversed: false) {
      item, run throws(TemplateError) in
      try path.value(of: item, &run)
    }
    var groups: [TemplateValue] = []
    var start = 0
    while start < values.count {
      let key = try path.value(of: values[start], &self)
      var end = start + 1
      while end < values.count, try equal(try path.value(of: values[end], &self), key) { end += 1 }
      let label = isSensitive ? key : try shown.value(of: values[start], &self)
      let members = try list(Array(values[start..<end]))
      groups.append(.tuple(TemplateList([label, members], isGroup: true)))
      start = end
    }
    return try list(groups)
  }

  fileprivate mutating func batches(
    of value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let filler = arguments[1].flatMap { $0.isNone ? nil : $0 }
    var cursor: TemplateCursor?
    var isDone = false
    var held: TemplateValue?
    return try iterator(over: value.size) { run throws(TemplateError) in
      guard !isDone else { return nil }
      if cursor == nil { cursor = try run.cursor(value) }
      var batch: [TemplateValue] = []
      if let first = held {
        batch.append(first)
        held = nil
      }
      while let item = try cursor?.next(&run) {
        if case .int(let count)? = arguments[0], batch.count == count {
          held = item
          return try run.list(batch)
        }
        batch.append(item)
      }
      isDone = true
      guard !batch.isEmpty else { return nil }
      if let filler {
        let missing = try run.integer(arguments[0], 0, "linecount") - batch.count
        if missing > 0 {
          try run.step(missing)
          batch += Array(repeating: filler, count: missing)
        }
      }
      return try run.list(batch)
    }
  }

  fileprivate mutating func slices(
    of value: TemplateValue, _ arguments: TemplateBoundArguments
  ) throws(TemplateError) -> TemplateValue {
    let filler = arguments[1].flatMap { $0.isNone ? nil : $0 }
    var values: [TemplateValue]?
    var number = 0
    var start = 0
    return try iterator(over: value.size) { run throws(TemplateError) in
      if values == nil { values = try run.elements(of: value) }
      let all = values ?? []
      let slices = try run.integer(arguments[0], 0, "slices")
      guard slices != 0 else { throw run.fail(.type, "integer division or modulo by zero") }
      guard number < slices else { return nil }
      let hasExtra = number < all.count % slices
      let end = start + all.count / slices + (hasExtra ? 1 : 0)
      var slice = Array(all[start..<end])
      if let filler, !hasExtra { slice.append(filler) }
      start = end
      number += 1
      return try run.list(slice)
    }
  }

  /// The items that a condition lets through, one after the other.
  mutating func filtered(
    _ value: TemplateValue,
    _ holds: @escaping (TemplateValue, inout TemplateRun) throws(TemplateError) -> Bool
  ) throws(TemplateError) -> TemplateValue {
    var cursor: TemplateCursor?
    return try iterator(over: value.size) { run throws(TemplateError) in
      if cursor == nil { cursor = try run.cursor(value) }
      while let item = try cursor?.next(&run) { if try holds(item, &run) { return item } }
      return nil
    }
  }
}

/// What a filter takes of each item: a path such as `function.name`, a number, or the item itself.
struct TemplatePath {
  private let keys: [TemplateValue]
  private let fallback: TemplateValue?
  private let isSensitive: Bool

  /// - Parameters:
  ///   - isSensitive: whether texts keep their case.
  ///   - fallback: what takes the place of something undefined.
  init(
    _ attribute: TemplateValue?, isSensitive: Bool, default fallback: TemplateValue? = nil,
    _ run: inout TemplateRun
  ) throws(TemplateError) {
    self.isSensitive = isSensitive
    self.fallback = fallback.flatMap { $0.isNone ? nil : $0 }
    switch attribute {
    case nil, .some(.none): keys = []
    case .some(.text(let text)):
      try run.step(1 + text.string.utf8Count)
      keys = text.string.split([0x2E], limit: -1).map { part in
        let isNumber = !part.isEmpty && part.bytes.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? Int(part.text).map { .int($0) } ?? .string(part) : .string(part)
      }
    case .some(let key): keys = [key]
    }
  }

  func value(
    of item: TemplateValue, _ run: inout TemplateRun
  ) throws(TemplateError) -> TemplateValue {
    var found = item
    for key in keys {
      found = try run.item(key, of: found)
      if found.isUndefined, let fallback { found = fallback }
    }
    guard !isSensitive, case .text(let text) = found else { return found }
    try run.step(1 + text.string.utf8Count / 16)
    return .string(PythonText.lowercased(text.string))
  }
}
