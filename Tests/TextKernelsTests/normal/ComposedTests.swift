import ApusTextKernels
import Foundation
import Testing

@Suite struct ComposedTests {
  private func end(_ bytes: [UInt8]) -> Int {
    unsafe apus_text_composed_end(bytes, bytes.count, 0)
  }

  private func isComposed(_ text: String) -> Bool {
    Array(text.precomposedStringWithCanonicalMapping.utf8) == Array(text.utf8)
  }

  /// Where the test says yes, Foundation has nothing to change, whatever follows.
  @Test func yesIsTrue() {
    var source = RandomText(seed: 21)
    let marks: [Unicode.Scalar] = [
      "a", "e", "A", "é", "\u{301}", "\u{300}", "\u{323}", "\u{327}", "\u{9C7}", "\u{9BE}",
      "\u{1100}", "\u{1161}", "\u{11A8}", "가", "각", "\u{102E}", "\u{1025}", "\u{E48}",
      "\u{E39}", "\u{344}", "\u{958}", "\u{2126}", "\u{1D15E}", "\u{110A5}", "\u{110BA}", " ",
    ]
    var composed = 0
    for round in 0..<6000 {
      var text = ""
      if round % 3 == 0 {
        text = source.next()
      } else {
        for _ in 0..<source.number(below: 14) {
          text.unicodeScalars.append(marks[Int(source.number(below: UInt32(marks.count)))])
        }
      }
      let bytes = Array(text.utf8)
      let known = end(bytes)
      #expect(known == bytes.count || bytes[known] & 0xC0 != 0x80)
      let whole = Array(text.precomposedStringWithCanonicalMapping.utf8)
      #expect(whole.starts(with: bytes[..<known]), "\(text.unicodeScalars.map(\.value))")
      if known == bytes.count { composed += 1 }
    }
    #expect(composed > 500)
  }

  /// Text that is in form C is seldom asked about twice.
  @Test func scriptsWithMarksPass() {
    let texts = [
      "ไม่มีที่ตั้ง", "မြန်မာဘာသာ", "हिन्दी में लिखा", "বাংলা ভাষা", "tiếng Việt",
      "한국어 문장", "العَرَبِيَّة", "日本語が、",
    ]
    for text in texts where isComposed(text) { #expect(end(Array(text.utf8)) == text.utf8.count) }
    #expect(end(Array("e\u{301}".utf8)) == 0)
    #expect(end(Array("xe\u{301}".utf8)) == 1)
    #expect(end([]) == 0)
  }
}
