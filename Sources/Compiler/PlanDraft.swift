import ApusDevices
import ApusGraphs
import ApusTensors

/// A range of memory that a plan names.
struct PlanValue {
  enum Kind: Equatable {
    case input(String)
    /// Kept apart, so that the host may read it after the step.
    case output
    /// Lives in the arena from its first write to its last use.
    case activation
    case weight(Weight)
    case constant(HostTensor)
    case state(PagedState)
    /// int32 0, 1, 2, ...
    case iota
  }

  var name: String
  var kind: Kind
  var byteCount: Dim
}

/// Where a launch's buffer begins.
struct DraftBuffer {
  var value: Int
  var byteOffset: Dim
  var isWritten: Bool
}

/// A launch over values, with sizes that may name symbols.
struct DraftLaunch {
  var kernel: KernelFunction
  /// What it computes, for printing.
  var note: String
  var buffers: [DraftBuffer?]
  var sizes: [Dim]
  var scalars: [Float] = []
  var programs: [TileProgram?] = []
  /// A value that the result may take the memory of, where this is that value's last use.
  var inPlace: [Int] = []
}

/// Launches with their kernels, before memory is planned.
struct PlanDraft {
  var values: [PlanValue] = []
  var launches: [DraftLaunch] = []
  var outputs: [(name: String, value: Int, type: TensorType)] = []
  var inputs: [(name: String, value: Int, type: TensorType)] = []
}
