import Foundation

/// A float32 array of a `.npy` file.
public struct NumPyArray: Sendable {
  public let shape: [Int]
  public let values: [Float]

  public struct FormatError: Error {
    public let message: String
  }

  /// - Throws: where the file is missing, or is not little-endian float32 in row-major order.
  public init(path: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    guard bytes.count > 10, bytes[6] == 1 else { throw FormatError(message: "no npy 1.0: \(path)") }
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<start], as: UTF8.self)
    guard header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("), let close = header.firstIndex(of: ")")
    else { throw FormatError(message: "unexpected header \(header)") }
    shape = header[header.index(after: open)..<close].split(separator: ",")
      .compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
    values = stride(from: start, to: bytes.count, by: 4).map { at in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[at + $1]) << (8 * $1) })
    }
  }
}
