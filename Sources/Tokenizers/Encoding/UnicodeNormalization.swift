import Foundation

/// The four Unicode normal forms. The standard library has none of them in public.
enum UnicodeNormalization: String, Sendable {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  func apply(to bytes: [UInt8]) -> [UInt8] {
    guard !isNormalized(bytes) else { return bytes }
    let text = String(decoding: bytes, as: UTF8.self)
    switch self {
    case .nfc: return Array(text.precomposedStringWithCanonicalMapping.utf8)
    case .nfd: return Array(text.decomposedStringWithCanonicalMapping.utf8)
    case .nfkc: return Array(text.precomposedStringWithCompatibilityMapping.utf8)
    case .nfkd: return Array(text.decomposedStringWithCompatibilityMapping.utf8)
    }
  }

  /// A quick test that says yes to most text: everything below U+0300 is in form C, ASCII is in
  /// all.
  private func isNormalized(_ bytes: [UInt8]) -> Bool {
    let limit: UInt8 = self == .nfc ? 0xCC : 0x80
    for byte in bytes where byte >= limit { return false }
    return true
  }
}
