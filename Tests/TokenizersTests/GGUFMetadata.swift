import ApusTokenizers
import Foundation

/// The vocabulary of a GGUF file, read by the test's own reader: `Checkpoints` is not below this
/// room.
struct GGUFMetadata {
  private var bytes: [UInt8]
  private var at = 0
  private(set) var strings: [String: String] = [:]
  private(set) var numbers: [String: Double] = [:]
  private(set) var stringArrays: [String: [String]] = [:]
  private(set) var numberArrays: [String: [Double]] = [:]

  init(path: String) throws {
    bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    at = 8  // magic and version 2 or 3
    _ = integer(8)
    for _ in 0..<integer(8) {
      let key = string()
      read(key, type: integer(4))
    }
  }

  var vocabulary: GGUFVocabulary {
    let prefix = "tokenizer.ggml."
    var result = GGUFVocabulary(
      model: strings[prefix + "model"] ?? "", pre: strings[prefix + "pre"],
      tokens: stringArrays[prefix + "tokens"] ?? [],
      scores: (numberArrays[prefix + "scores"] ?? []).map(Float.init),
      tokenTypes: (numberArrays[prefix + "token_type"] ?? []).map { Int32($0) },
      merges: stringArrays[prefix + "merges"] ?? [])
    result.bosID = numbers[prefix + "bos_token_id"].map { Int32($0) }
    result.eosID = numbers[prefix + "eos_token_id"].map { Int32($0) }
    result.unknownID = numbers[prefix + "unknown_token_id"].map { Int32($0) }
    result.separatorID = numbers[prefix + "seperator_token_id"].map { Int32($0) }
    result.addEOS = numbers[prefix + "add_eos_token"].map { $0 != 0 }
    result.removeExtraSpaces = numbers[prefix + "remove_extra_whitespaces"].map { $0 != 0 }
    result.characterMap = (numberArrays[prefix + "precompiled_charsmap"] ?? [])
      .map { UInt8(truncatingIfNeeded: Int($0)) }
    result.addBOS = numbers[prefix + "add_bos_token"].map { $0 != 0 }
    result.addSpacePrefix = numbers[prefix + "add_space_prefix"].map { $0 != 0 }
    return result
  }

  private mutating func read(_ key: String, type: Int) {
    switch type {
    case 8: strings[key] = string()
    case 9:
      let element = integer(4)
      let count = integer(8)
      if element == 8 {
        stringArrays[key] = (0..<count).map { _ in string() }
      } else {
        numberArrays[key] = (0..<count).map { _ in number(element) }
      }
    default: numbers[key] = number(type)
    }
  }

  private mutating func integer(_ size: Int) -> Int {
    var value: UInt64 = 0
    for i in 0..<size { value |= UInt64(bytes[at + i]) << UInt64(8 * i) }
    at += size
    return Int(truncatingIfNeeded: value)
  }

  private mutating func string() -> String {
    let count = integer(8)
    defer { at += count }
    return String(decoding: bytes[at..<at + count], as: UTF8.self)
  }

  private mutating func number(_ type: Int) -> Double {
    switch type {
    case 0, 7: Double(integer(1))
    case 1: Double(Int8(truncatingIfNeeded: integer(1)))
    case 2: Double(integer(2))
    case 3: Double(Int16(truncatingIfNeeded: integer(2)))
    case 4: Double(integer(4))
    case 5: Double(Int32(truncatingIfNeeded: integer(4)))
    case 6: Double(Float(bitPattern: UInt32(integer(4))))
    case 12: Double(bitPattern: UInt64(bitPattern: Int64(integer(8))))
    default: Double(integer(8))
    }
  }
}
