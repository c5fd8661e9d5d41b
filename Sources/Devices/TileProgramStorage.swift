public import ApusCPUKernels

/// A tile program that kernels can be given: the arrays of an `apus_tile_program` and the struct
/// that points to them. It must live as long as what was bound to it; launches keep it.
@safe public final class TileProgramStorage {
  private let instructions: UnsafeMutableBufferPointer<apus_tile_instruction>
  private let operands: UnsafeMutableBufferPointer<apus_tile_operand>
  private let stageEnds: UnsafeMutableBufferPointer<Int32>
  private let instructionCount: Int
  private let operandCount: Int
  let program: UnsafeMutablePointer<apus_tile_program>

  /// - Parameters:
  ///   - stageEnds: for each stage, the index one past its last instruction, ascending
  public init(
    instructions: [apus_tile_instruction], stageEnds: [Int32], operands: [apus_tile_operand]
  ) {
    precondition(stageEnds.last ?? 0 == instructions.count, "stages must cover the program")
    instructionCount = instructions.count
    operandCount = operands.count
    unsafe self.instructions = .copy(of: instructions)
    unsafe self.operands = .copy(of: operands)
    unsafe self.stageEnds = .copy(of: stageEnds)
    unsafe program = .allocate(capacity: 1)
    unsafe program.initialize(
      to: apus_tile_program(
        instructions: self.instructions.baseAddress,
        instruction_count: Int32(instructions.count),
        stage_count: Int32(stageEnds.count),
        stage_ends: self.stageEnds.baseAddress,
        operands: self.operands.baseAddress,
        operand_count: Int32(operands.count)))
  }

  deinit {
    unsafe instructions.deallocate()
    unsafe operands.deallocate()
    unsafe stageEnds.deallocate()
    unsafe program.deallocate()
  }

  /// Sets an element stride of an operand that depends on a symbol. `dimension` is 0 to 3.
  public func setStride(operand: Int, dimension: Int, to stride: Int) {
    precondition(
      operand >= 0 && operand < operandCount && dimension >= 0
        && dimension < Int(APUS_TILE_DIMS), "no such operand or dimension")
    unsafe withUnsafeMutableBytes(of: &operands[operand].strides) { bytes in
      unsafe bytes.storeBytes(of: Int64(stride), toByteOffset: dimension * 8, as: Int64.self)
    }
  }

  /// Sets the number that an instruction carries.
  public func setImmediate(instruction: Int, to value: Float) {
    precondition(instruction >= 0 && instruction < instructionCount, "no such instruction")
    unsafe instructions[instruction].immediate = value
  }

  /// Another program with the present contents.
  func copy() -> TileProgramStorage {
    unsafe TileProgramStorage(
      instructions: Array(instructions), stageEnds: Array(stageEnds), operands: Array(operands))
  }
}

extension UnsafeMutableBufferPointer {
  /// Memory of its own that holds the elements; it must be deallocated.
  static func copy(of elements: [Element]) -> Self {
    let memory = Self.allocate(capacity: elements.count)
    _ = unsafe memory.initialize(from: elements)
    return unsafe memory
  }
}
