import ApusJSON

/// Changes a document so that it stays one: nearly all that a bit flip makes of JSON is refused by the
/// parser, and whoever reads the document is never asked.
struct JSONMutator {
  private var random: SplitMix

  init(seed: UInt32) { random = SplitMix(seed: seed) }

  /// One to three values changed.
  mutating func change(_ value: JSONValue) -> JSONValue {
    var result = value
    for _ in 0...next(3) {
      var place = next(Self.count(result))
      result = change(result, at: &place, donor: result)
    }
    return result
  }

  private mutating func next(_ bound: Int) -> Int { random.next(bound) }

  private static func count(_ value: JSONValue) -> Int {
    switch value {
    case .array(let elements): elements.reduce(1) { $0 + count($1) }
    case .object(let members): members.reduce(1) { $0 + count($1.value) }
    default: 1
    }
  }

  /// The values are numbered from the outside in; the one at `place` is changed.
  private mutating func change(
    _ value: JSONValue, at place: inout Int, donor: JSONValue
  ) -> JSONValue {
    if place == 0 {
      place = -1
      return other(value, donor)
    }
    place -= 1
    switch value {
    case .array(let elements):
      var changed: [JSONValue] = []
      for element in elements {
        changed.append(place < 0 ? element : change(element, at: &place, donor: donor))
      }
      return .array(changed)
    case .object(let members):
      var changed: [(String, JSONValue)] = []
      for (key, element) in members {
        changed.append((key, place < 0 ? element : change(element, at: &place, donor: donor)))
      }
      return .object(JSONObject(changed))
    default: return value
    }
  }

  /// Something that may stand in a value's place, or the value of another place of the document.
  private mutating func other(_ value: JSONValue, _ donor: JSONValue) -> JSONValue {
    if next(5) == 0 { return part(of: donor) }
    switch value {
    case .number(let number):
      let near = number.intValue.map { [$0 &+ 1, $0 &- 1, 0 &- $0, $0 &* 2] } ?? []
      let far = [0, -1, 1, 127, 255, 65_536, 1 << 24, Int(Int32.max), Int(Int32.min), .max, .min]
      let all = near + far
      return .int(all[next(all.count)])
    case .string(let text):
      let all = ["", text + text, String(text.dropLast()), "\u{0}", "a", "▁", " ", "é", "<0x41>"]
      return .string(all[next(all.count)])
    case .bool(let flag): return .bool(!flag)
    case .null: return part(of: donor)
    case .array(let elements): return .array(rearranged(elements, donor))
    case .object(let members):
      let pairs = rearranged(members.map { $0 }, ("x", part(of: donor)))
      return .object(JSONObject(pairs))
    }
  }

  private mutating func rearranged<T>(_ elements: [T], _ more: T) -> [T] {
    var result = elements
    switch next(4) {
    case 0 where !result.isEmpty: result.remove(at: next(result.count))
    case 1 where !result.isEmpty: result.append(result[next(result.count)])
    case 2: result.reverse()
    default: result.insert(more, at: next(result.count + 1))
    }
    return result
  }

  private mutating func part(of value: JSONValue) -> JSONValue {
    var found = value
    for _ in 0..<next(6) {
      switch found {
      case .array(let elements) where !elements.isEmpty: found = elements[next(elements.count)]
      case .object(let members) where !members.isEmpty: found = members[next(members.count)].value
      default: return found
      }
    }
    return found
  }
}

/// libFuzzer's own changes to `size` of `most` bytes; returns how many there are then.
@_silgen_name("LLVMFuzzerMutate")
func changeBytes(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int) -> Int

/// Puts what `make` gives for the bytes in their place; libFuzzer's own changes where it gives nothing
/// that fits, and one time in four.
func replace(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32,
  by make: ([UInt8]) -> [UInt8]?
) -> Int {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: size))
  guard seed % 4 != 0, let made = make(bytes), made.count <= most else {
    return unsafe changeBytes(data, size, most)
  }
  for (index, byte) in made.enumerated() { unsafe data[index] = byte }
  return made.count
}
