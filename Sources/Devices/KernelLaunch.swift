public import ApusCPUKernels

/// A kernel in the variants that exist, named for dumps.
@safe public struct KernelFunction: Sendable {
  public let name: String
  private let variants: [apus_kernel?]

  /// A row of the C kernel table, such as `apus_rms_norm`.
  public init(_ variants: apus_kernel_variants) {
    unsafe name = variants.name.map { unsafe String(cString: $0) } ?? "unnamed"
    var found: [apus_kernel?] = unsafe []
    unsafe withUnsafeBytes(of: variants.by_isa) { bytes in
      unsafe found = Array(bytes.bindMemory(to: apus_kernel?.self))
    }
    unsafe self.variants = found
  }

  /// The body for `isa`, or the nearest lower one that exists.
  func body(for isa: CPUISA) -> apus_kernel? {
    unsafe variants[...Int(isa.rawValue)].last { unsafe $0 != nil } ?? nil
  }
}

/// A place in a buffer.
public struct BufferPlace: Sendable, Hashable {
  public var buffer: BufferID
  public var byteOffset: Int

  public init(_ buffer: BufferID, byteOffset: Int = 0) {
    self.buffer = buffer
    self.byteOffset = byteOffset
  }
}

/// One call of a kernel, as a plan describes it. What each entry means is said with the kernel's
/// prototype in `cpu_kernels.h`.
public struct LaunchDescription {
  public var kernel: KernelFunction
  /// nil is a NULL buffer.
  public var buffers: [BufferPlace?]
  public var sizes: [Int]
  public var scalars: [Float]
  public var programs: [TileProgramStorage?]

  public init(
    _ kernel: KernelFunction, buffers: [BufferPlace?] = [], sizes: [Int] = [],
    scalars: [Float] = [], programs: [TileProgramStorage?] = []
  ) {
    self.kernel = kernel
    self.buffers = buffers
    self.sizes = sizes
    self.scalars = scalars
    self.programs = programs
  }
}

/// A launch with its addresses resolved, as the team reads it.
@unsafe struct KernelLaunch {
  var kernel: apus_kernel
  var arguments: apus_kernel_arguments

  init(kernel: apus_kernel) {
    unsafe self.kernel = kernel
    unsafe arguments = apus_kernel_arguments()
  }

  mutating func setBuffer(_ slot: Int, to address: UnsafeMutableRawPointer?) {
    unsafe withUnsafeMutableBytes(of: &arguments.buffers) { bytes in
      unsafe bytes.bindMemory(to: UnsafeMutableRawPointer?.self)[slot] = address
    }
  }

  mutating func setSize(_ slot: Int, to value: Int64) {
    unsafe withUnsafeMutableBytes(of: &arguments.sizes) { bytes in
      unsafe bytes.bindMemory(to: Int64.self)[slot] = value
    }
  }

  mutating func setScalar(_ slot: Int, to value: Float) {
    unsafe withUnsafeMutableBytes(of: &arguments.scalars) { bytes in
      unsafe bytes.bindMemory(to: Float.self)[slot] = value
    }
  }

  mutating func setProgram(_ slot: Int, to program: UnsafePointer<apus_tile_program>?) {
    unsafe withUnsafeMutableBytes(of: &arguments.programs) { bytes in
      unsafe bytes.bindMemory(to: UnsafePointer<apus_tile_program>?.self)[slot] = program
    }
  }
}
