/// A block format of GGUF: `blockElements` consecutive elements of a row share `blockBytes` bytes.
///
/// The raw value is the format's name in GGUF tools; `ggufType` is its number in files.
public enum QuantizedFormat: String, Sendable, Hashable, CaseIterable {
  case q4_0, q4_1, q5_0, q5_1, q8_0, q8_1
  case q2_k, q3_k, q4_k, q5_k, q6_k, q8_k
  case iq2_xxs, iq2_xs, iq3_xxs, iq1_s, iq4_nl, iq3_s, iq2_s, iq4_xs, iq1_m
  case tq1_0, tq2_0, mxfp4, nvfp4, q1_0

  /// The number of this format in a GGUF tensor record.
  public var ggufType: UInt32 { layout.ggufType }
  /// Elements of one block; rows are whole blocks.
  public var blockElements: Int { layout.elements }
  /// Bytes of one block.
  public var blockBytes: Int { layout.bytes }

  public init?(ggufType: UInt32) {
    guard let match = Self.allCases.first(where: { $0.ggufType == ggufType }) else { return nil }
    self = match
  }

  private var layout: (ggufType: UInt32, elements: Int, bytes: Int) {
    switch self {
    case .q4_0: (2, 32, 18)
    case .q4_1: (3, 32, 20)
    case .q5_0: (6, 32, 22)
    case .q5_1: (7, 32, 24)
    case .q8_0: (8, 32, 34)
    case .q8_1: (9, 32, 36)
    case .q2_k: (10, 256, 84)
    case .q3_k: (11, 256, 110)
    case .q4_k: (12, 256, 144)
    case .q5_k: (13, 256, 176)
    case .q6_k: (14, 256, 210)
    case .q8_k: (15, 256, 292)
    case .iq2_xxs: (16, 256, 66)
    case .iq2_xs: (17, 256, 74)
    case .iq3_xxs: (18, 256, 98)
    case .iq1_s: (19, 256, 50)
    case .iq4_nl: (20, 32, 18)
    case .iq3_s: (21, 256, 110)
    case .iq2_s: (22, 256, 82)
    case .iq4_xs: (23, 256, 136)
    case .iq1_m: (29, 256, 56)
    case .tq1_0: (34, 256, 54)
    case .tq2_0: (35, 256, 66)
    case .mxfp4: (39, 32, 17)
    case .nvfp4: (40, 64, 36)
    case .q1_0: (41, 128, 18)
    }
  }
}
