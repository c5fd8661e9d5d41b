/// Many names written as few: those that differ only in numbers become one, with the numbers as
/// ranges. `layers.0.norm.weight` to `layers.3.norm.weight` are `layers.{0...3}.norm.weight`.
package enum CollapsedNames {
  /// - Returns: sorted; together they stand for exactly the names that were given.
  package static func of(_ names: some Sequence<String>) -> [String] {
    var rows = Set(names.map { $0.split(separator: ".", omittingEmptySubsequences: false) })
      .map { $0.map(Part.init) }
    let length = rows.map(\.count).max() ?? 0
    // From the first place to the last: what is one range there differs in nothing else before it.
    for place in 0..<length { rows = collapsed(rows, at: place) }
    return rows.map { $0.map(\.text).joined(separator: ".") }.sorted()
  }

  /// The name with every number replaced by `*`: what names that differ in numbers share.
  package static func pattern(of name: String) -> String {
    name.split(separator: ".", omittingEmptySubsequences: false)
      .map { Int($0) == nil ? $0 : "*" }.joined(separator: ".")
  }

  private struct Part: Hashable {
    var text: String
    var number: Int?

    init(_ text: Substring) {
      self.text = String(text)
      // Only numbers that are written as they are printed.
      number = Int(text).flatMap { "\($0)" == text && $0 >= 0 ? $0 : nil }
    }
    init(_ numbers: [Int]) {
      text = CollapsedNames.ranges(numbers.sorted())
      number = nil
    }
  }

  /// Rows that differ in a number at one place only become one row.
  private static func collapsed(_ rows: [[Part]], at place: Int) -> [[Part]] {
    var groups: [[Part]: [Int]] = [:]
    var result: [[Part]] = []
    for row in rows {
      guard row.indices.contains(place), let number = row[place].number else {
        result.append(row)
        continue
      }
      var key = row
      key[place] = Part("#")
      groups[key, default: []].append(number)
    }
    for (key, numbers) in groups {
      var row = key
      row[place] = numbers.count == 1 ? Part("\(numbers[0])") : Part(numbers)
      // It was looked at: a single number stays as it is.
      row[place].number = nil
      result.append(row)
    }
    return result
  }

  /// `{0...3, 7}`.
  private static func ranges(_ numbers: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    let texts = ranges.map {
      $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)...\($0.upperBound)"
    }
    return "{" + texts.joined(separator: ", ") + "}"
  }
}
