import Foundation

/// The four Unicode normal forms. The standard library has none of them in public.
enum UnicodeNormalization: String, Sendable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  func apply(to bytes: [UInt8]) -> [UInt8] {
    self == .nfc ? composed(bytes) : converted(bytes)
  }

  /// Form C, of what is not in it yet, between ASCII characters: those compose with nothing before
  /// them.
  private func composed(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var done = 0
    while true {
      var start = ComposedText.end(of: bytes, from: done)
      guard start < bytes.count else { break }
      var end = start
      while start > done, bytes[start] >= 0x80 { start -= 1 }
      repeat { end += 1 } while end < bytes.count && bytes[end] >= 0x80
      result.append(contentsOf: bytes[done..<start])
      result.append(contentsOf: converted(Array(bytes[start..<end])))
      done = end
    }
    return done == 0 ? bytes : result + bytes[done...]
  }

  private func converted(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(where: { $0 >= 0x80 }) else { return bytes }
    let text = String(decoding: bytes, as: UTF8.self)
    switch self {
    case .nfc: return Array(text.precomposedStringWithCanonicalMapping.utf8)
    case .nfd: return Array(text.decomposedStringWithCanonicalMapping.utf8)
    case .nfkc: return Array(text.precomposedStringWithCompatibilityMapping.utf8)
    case .nfkd: return Array(text.decomposedStringWithCompatibilityMapping.utf8)
    }
  }
}
