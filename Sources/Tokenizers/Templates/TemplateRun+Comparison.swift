extension TemplateRun {
  /// Python's `==`.
  mutating func equal(
    _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch (a, b) {
    case (.text(let x), .text(let y)):
      return x === y || x.string.bytes == y.string.bytes
    case (.int(let x), .int(let y)): return x == y
    case (.none, .none): return true
    case (.undefined, .text), (.text, .undefined), (.none, .text), (.text, .none): return false
    case (.list, .list), (.tuple, .tuple), (.dict, .dict), (.view, .view):
      try step(min(a.size.weight, b.size.weight))
      return TemplateValue.equal(a, b)
    default: return TemplateValue.equal(a, b)
    }
  }

  mutating func compare(
    _ kind: TemplateComparison.Kind, _ a: TemplateValue, _ b: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch kind {
    case .equal: return try equal(a, b)
    case .notEqual: return !(try equal(a, b))
    case .less: return try isLess(a, b)
    case .greater: return try isLess(b, a)
    case .lessOrEqual: return try isLess(a, b, orEqual: true)
    case .greaterOrEqual: return try isLess(b, a, orEqual: true)
    case .isIn: return try contains(b, a)
    case .isNotIn: return !(try contains(b, a))
    }
  }

  /// Python's `<`, or `<=`.
  mutating func isLess(
    _ a: TemplateValue, _ b: TemplateValue, orEqual: Bool = false
  ) throws(TemplateError) -> Bool {
    try use(a)
    try use(b)
    if let x = a.integer, let y = b.integer { return x < y || (orEqual && x == y) }
    if a.isNumber, b.isNumber {
      return TemplateValue.isLess(a, b) || (orEqual && TemplateValue.equal(a, b))
    }
    switch (a, b) {
    case (.text(let x), .text(let y)):
      try step(min(x.string.utf8Count, y.string.utf8Count) / 16)
      // UTF-8 sorts as code points do.
      return orEqual
        ? !y.string.bytes.lexicographicallyPrecedes(x.string.bytes)
        : x.string.bytes.lexicographicallyPrecedes(y.string.bytes)
    case (.list(let x), .list(let y)), (.tuple(let x), .tuple(let y)):
      try step(min(a.size.weight, b.size.weight))
      for (left, right) in zip(x.elements, y.elements) where !TemplateValue.equal(left, right) {
        return try isLess(left, right, orEqual: orEqual)
      }
      let (m, n) = (x.elements.count, y.elements.count)
      return orEqual ? m <= n : m < n
    default:
      throw fail(.type, "'<' not supported between '\(a.kind)' and '\(b.kind)'")
    }
  }

  /// Python's `element in container`.
  mutating func contains(
    _ container: TemplateValue, _ element: TemplateValue
  ) throws(TemplateError) -> Bool {
    switch container {
    case .text(let text):
      try use(element)
      guard let part = element.string else {
        throw fail(.type, "'in <string>' requires string as left operand, not \(element.kind)")
      }
      try step(text.string.utf8Count / 16)
      return text.string.firstRange(of: part.bytes, from: 0) != nil
    case .dict(let dictionary): return dictionary.members[try key(of: element)] != nil
    case .view(let view):
      if case .keys = view.kind { return view.dictionary.members[try key(of: element)] != nil }
    case .range(let range):
      if let integer = element.integer { return range.index(of: integer) != nil }
      guard let number = element.number, let integer = Int(exactly: number) else { return false }
      return range.index(of: integer) != nil
    case .list(let list), .tuple(let list):
      for value in list.elements where try equal(value, element) { return true }
      try step(list.elements.count)
      return false
    default: break
    }
    var cursor = try cursor(container)
    while let value = try cursor.next(&self) { if try equal(value, element) { return true } }
    return false
  }

  /// The value as a key; an error where Python calls it unhashable.
  mutating func key(of value: TemplateValue) throws(TemplateError) -> TemplateKey {
    if case .tuple = value { try charge(walk: value) }
    guard let key = value.key else { throw fail(.type, "unhashable type: '\(value.kind)'") }
    return key
  }

  /// A merge sort, since a comparison may fail and equal ones keep their order.
  mutating func sorted<Element>(
    _ elements: [Element], isReversed: Bool,
    by key: (Element, inout TemplateRun) throws(TemplateError) -> TemplateValue
  ) throws(TemplateError) -> [Element] {
    var current: [(key: TemplateValue, element: Element)] = []
    current.reserveCapacity(elements.count)
    for element in elements { current.append((try key(element, &self), element)) }
    var width = 1
    while width < current.count {
      try step(current.count)
      var next: [(key: TemplateValue, element: Element)] = []
      next.reserveCapacity(current.count)
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
    return current.map(\.element)
  }
}

extension TemplateValue {
  /// Whether both are one object; small values are where they are equal and of one type.
  static func isSame(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.none, .none): true
    case (.bool(let x), .bool(let y)): x == y
    case (.int(let x), .int(let y)): x == y
    case (.big(let x), .big(let y)): x === y
    case (.text(let x), .text(let y)): x === y || x.string.bytes == y.string.bytes
    case (.undefined(let x), .undefined(let y)): x === y
    case (.list(let x), .list(let y)), (.tuple(let x), .tuple(let y)): x === y
    case (.dict(let x), .dict(let y)): x === y
    case (.view(let x), .view(let y)): x === y
    case (.range(let x), .range(let y)): x === y
    case (.iterator(let x), .iterator(let y)): x === y
    case (.namespace(let x), .namespace(let y)): x == y
    case (.loop(let x), .loop(let y)): x === y
    case (.callable(let x), .callable(let y)): x === y
    default: false
    }
  }

  /// Python's `==`. The caller has paid for the walk.
  static func equal(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
    switch (a, b) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.text(let x), .text(let y)): return x.string.bytes == y.string.bytes
    case (.list(let x), .list(let y)), (.tuple(let x), .tuple(let y)):
      return x === y
        || (x.elements.count == y.elements.count
          && zip(x.elements, y.elements).allSatisfy { equal($0, $1) })
    case (.dict(let x), .dict(let y)):
      return x === y || equal(x.members, y.members)
    case (.view(let x), .view(let y)): return equal(x, y)
    case (.range(let x), .range(let y)): return a.key == b.key || x === y
    case (.int(let x), .double(let y)): return Int(exactly: y) == x
    case (.double(let x), .int(let y)): return Int(exactly: x) == y
    default: break
    }
    if let x = a.integer, let y = b.integer { return x == y }
    if a.isNumber, b.isNumber { return a.key == b.key }
    return isSame(a, b)
  }

  private static func equal(_ a: TemplateMembers, _ b: TemplateMembers) -> Bool {
    a.count == b.count
      && a.entries.allSatisfy { entry in
        guard let key = entry.key.key, let other = b[key] else { return false }
        return equal(entry.value, other)
      }
  }

  /// Views of keys and items are sets.
  private static func equal(_ a: TemplateView, _ b: TemplateView) -> Bool {
    switch (a.kind, b.kind) {
    case (.keys, .keys):
      let (x, y) = (a.dictionary.members, b.dictionary.members)
      return x.count == y.count
        && x.entries.allSatisfy { entry in entry.key.key.map { y[$0] != nil } ?? false }
    case (.items, .items): return equal(a.dictionary.members, b.dictionary.members)
    default: return a === b
    }
  }

  /// `<` between numbers.
  fileprivate static func isLess(_ a: TemplateValue, _ b: TemplateValue) -> Bool {
    if let x = a.wholeNumber, let y = b.wholeNumber { return x < y }
    switch (a, b) {
    case (.double(let x), .double(let y)): return x < y
    case (.double(let x), _):
      guard x.isFinite else { return x < 0 }
      // Exactly, as no `Double` holds every integer.
      guard let y = b.wholeNumber else { return false }
      let whole = BigInteger(truncating: x)
      return whole == y ? x < x.rounded(.towardZero) : whole < y
    case (_, .double(let y)):
      guard y.isFinite else { return y > 0 }
      guard let x = a.wholeNumber else { return false }
      let whole = BigInteger(truncating: y)
      return whole == x ? y.rounded(.towardZero) < y : x < whole
    default: return false
    }
  }
}
