public import ApusTensors

/// Elementwise on one operand. `negate` and `absolute` take numbers, `logicalNot` takes `bool`, the
/// others floats.
public enum UnaryOperation: String, Sendable, Hashable, CaseIterable {
  case negate, absolute, exp, log, sqrt, reciprocalSqrt, reciprocal, tanh, erf, sigmoid, sin, cos
  case floor, logicalNot
}

/// Elementwise on two operands of one type. Integers wrap; an integer divided by 0 is 0.
///
/// `remainder` has the sign of the dividend, as C's `fmod`. Where one operand is NaN, `maximum` and
/// `minimum` give either operand.
public enum BinaryOperation: String, Sendable, Hashable, CaseIterable {
  case add, subtract, multiply, divide, maximum, minimum, power, remainder
  case equal, less, lessOrEqual, logicalAnd, logicalOr

  /// The result is `bool`.
  public var isPredicate: Bool {
    switch self {
    case .equal, .less, .lessOrEqual, .logicalAnd, .logicalOr: true
    default: false
    }
  }
}

public enum ReductionOperation: String, Sendable, Hashable, CaseIterable {
  case sum, maximum, minimum
}

/// The closed set of operations that everything else is defined in.
///
/// Operand order is given per case. Elementwise cases need equal shapes: `broadcast` is explicit in
/// the arena (the operators of `Tensor` insert it).
public enum Primitive: Sendable, Hashable {
  // Sources: no operands.
  case input(name: String)
  case weight(Weight)
  case constant(HostTensor)
  /// 0, 1, 2, ... along `axis`; int32, the shape is the node's type.
  case iota(axis: Int)

  // Elementwise.
  case unary(UnaryOperation)
  case binary(BinaryOperation)
  /// (condition, a, b): a where the condition holds, else b.
  case select
  /// Floats become integers by truncation toward zero, NaN becomes 0; what is beyond the type's
  /// range becomes its nearest bound. To `bool`: not equal to 0.
  case cast(DataType)

  // Movement.
  /// Stretches to the node's shape: axis i of the operand is axis `axes[i]` of the result, and has
  /// the same size or size 1; other axes are new.
  case broadcast(axes: [Int])
  case reshape
  /// Axis i of the result is axis `axes[i]` of the operand.
  case permute(axes: [Int])
  /// `count` elements from `start` along `axis`.
  case slice(axis: Int, start: Int, count: Dim)
  case concatenate(axis: Int)

  // Reduction along one axis, which keeps size 1.
  case reduce(ReductionOperation, axis: Int)
  case cumulativeSum(axis: Int)

  // Indexed access.
  /// (values `[n, rest...]`, indices `[any...]` int32) -> `[any..., rest...]`. An index outside
  /// `0..<n` gives zeros.
  case gather
  /// (values `[rows, n]`, indices `[rows, m]` int32) -> `[rows, m]`: along the last axis, row by
  /// row. An index outside `0..<n` gives zero.
  case gatherAlongRows
  /// Indices that sort the last axis in descending order, lower index first among equals; int32. A
  /// NaN counts as -infinity.
  case argsortDescending

  /// (a `[batch..., m, k]`, b `[batch..., k, n]`, or `[batch..., n, k]` where transposed) ->
  /// `[batch..., m, n]`. `linear` is a `[m, k]` times a weight `[n, k]`, transposed.
  case matmul(transposeRight: Bool)

  /// (seeds int32 `[n, 2]`, counters int32 `[n]`) -> uniform float32 `[n]` in [0, 1), by
  /// Philox-4x32-10: key = the two seeds, counter = (counter, 0, 0, 0), the first word's high 24
  /// bits times 2^-24.
  case random

  // Collectives: one operand per rank, the same node in every rank's graph.
  case allReduceSum
  /// Joins the ranks' values along `axis`; the node's shape has the joined size.
  case allGather(axis: Int)

  // State: effects in the order of appending.
  /// (value `[tokens, heads, headSize]`, slots int32 `[tokens]`): writes one place per token. Slots
  /// below zero are skipped. An effect: never consed, never removed; its result is the value
  /// itself.
  case store(PagedState)
  /// The whole state, seeing the first `stores` stores of it.
  case read(PagedState, stores: Int)

  /// What no primitive expresses: an opaque kernel, by name; the node's type is the result.
  case customCall(name: String)

  /// Whether the node must be kept although nothing consumes it.
  public var isEffect: Bool {
    if case .store = self { return true }
    return false
  }

  /// A short name for printing and diagnostics.
  public var name: String {
    switch self {
    case .input: "input"
    case .weight: "weight"
    case .constant: "constant"
    case .iota: "iota"
    case .unary(let operation): operation.rawValue
    case .binary(let operation): operation.rawValue
    case .select: "select"
    case .cast: "cast"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .permute: "permute"
    case .slice: "slice"
    case .concatenate: "concatenate"
    case .reduce(let operation, _): "reduce_\(operation.rawValue)"
    case .cumulativeSum: "cumulative_sum"
    case .gather: "gather"
    case .gatherAlongRows: "gather_along_rows"
    case .argsortDescending: "argsort_descending"
    case .matmul: "matmul"
    case .random: "random"
    case .allReduceSum: "all_reduce_sum"
    case .allGather: "all_gather"
    case .store: "store"
    case .read: "read"
    case .customCall: "custom_call"
    }
  }
}
