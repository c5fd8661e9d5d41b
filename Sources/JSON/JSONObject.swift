/// The members of an object in the order they were written. Equality ignores the order.
public struct JSONObject: Sendable {
  /// Objects up to this size are searched one by one, which is quicker than hashing and smaller.
  private static let indexThreshold = 8

  private var entries: [(key: String, value: JSONValue)] = []
  private var index: [Name: Int] = [:]

  /// A name as its code points: Swift's `String` calls U+03AF and U+1F77 equal, JSON does not, and
  /// vocabularies have both.
  private struct Name: Hashable {
    let text: String

    static func == (a: Name, b: Name) -> Bool {
      a.text == b.text && a.text.utf8.elementsEqual(b.text.utf8)
    }
    /// By code units, not by what `String` hashes: thousands of spellings that it calls equal would
    /// all meet in one place.
    func hash(into hasher: inout Hasher) {
      var (word, count): (UInt64, UInt64) = (0, 0)
      for byte in text.utf8 {
        word = word << 8 | UInt64(byte)
        count &+= 1
        if count & 7 == 0 { hasher.combine(word) }
      }
      hasher.combine(word)
      hasher.combine(count)
    }
  }

  public init() {}

  /// Later members of the same name replace earlier ones.
  public init(_ members: [(String, JSONValue)]) {
    for (key, value) in members { self[key] = value }
  }

  public var count: Int { entries.count }
  public var isEmpty: Bool { entries.isEmpty }
  public var keys: [String] { entries.map(\.key) }
  public var values: [JSONValue] { entries.map(\.value) }

  /// Setting nil removes the member; a new name is appended.
  public subscript(key: String) -> JSONValue? {
    get { position(of: key).map { entries[$0].value } }
    set {
      switch (position(of: key), newValue) {
      case (let at?, let value?): entries[at].value = value
      case (nil, let value?): _ = append(key, value)
      case (let at?, nil):
        entries.remove(at: at)
        rebuildIndex()
      case (nil, nil): break
      }
    }
  }

  /// Appends a member; false, and nothing changes, where the name is there already.
  mutating func append(_ key: String, _ value: JSONValue) -> Bool {
    if entries.count < Self.indexThreshold {
      if position(of: key) != nil { return false }
      entries.append((key, value))
      return true
    }
    if index.isEmpty { rebuildIndex() }
    let place = entries.count
    let existing = index.updateValue(place, forKey: Name(text: key))
    if let existing {
      index[Name(text: key)] = existing
      return false
    }
    entries.append((key, value))
    return true
  }

  private mutating func rebuildIndex() {
    index.removeAll(keepingCapacity: true)
    if entries.count < Self.indexThreshold { return }
    for (place, entry) in entries.enumerated() { index[Name(text: entry.key)] = place }
  }

  private func position(of key: String) -> Int? {
    let name = Name(text: key)
    return index.isEmpty ? entries.firstIndex { Name(text: $0.key) == name } : index[name]
  }
}

extension JSONObject: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { entries.count }
  public subscript(position: Int) -> (key: String, value: JSONValue) { entries[position] }
}

extension JSONObject: Hashable {
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.allSatisfy { b[$0.key] == $0.value }
  }

  public func hash(into hasher: inout Hasher) {
    // A sum, since the order must not count.
    var sum = 0
    for entry in entries {
      var part = Hasher()
      part.combine(entry.key)
      part.combine(entry.value)
      sum &+= part.finalize()
    }
    hasher.combine(sum)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
