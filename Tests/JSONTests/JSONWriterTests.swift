import ApusJSON
import Testing

@Suite struct JSONWriterTests {
  @Test func compact() {
    let value: JSONValue = ["a": [1, 2.5, nil, true], "é": "\"\\\n\u{1}😀"]
    #expect(value.serialized() == "{\"a\":[1,2.5,null,true],\"é\":\"\\\"\\\\\\n\\u0001😀\"}")
    let options = JSONWriterOptions(escapesNonASCII: true)
    #expect(
      value.serialized(options)
        == "{\"a\":[1,2.5,null,true],\"\\u00e9\":\"\\\"\\\\\\n\\u0001\\ud83d\\ude00\"}")
  }

  @Test func pretty() {
    let value: JSONValue = ["a": [1], "b": [:], "c": []]
    let expected = """
      {
        "a": [
          1
        ],
        "b": {},
        "c": []
      }
      """
    #expect(value.serialized(JSONWriterOptions(isPretty: true)) == expected)
  }
}
