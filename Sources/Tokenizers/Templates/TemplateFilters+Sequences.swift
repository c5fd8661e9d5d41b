extension TemplateEvaluator {
  mutating func sequenceFilter(
    _ name: String, _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    if name == "items" { return try items(of: value) }
    if name == "first" || name == "last" || name == "reverse" {
      return try endFilter(name, value)
    }
    // These look whether there is anything before they go through it, so that None passes.
    let values = goesThroughNothing(name, value) ? [] : try iterate(value)
    try step(values.count)
    switch name {
    case "list": return .list(values)
    case "join": return .string(try joined(values, arguments))
    case "map": return .iterator(try mapped(values, arguments), .generator)
    case "select", "reject", "selectattr", "rejectattr":
      return .iterator(try selected(name, values, arguments), .generator)
    case "sort":
      return .list(
        try sorted(
          values, arguments, reverse: 0, caseSensitive: 1, attribute: 2))
    case "unique": return .iterator(try unique(values, arguments), .generator)
    case "min", "max": return try extreme(name, values, arguments)
    case "sum": return try sum(values, arguments)
    case "groupby": return .list(try grouped(values, arguments))
    case "dictsort": return .list(try dictionarySorted(value, arguments))
    case "batch": return .iterator(try batches(values, arguments), .generator)
    default: return .iterator(try slices(values, arguments), .generator)
    }
  }

  private func goesThroughNothing(_ name: String, _ value: TemplateValue) -> Bool {
    ["map", "select", "reject", "selectattr", "rejectattr"].contains(name) && !value.isTrue
  }

  private func items(of value: TemplateValue) throws(TemplateError) -> TemplateValue {
    switch value {
    case .undefined: return .iterator([], .generator)
    case .dict(let members):
      return .iterator(members.entries.map { .tuple([$0.key, $0.value]) }, .generator)
    default: throw fail(.type, "Can only get item pairs from a mapping.")
    }
  }

  private mutating func endFilter(
    _ name: String, _ value: TemplateValue
  ) throws(TemplateError) -> TemplateValue {
    if name == "reverse" {
      if case .string(let text) = value {
        return .string(text.sliced(Array((0..<text.characterCount).reversed()), -1))
      }
      return .iterator(try iterate(value).reversed(), .generator)
    }
    let values = try iterate(value)
    let found = name == "first" ? values.first : values.last
    return found ?? .undefined(.missing("No \(name) item, sequence was empty."))
  }

  // MARK: Attributes

  /// The value behind a path such as `function.name`, or a number.
  private mutating func attribute(
    at path: TemplateValue, of value: TemplateValue, default fallback: TemplateValue?
  ) throws(TemplateError) -> TemplateValue {
    var found = value
    if path.integer != nil {
      found = try item(path, of: value)
    } else {
      for part in try text(of: path).split([0x2E], limit: -1) {
        let key: TemplateValue = Int(part.text).map { .int($0) } ?? .string(part)
        found = try item(key, of: found)
        if found.isUndefined, let fallback { found = fallback }
      }
    }
    return found
  }

  /// What a filter orders by: the value, or an attribute of it, in lower case unless told
  /// otherwise.
  private mutating func sortKey(
    _ value: TemplateValue, attribute path: TemplateValue?, caseSensitive: Bool
  ) throws(TemplateError) -> TemplateValue {
    var key = value
    if let path, !path.isNone { key = try attribute(at: path, of: value, default: nil) }
    guard !caseSensitive, let text = key.string else { return key }
    return .string(text.mapRuns(PythonText.lowercased))
  }

  private mutating func sorted(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments, reverse: Int,
    caseSensitive: Int, attribute: Int
  ) throws(TemplateError) -> [TemplateValue] {
    let isReversed = arguments.value(reverse, "reverse")?.isTrue ?? false
    let isSensitive = arguments.value(caseSensitive, "case_sensitive")?.isTrue ?? false
    let path = arguments.value(attribute, "attribute")
    var keyed: [(key: [TemplateValue], value: TemplateValue)] = []
    for value in values {
      var keys: [TemplateValue] = []
      if let text = path?.string, text.firstRange(of: [0x2C], from: 0) != nil {
        for part in text.split([0x2C], limit: -1) {
          keys.append(
            try sortKey(value, attribute: .string(part), caseSensitive: isSensitive))
        }
      } else {
        keys = [try sortKey(value, attribute: path, caseSensitive: isSensitive)]
      }
      keyed.append((keys, value))
    }
    return try stableSorted(keyed, isReversed: isReversed)
  }

  /// A merge sort, since a comparison may fail and equal ones keep their order.
  private mutating func stableSorted(
    _ keyed: [(key: [TemplateValue], value: TemplateValue)], isReversed: Bool
  ) throws(TemplateError) -> [TemplateValue] {
    var current = keyed
    var width = 1
    while width < current.count {
      try step(current.count)
      var next: [(key: [TemplateValue], value: TemplateValue)] = []
      for start in stride(from: 0, to: current.count, by: 2 * width) {
        let middle = min(start + width, current.count)
        let end = min(start + 2 * width, current.count)
        var left = start
        var right = middle
        while left < middle || right < end {
          var takesRight = left == middle
          if left < middle, right < end {
            let (a, b) = (current[left].key, current[right].key)
            takesRight = isReversed ? try isLess(a, b) : try isLess(b, a)
          }
          next.append(takesRight ? current[right] : current[left])
          if takesRight { right += 1 } else { left += 1 }
        }
      }
      current = next
      width *= 2
    }
    return current.map(\.value)
  }

  private func isLess(_ a: [TemplateValue], _ b: [TemplateValue]) throws(TemplateError) -> Bool {
    try isLess(.tuple(a), .tuple(b))
  }

  // MARK: The filters

  private mutating func joined(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> MarkedString {
    let separator = try text(of: arguments.value(0, "d") ?? .string(MarkedString()))
    let path = arguments.value(1, "attribute")
    var result = MarkedString()
    for (i, value) in values.enumerated() {
      var part = value
      if let path, !path.isNone { part = try attribute(at: path, of: value, default: nil) }
      if i > 0 { result.append(separator) }
      result.append(try text(of: part))
      try charge(bytes: result.utf8Count)
    }
    return result
  }

  private mutating func mapped(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    var result: [TemplateValue] = []
    result.reserveCapacity(values.count)
    if arguments.positional.isEmpty, let path = arguments.keyword("attribute") {
      let fallback = arguments.keyword("default")
      for value in values { result.append(try attribute(at: path, of: value, default: fallback)) }
      return result
    }
    guard let name = arguments.positional.first else {
      throw fail(.type, "map requires a filter argument")
    }
    let filter = try text(of: name).text
    var rest = arguments
    rest.positional.removeFirst()
    for value in values { result.append(try apply(filter, to: value, rest)) }
    return result
  }

  private mutating func selected(
    _ name: String, _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    var rest = arguments
    var path: TemplateValue?
    if name.hasSuffix("attr") {
      guard !rest.positional.isEmpty else { throw fail(.type, "\(name) needs an attribute") }
      path = rest.positional.removeFirst()
    }
    let test =
      rest.positional.isEmpty ? nil : try text(of: rest.positional.removeFirst()).text
    let wanted = name.hasPrefix("select")
    var result: [TemplateValue] = []
    for value in values {
      let subject = try path.map { path throws(TemplateError) in
        try attribute(at: path, of: value, default: nil)
      }
      let holds =
        try test.map { test throws(TemplateError) in
          try self.test(subject ?? value, test, rest)
        } ?? (subject ?? value).isTrue
      if holds == wanted { result.append(value) }
    }
    return result
  }

  private mutating func unique(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    let isSensitive = arguments.value(0, "case_sensitive")?.isTrue ?? false
    var seen: Set<TemplateKey> = []
    var result: [TemplateValue] = []
    for value in values {
      let key = try sortKey(
        value, attribute: arguments.value(1, "attribute"), caseSensitive: isSensitive)
      if seen.insert(try hashed(key)).inserted { result.append(value) }
    }
    return result
  }

  private mutating func extreme(
    _ name: String, _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    let isSensitive = arguments.value(0, "case_sensitive")?.isTrue ?? false
    let path = arguments.value(1, "attribute")
    guard var best = values.first else {
      return .undefined(.missing("No aggregated item, sequence was empty."))
    }
    var bestKey = try sortKey(best, attribute: path, caseSensitive: isSensitive)
    for value in values.dropFirst() {
      let key = try sortKey(value, attribute: path, caseSensitive: isSensitive)
      if name == "min" ? try isLess(key, bestKey) : try isLess(bestKey, key) {
        best = value
        bestKey = key
      }
    }
    return best
  }

  private mutating func sum(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> TemplateValue {
    let path = arguments.value(0, "attribute")
    var total = arguments.value(1, "start") ?? .int(0)
    for value in values {
      var part = value
      if let path, !path.isNone { part = try attribute(at: path, of: value, default: nil) }
      total = try compute(.add, total, part)
    }
    return total
  }

  private mutating func grouped(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    guard let path = arguments.value(0, "attribute") else {
      throw fail(.type, "groupby needs an attribute")
    }
    let fallback = arguments.value(1, "default")
    var keyed: [(key: [TemplateValue], value: TemplateValue)] = []
    for value in values {
      let key = try attribute(at: path, of: value, default: fallback)
      // Tuples call two undefined keys equal; the reference groups by the bare ones, which it
      // refuses.
      if values.count > 1 { try use(key) }
      keyed.append(([key], .tuple([key, value])))
    }
    var groups: [(key: TemplateValue, values: [TemplateValue])] = []
    for pair in try stableSorted(keyed, isReversed: false) {
      guard case .tuple(let parts) = pair else { continue }
      if let last = groups.last, last.key == parts[0] {
        groups[groups.count - 1].values.append(parts[1])
      } else {
        groups.append((parts[0], [parts[1]]))
      }
    }
    return groups.map { .tuple([$0.key, .list($0.values)]) }
  }

  /// `dictsort(case_sensitive, by, reverse)`.
  private mutating func dictionarySorted(
    _ value: TemplateValue, _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    guard case .dict(let members) = value else {
      try use(value)
      throw fail(.undefined, "'\(value.kind) object' has no attribute 'items'")
    }
    let isSensitive = arguments.value(0, "case_sensitive")?.isTrue ?? false
    let by = try arguments.value(1, "by").map { by throws(TemplateError) in try text(of: by).text }
    var keyed: [(key: [TemplateValue], value: TemplateValue)] = []
    for entry in members.entries {
      let subject = by == "value" ? entry.value : entry.key
      keyed.append(
        (
          [try sortKey(subject, attribute: nil, caseSensitive: isSensitive)],
          .tuple([entry.key, entry.value])
        ))
    }
    return try stableSorted(keyed, isReversed: arguments.value(2, "reverse")?.isTrue ?? false)
  }

  private mutating func batches(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    let size = max(1, arguments.value(0, "linecount")?.integer ?? 1)
    var batches: [[TemplateValue]] = stride(from: 0, to: values.count, by: size).map {
      Array(values[$0..<min($0 + size, values.count)])
    }
    if let fill = arguments.value(1, "fill_with"), !fill.isNone, let last = batches.last {
      try step(size)
      batches[batches.count - 1] += Array(repeating: fill, count: size - last.count)
    }
    return batches.map { .list($0) }
  }

  private mutating func slices(
    _ values: [TemplateValue], _ arguments: TemplateCallArguments
  ) throws(TemplateError) -> [TemplateValue] {
    let count = max(1, arguments.value(0, "slices")?.integer ?? 1)
    try step(count)
    let fill = arguments.value(1, "fill_with")
    var result: [TemplateValue] = []
    var at = 0
    for i in 0..<count {
      let size = values.count / count + (i < values.count % count ? 1 : 0)
      var part = Array(values[at..<at + size])
      if let fill, !fill.isNone, i >= values.count % count { part.append(fill) }
      result.append(.list(part))
      at += size
    }
    return result
  }
}
