import ApusCPUKernels
import ApusDevices
import ApusGraphs
import ApusTensors

/// A loop as the kernels' small machine runs it: instructions per stage over registers that hold
/// one tile.
struct TileProgram {
  struct Operand {
    /// The slot in the launch's buffers.
    var buffer: Int
    var dataType: DataType
    var strides: [Dim]
  }

  private(set) var instructions: [apus_tile_instruction] = []
  private(set) var stageEnds: [Int32] = []
  private(set) var operands: [Operand] = []
  private(set) var registers = 0
  private(set) var rowRegisters = 0
  var instructionCount: Int { instructions.count }

  /// - Parameter slot: where in the launch's buffers an access begins
  init(_ loop: Loop, slot: (LoopAccess) -> Int) {
    let stages = loop.stages
    let storeStages = loop.stores.map { loop.stageAfter($0.value, stages) }
    let count = (storeStages.max() ?? 0) + 1
    var rowRegister: [Int: Int32] = [:]
    for (index, expression) in loop.expressions.enumerated() {
      if case .reduce = expression { rowRegister[index] = Int32(rowRegister.count) }
    }
    rowRegisters = rowRegister.count
    for stage in 0..<count {
      var writer = StageWriter(loop: loop, stages: stages, stage: stage, rowRegister: rowRegister)
      for (index, store) in loop.stores.enumerated() where storeStages[index] == stage {
        writer.require(store.value)
      }
      writer.requireReductions()
      writer.write(into: &self, slot: slot)
      for (index, store) in loop.stores.enumerated() where storeStages[index] == stage {
        let operand = add(store.access, slot)
        append(APUS_TILE_STORE, 0, Int32(operand), Int32(writer.register(of: store.value)))
      }
      stageEnds.append(Int32(instructions.count))
      registers = max(registers, writer.registerCount)
    }
  }

  fileprivate mutating func add(_ access: LoopAccess, _ slot: (LoopAccess) -> Int) -> Int {
    let buffer = slot(access)
    if let index = operands.firstIndex(where: {
      $0.buffer == buffer && $0.strides == access.strides && $0.dataType == access.dataType
    }) {
      return index
    }
    operands.append(
      Operand(buffer: buffer, dataType: access.dataType, strides: access.strides))
    return operands.count - 1
  }

  fileprivate mutating func append(
    _ opcode: apus_tile_opcode, _ destination: Int32, _ first: Int32 = 0, _ second: Int32 = 0,
    _ third: Int32 = 0, immediate: Float = 0
  ) {
    instructions.append(
      apus_tile_instruction(
        opcode: Int32(opcode.rawValue), destination: destination, first: first, second: second,
        third: third, immediate: immediate))
  }

  /// Memory that kernels can be given; strides that are no numbers are 0 until they are set.
  func storage() -> TileProgramStorage {
    let bound = operands.map { operand in
      let strides = operand.strides.map { Int64($0.constant ?? 0) }
      return apus_tile_operand(
        buffer: Int32(operand.buffer), type: Self.elementType(operand.dataType) ?? 0,
        strides: (strides[0], strides[1], strides[2], strides[3]))
    }
    return TileProgramStorage(instructions: instructions, stageEnds: stageEnds, operands: bound)
  }

  /// The number of a type in tile programs; nil where they do not have it.
  static func elementType(_ type: DataType) -> Int32? {
    switch type {
    case .float32: Int32(APUS_FLOAT32.rawValue)
    case .int32: Int32(APUS_INT32.rawValue)
    case .bfloat16: Int32(APUS_BFLOAT16.rawValue)
    case .float16: Int32(APUS_FLOAT16.rawValue)
    case .bool: Int32(APUS_BOOL8.rawValue)
    default: nil
    }
  }
}

/// What a tile program can hold.
enum TileLimits {
  /// Buffers of an epilogue besides the matmul's own.
  static let epilogueBuffers = Int(APUS_KERNEL_BUFFERS) - 11

  static func fit(_ loop: Loop) -> Bool {
    let program = TileProgram(loop) { _ in 0 }
    let accesses = Set((loop.loads + loop.stores.map(\.access)).map { BufferKey($0) })
    return program.registers <= Int(APUS_TILE_REGISTERS)
      && program.rowRegisters <= Int(APUS_TILE_ROW_REGISTERS)
      && accesses.count <= Int(APUS_KERNEL_BUFFERS)
  }
}

/// Accesses that begin at the same place share a buffer slot.
struct BufferKey: Hashable {
  let source: LoopSource
  let byteOffset: Dim

  init(_ access: LoopAccess) {
    source = access.source
    byteOffset = access.offset * Dim(access.dataType.byteCount)
  }
}

extension Loop {
  /// The first stage in which a value can be stored: a reduction's is complete one stage later.
  fileprivate func stageAfter(_ value: Int, _ stages: [Int]) -> Int {
    if case .reduce = expressions[value] { return stages[value] + 1 }
    return stages[value]
  }
}

/// The instructions of one stage. Values of earlier stages are computed again; only row registers
/// last.
private struct StageWriter {
  let loop: Loop
  let stages: [Int]
  let stage: Int
  let rowRegister: [Int: Int32]
  private var needed: Set<Int> = []
  private var reductions: Set<Int> = []
  private var registers: [Int: Int] = [:]
  private var kept: Set<Int> = []
  private(set) var registerCount = 0

