import ApusCPUKernels

/// The instruction sets that CPU kernels are built for, in ascending order.
public enum CPUISA: Int32, Sendable, Hashable, CaseIterable, Comparable {
  case scalar = 0
  /// AVX2, FMA and F16C.
  case avx2 = 1
  /// AVX-512 F, BW, DQ, VL and VNNI.
  case avx512 = 2
  /// The same and BF16.
  case avx512bf16 = 3

  /// As written after `--cpu-isa`.
  public var name: String {
    switch self {
    case .scalar: "scalar"
    case .avx2: "avx2"
    case .avx512: "avx512"
    case .avx512bf16: "avx512bf16"
    }
  }

  public init?(name: String) {
    guard let found = CPUISA.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// The best that this machine runs.
  public static let best = CPUISA(rawValue: apus_isa_best()) ?? .scalar

  public var runsHere: Bool { self <= CPUISA.best }

  /// The instruction set called `name`, or the best of this machine where there is no name.
  ///
  /// - Throws: where there is none of that name, or it does not run here.
  public static func named(_ name: String?) throws(DeviceError) -> CPUISA {
    guard let name else { return best }
    guard let isa = CPUISA(name: name) else {
      let known = allCases.map(\.name).joined(separator: ", ")
      throw DeviceError("there is no instruction set '\(name)'; known are \(known)")
    }
    return try isa.checked()
  }

  /// Itself.
  ///
  /// - Throws: where it does not run here.
  package func checked() throws(DeviceError) -> CPUISA {
    guard runsHere else {
      throw DeviceError("this machine cannot run \(name); its best is \(CPUISA.best.name)")
    }
    return self
  }

  public static func < (a: CPUISA, b: CPUISA) -> Bool { a.rawValue < b.rawValue }
}
