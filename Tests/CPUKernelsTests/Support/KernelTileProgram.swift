import ApusCPUKernels

/// A tile program in the memory layout of the kernel contract.
@safe final class KernelTileProgram {
  let pointer: UnsafeMutablePointer<apus_tile_program>
  private let instructions: UnsafeMutablePointer<apus_tile_instruction>
  private let operands: UnsafeMutablePointer<apus_tile_operand>
  private let ends: UnsafeMutablePointer<Int32>

  struct Operand {
    var buffer: Int
    var type = APUS_FLOAT32
    var strides: [Int]
  }

  init(_ stages: [[apus_tile_instruction]], operands list: [Operand]) {
    let all = stages.flatMap { $0 }
    unsafe instructions = .allocate(capacity: max(1, all.count))
    for (i, instruction) in all.enumerated() {
      unsafe (instructions + i).initialize(to: instruction)
    }
    unsafe operands = .allocate(capacity: max(1, list.count))
    for (i, o) in list.enumerated() {
      let s = o.strides.map(Int64.init)
      unsafe (operands + i).initialize(
        to: apus_tile_operand(
          buffer: Int32(o.buffer), type: Int32(o.type.rawValue), strides: (s[0], s[1], s[2], s[3])))
    }
    unsafe ends = .allocate(capacity: stages.count)
    var end = 0
    for (i, stage) in stages.enumerated() {
      end += stage.count
      unsafe (ends + i).initialize(to: Int32(end))
    }
    unsafe pointer = .allocate(capacity: 1)
    unsafe pointer.initialize(
      to: apus_tile_program(
        instructions: instructions, instruction_count: Int32(all.count),
        stage_count: Int32(stages.count), stage_ends: ends, operands: operands,
        operand_count: Int32(list.count)))
  }

  deinit {
    unsafe pointer.deallocate()
    unsafe instructions.deallocate()
    unsafe operands.deallocate()
    unsafe ends.deallocate()
  }
}

/// One instruction; what is not named is 0.
func tile(
  _ opcode: apus_tile_opcode, _ destination: Int = 0, _ first: Int = 0, _ second: Int = 0,
  _ third: Int = 0, immediate: Float = 0
) -> apus_tile_instruction {
  apus_tile_instruction(
    opcode: Int32(opcode.rawValue), destination: Int32(destination), first: Int32(first),
    second: Int32(second), third: Int32(third), immediate: immediate)
}

/// d = f(x) or f(x, y) or f(x, y, z) over equally long rows, by a tile loop.
func tileMap(
  _ opcode: apus_tile_opcode, _ operands: [[Float]], isa: KernelISA = .best, threads: Int = 1
) -> [Float] {
  let n = operands[0].count
  var instructions = operands.indices.map { tile(APUS_TILE_LOAD, $0, $0) }
  instructions.append(tile(opcode, 3, 0, 1, 2))
  instructions.append(tile(APUS_TILE_STORE, 0, operands.count, 3))
  let places = (0...operands.count).map {
    KernelTileProgram.Operand(buffer: $0, strides: [0, 0, 0, 1])
  }
  let out = KernelBuffer([Float](repeating: 0, count: n))
  unsafe KernelHarness.run(
    apus_tile_loop, operands.map { KernelBuffer($0) } + [out], sizes: [1, 1, 1, n],
    program: KernelTileProgram([instructions], operands: places), isa: isa, threads: threads)
  return out.floats
}
