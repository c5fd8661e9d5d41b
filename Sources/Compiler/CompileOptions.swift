public import ApusDevices

/// A stage of compilation that can be shown as text.
public enum DumpStage: String, Sendable, Hashable, CaseIterable {
  /// The graph as it was given.
  case graph
  /// Kernels and fused loops, before kernels are bound.
  case fused
  /// Launches, buffers and the memory plan.
  case plan
  /// Which kernel runs each operation, and how often.
  case kernels
}

public struct CompileOptions: Sendable {
  /// Stages whose text goes to `dumpSink`.
  public var dump: Set<DumpStage>
  public var dumpSink: (@Sendable (String) -> Void)?
  /// Forces the bodies of this instruction set; nil: the device's own.
  public var isa: CPUISA?
  /// Elementwise consumers of a matmul run on its tiles.
  public var fusesEpilogues: Bool
  /// Matmuls that share an input and a format run as one launch.
  public var mergesMatmuls: Bool
  /// The kernels that may be chosen; custom architectures add theirs.
  public var kernels: KernelTable

  public init(
    isa: CPUISA? = nil, dump: Set<DumpStage> = [], dumpSink: (@Sendable (String) -> Void)? = nil,
    fusesEpilogues: Bool = true, mergesMatmuls: Bool = true, kernels: KernelTable = .builtIn
  ) {
    self.isa = isa
    self.dump = dump
    self.dumpSink = dumpSink
    self.fusesEpilogues = fusesEpilogues
    self.mergesMatmuls = mergesMatmuls
    self.kernels = kernels
  }
}