  init(loop: Loop, stages: [Int], stage: Int, rowRegister: [Int: Int32]) {
    self.loop = loop
    self.stages = stages
    self.stage = stage
    self.rowRegister = rowRegister
  }

  func register(of value: Int) -> Int { registers[value]! }

  /// A value that is stored at the end of the stage.
  mutating func require(_ value: Int) {
    kept.insert(value)
    need(value)
  }

  mutating func requireReductions() {
    for (index, expression) in loop.expressions.enumerated() where stages[index] == stage {
      guard case .reduce(_, let operand) = expression else { continue }
      reductions.insert(index)
      need(operand)
    }
  }

  private mutating func need(_ value: Int) {
    guard needed.insert(value).inserted else { return }
    // A reduction of an earlier stage is read from its row register.
    if case .reduce = loop.expressions[value] { return }
    for operand in loop.expressions[value].operands { need(operand) }
  }

  mutating func write(into program: inout TileProgram, slot: (LoopAccess) -> Int) {
    let order = needed.union(reductions).sorted()
    var lastUse: [Int: Int] = [:]
    for index in order where !isSplat(index) {
      for operand in loop.expressions[index].operands { lastUse[operand] = index }
    }
    var free: [Int] = []
    for index in order {
      let isReduction = reductions.contains(index) && !isSplat(index)
      let operands = isSplat(index) ? [] : loop.expressions[index].operands
      let sources = operands.map { Int32(registers[$0]!) }
      // An operand's register may become the destination: instructions read before they write.
      for operand in Set(operands) where lastUse[operand] == index && !kept.contains(operand) {
        free.append(registers[operand]!)
      }
      free.sort(by: >)
      var target: Int32 = 0
      if isReduction {
        target = rowRegister[index]!
      } else {
        let register = free.popLast() ?? registerCount
        registerCount = max(registerCount, register + 1)
        registers[index] = register
        target = Int32(register)
      }
      emit(index, target, sources, into: &program, slot: slot)
    }
  }

  private func isSplat(_ index: Int) -> Bool {
    if case .reduce = loop.expressions[index] { return stages[index] < stage }
    return false
  }

  private func emit(
    _ index: Int, _ target: Int32, _ sources: [Int32], into program: inout TileProgram,
    slot: (LoopAccess) -> Int
  ) {
    switch loop.expressions[index] {
    case .load(let access):
      program.append(APUS_TILE_LOAD, target, Int32(program.add(access, slot)))
    case .constant(let value): program.append(APUS_TILE_CONSTANT, target, immediate: value)
    case .column: program.append(APUS_TILE_COLUMN, target)
    case .truncate: program.append(APUS_TILE_TRUNCATE, target, sources[0])
    case .unary(let operation, _): program.append(operation.opcode, target, sources[0])
    case .binary(let operation, _, _):
      program.append(operation.opcode, target, sources[0], sources[1])
    case .select: program.append(APUS_TILE_SELECT, target, sources[0], sources[1], sources[2])
    case .reduce(let operation, _):
      if isSplat(index) {
        program.append(APUS_TILE_SPLAT, target, rowRegister[index]!)
      } else {
        program.append(operation.opcode, target, sources[0])
      }
    }
  }
}

extension UnaryOperation {
  fileprivate var opcode: apus_tile_opcode {
    switch self {
    case .negate: APUS_TILE_NEGATE
    case .absolute: APUS_TILE_ABSOLUTE
    case .exp: APUS_TILE_EXP
    case .log: APUS_TILE_LOG
    case .sqrt: APUS_TILE_SQRT
    case .reciprocalSqrt: APUS_TILE_RECIPROCAL_SQRT
    case .reciprocal: APUS_TILE_RECIPROCAL
    case .tanh: APUS_TILE_TANH
    case .erf: APUS_TILE_ERF
    case .sigmoid: APUS_TILE_SIGMOID
    case .sin: APUS_TILE_SIN
    case .cos: APUS_TILE_COS
    case .floor: APUS_TILE_FLOOR
    case .logicalNot: APUS_TILE_NOT
    }
  }
}

extension BinaryOperation {
  fileprivate var opcode: apus_tile_opcode {
    switch self {
    case .add: APUS_TILE_ADD
    case .subtract: APUS_TILE_SUBTRACT
    case .multiply: APUS_TILE_MULTIPLY
    case .divide: APUS_TILE_DIVIDE
    case .maximum: APUS_TILE_MAXIMUM
    case .minimum: APUS_TILE_MINIMUM
    case .power: APUS_TILE_POWER
    case .remainder: APUS_TILE_REMAINDER
    case .equal: APUS_TILE_EQUAL
    case .less: APUS_TILE_LESS
    case .lessOrEqual: APUS_TILE_LESS_OR_EQUAL
    case .logicalAnd: APUS_TILE_AND
    case .logicalOr: APUS_TILE_OR
    }
  }
}

extension ReductionOperation {
  fileprivate var opcode: apus_tile_opcode {
    switch self {
    case .sum: APUS_TILE_REDUCE_SUM
    case .maximum: APUS_TILE_REDUCE_MAXIMUM
    case .minimum: APUS_TILE_REDUCE_MINIMUM
    }
  }
}
