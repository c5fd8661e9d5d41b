import ApusTextKernels
import Testing

/// The lists of a tokenizer.json, read on their own.
@Suite struct DocumentTests {
  private struct Lists: Equatable {
    var tokens: [String]
    var merges: [[Int32]]
    var vocabulary: String
    var mergeText: String
  }

  private func read(_ json: String) -> Lists? {
    let text = Array(json.utf8)
    var document = unsafe apus_text_document()
    guard unsafe apus_text_document_read(&document, text, text.count) else { return nil }
    defer { unsafe apus_text_document_destroy(&document) }
    func slice(_ start: Int, _ end: Int) -> String {
      String(decoding: text[start..<end], as: UTF8.self)
    }
    return unsafe Lists(
      tokens: (0..<Int(document.token_count)).map { id in
        unsafe String(
          decoding: UnsafeBufferPointer(
            start: document.bytes + Int(document.starts[id]),
            count: Int(document.starts[id + 1] - document.starts[id])), as: UTF8.self)
      },
      merges: (0..<Int(document.merge_count)).map { i in
        let merge = unsafe document.merges[i]
        return [merge.left, merge.right, merge.merged, merge.rank]
      },
      vocabulary: slice(document.vocabulary_start, document.vocabulary_end),
      mergeText: slice(document.merges_start, document.merges_end))
  }

  @Test func readsBothShapesOfMerges() throws {
    let vocabulary =
      #"{ "a" : 0,"b":2 , "ab":4, "\u0120":3, "\u0120ab" : 5, "\"\\\ud83d\ude00é": 6}"#
    let merges = #"[ "a b", ["\u0120", "ab"] ]"#
    let json =
      #"{"version": "1.0", "added_tokens": [{"id": 9, "content": "}]\"{["}], "model": "#
      + #"{"type": "BPE", "dropout": null, "vocab": "# + vocabulary
      + #", "x": [1.5e3, {"y": {}}, -2], "merges": "# + merges + #"}, "truncation": {"a": []}}"#
    let found = try #require(read(json))
    #expect(
      found
        == Lists(
          tokens: ["a", "", "b", "Ġ", "ab", "Ġab", "\"\\😀é"],
          merges: [[0, 2, 4, 0], [3, 4, 5, 1]], vocabulary: vocabulary, mergeText: merges))
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"model": {"vocab": {}}}"#, #"{"model": {"vocab": {}, "merges": []}"#,
    #"{"model": {"merges": [], "vocab": {}}}"#,
    #"{"model": {"vocab": {"a": 0, "a": 1}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 0, "b": 0}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 0, "": 1}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 01}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": -1}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 1.0}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 99999999999}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 0,}, "merges": []}}"#,
    #"{"model": {"vocab": {"a": 0}, "merges": ["a a"]}}"#,
    #"{"model": {"vocab": {"a": 0, "aa": 1}, "merges": ["aa"]}}"#,
    #"{"model": {"vocab": {"a": 0, "aa": 1}, "merges": [["a", "a", "a"]]}}"#,
    #"{"model": {"vocab": {"a": 0, "aa": 1}, "merges": ["a a"}}"#,
    #"{"model": {"vocab": {"\ud800": 0}, "merges": []}}"#,
    #"{"model": {"vocab": {"\x": 0}, "merges": []}}"#,
    #"{"model": {"vocab": {"a"#, #"{"model": {"vocab": {"a": 0}, "merges": [] }, "model": {}}}"#,
  ])
  func leavesTheUnusualToTheParser(_ json: String) { #expect(read(json) == nil) }

  @Test func bytesThatAreNoTextAreRefused() {
    for bad: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0x0A]] {
      let text =
        Array(#"{"model": {"vocab": {""#.utf8) + bad + Array(#"": 0}, "merges": []}}"#.utf8)
      var document = unsafe apus_text_document()
      unsafe #expect(!apus_text_document_read(&document, text, text.count))
    }
  }

  /// No end of a document makes it read further.
  @Test func everyBeginningIsRefused() {
    let json = Array(
      #"{"model": {"vocab": {"a": 0, "\u0120": 1, "a\u0120": 2}, "merges": ["a \u0120"]}}"#.utf8)
    for count in 0..<json.count {
      let part = Array(json[..<count])
      var document = unsafe apus_text_document()
      unsafe #expect(!apus_text_document_read(&document, part, part.count))
    }
  }

  @Test func tokensAreFoundByTheirBytes() {
    var source = RandomText(seed: 31)
    var words = Set<String>()
    while words.count < 500 {
      words.insert(String(source.next().prefix(Int(source.number(below: 9) + 1))))
    }
    words.remove("")
    let tokens = words.map { Array($0.utf8) } + [[]] + [Array("twice".utf8), Array("twice".utf8)]
    var starts: [UInt32] = [0]
    for token in tokens { starts.append(starts[starts.count - 1] + UInt32(token.count)) }
    let bytes = Array(tokens.joined())
    var slots = [UInt64](repeating: 0, count: 1024)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe starts.withUnsafeBufferPointer { starts in
        unsafe slots.withUnsafeMutableBufferPointer { slots in
          var index = unsafe apus_text_index(
            bytes: bytes.baseAddress, starts: starts.baseAddress, token_count: tokens.count,
            slots: slots.baseAddress, slot_count: slots.count)
          unsafe apus_text_index_fill(&index)
          for (id, token) in tokens.enumerated() {
            let expected: Int =
              token.isEmpty ? -1 : token == tokens[tokens.count - 1] ? tokens.count - 1 : id
            unsafe #expect(apus_text_index_find(&index, token, token.count) == Int32(expected))
          }
          let absent = Array("no such token".utf8)
          unsafe #expect(apus_text_index_find(&index, absent, absent.count) == -1)
        }
      }
    }
  }
}
