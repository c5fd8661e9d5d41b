import ApusJSON
import Foundation
import Testing
import TestSupport

@Suite struct JSONParserTests {
  static let accepted: [(String, JSONValue)] = [
    ("null", .null), (" true ", true), ("false", false), ("0", 0), ("-12", -12),
    ("\"a\\u00e9\\n\\ud83d\\ude00\"", "aé\n😀"), ("[]", []), ("{}", [:]),
    ("[1, [2], {\"a\": null}]", [1, [2], ["a": nil]]), ("\u{FEFF}1", 1),
  ]

  @Test(arguments: accepted)
  func accepts(text: String, expected: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == expected)
  }

  @Test(arguments: [
    "", " ", "nul", "truE", "01", "1.", ".5", "-", "1e", "+1", "NaN", "Infinity", "[1,]", "[1 2]",
    "{",
    "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
    "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "1 2", "{\"a\":1,\"a\":2}", "'a'", "[1]]",
    "\"\\u+123\"",
  ])
  func refuses(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test func keepsDigitsAndOrder() throws {
    let text = "{\"b\":1.50,\"a\":12345678901234567890,\"c\":1E5}"
    let value = try JSONValue(parsing: text)
    #expect(value.serialized() == text)
    #expect(value["c"]?.intValue == 100_000)
    #expect(value["a"]?.intValue == nil)
    #expect(value["b"]?.doubleValue == 1.5)
  }

  @Test func limits() throws {
    let deep = String(repeating: "[", count: 100_000)
    let error = try #require(throws: JSONError.self) { try JSONValue(parsing: deep) }
    #expect(error.message == "nested more than 128 deep")
    let digits = String(repeating: "1", count: 1_000_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: digits) }
    var limits = JSONLimits()
    limits.bytes = 3
    #expect(throws: JSONError.self) { try JSONValue(parsing: "1234", limits: limits) }
    limits = JSONLimits()
    limits.allowsDuplicateKeys = true
    #expect(try JSONValue(parsing: "{\"a\":1,\"a\":2}", limits: limits) == ["a": 2])
  }

  @Test func tellsNamesApartByCodePoint() throws {
    let names = (0..<9).map { "\"n\($0)\":0" }.joined(separator: ",")
    for text in ["{\"\\u03af\":1,\"\\u1f77\":2}", "{\(names),\"\\u03af\":1,\"\\u1f77\":2}"] {
      let value = try JSONValue(parsing: text)
      #expect(value["\u{3AF}"] == 1)
      #expect(value["\u{1F77}"] == 2)
    }
  }

  @Test func namesThePlace() throws {
    let error = try #require(throws: JSONError.self) {
      try JSONValue(parsing: "{\n  \"a\": 1,\n  \"b\": x\n}")
    }
    #expect(error.line == 3)
    #expect(error.column == 8)
    let utf8 = try #require(throws: JSONError.self) {
      try JSONValue(parsing: Array("[\"é\", \"".utf8) + [0xFF] + Array("\"]".utf8))
    }
    #expect(utf8.message == "invalid UTF-8")
    #expect(utf8.offset == 8)
  }

  @Test func everyPrefixOfADocumentIsRefused() throws {
    let text = Array("{\"a\": [1.5e3, true, null, \"\\u00e9é\"], \"b\": {\"c\": false}}".utf8)
    _ = try JSONValue(parsing: text)
    for end in 0..<text.count {
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text[..<end])) }
    }
  }

  @Test func valuesAreCounted() throws {
    var limits = JSONLimits()
    limits.values = 5
    _ = try JSONValue(parsing: "[1, {\"a\": [2]}]", limits: limits)
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: "[1, {\"a\": [2]}, 3]", limits: limits)
    }
    #expect(error?.message == "more than 5 values")
  }

  @Test("names that String calls equal are different names, and as quick to find")
  func equivalentNames() throws {
    // Twelve times a mark above and one below, in either order.
    let names = (0..<4096).map { bits in
      "a" + (0..<12).map { bits >> $0 & 1 == 0 ? "\u{301}\u{323}" : "\u{323}\u{301}" }.joined()
    }
    #expect(names[0] == names[4095])
    let text = names.map { "\"\($0)\":0" }.joined(separator: ",")
    let object = try #require(JSONValue(parsing: "{\(text)}").objectValue)
    #expect(object.count == 4096 && object[names[77]] == 0)
  }

  @Test func largeObjects() throws {
    var members: [(String, JSONValue)] = []
    for i in 0..<2000 { members.append(("key\(i)", .int(i))) }
    let object = JSONValue.object(JSONObject(members))
    let again = try JSONValue(parsing: object.serialized())
    #expect(again == object)
    #expect(again["key1999"]?.intValue == 1999)
    var changed = try #require(again.objectValue)
    changed["key7"] = nil
    #expect(changed.count == 1999)
    #expect(changed["key7"] == nil)
    #expect(changed["key8"]?.intValue == 8)
  }

  @Test(.enabled(if: SharedData.isPresent, "../shared is absent"))
  func realTokenizerFile() throws {
    let folder = try #require(SharedData.folder)
    let url = URL(fileURLWithPath: folder + "/tokenizers/qwen2/tokenizer.json")
    let bytes = [UInt8](try Data(contentsOf: url))
    let value = try JSONValue(parsing: bytes)
    #expect(value["model"]?["vocab"]?.objectValue?.count == 151_643)
  }
}
