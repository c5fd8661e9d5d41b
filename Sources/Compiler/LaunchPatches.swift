import ApusDevices
import ApusTensors

/// What changes in a plan's launches when symbols change: sizes, strides of tile programs and
/// places in buffers. Everything else is bound once.
struct LaunchPatches {
  private struct Size {
    let launch: Int
    let slot: Int
    let size: SizeExpression
  }

  private struct Stride {
    let program: TileProgramStorage
    let operand: Int
    let dimension: Int
    let stride: SizeExpression
  }

  /// A part of a joined value.
  private struct Offset {
    let launch: Int
    let slot: Int
    let start: Int
    let offset: SizeExpression
  }

  private var sizes: [Size] = []
  private var strides: [Stride] = []
  private var offsets: [Offset] = []

  /// A launch as the device binds it; remembers what depends on symbols.
  ///
  /// - Parameter places: where each value of the plan lies.
  mutating func describe(
    _ launch: DraftLaunch, _ index: Int, _ symbols: SymbolTable, _ places: [BufferPlace]
  ) throws -> LaunchDescription {
    var buffers: [BufferPlace?] = []
    for (slot, buffer) in launch.buffers.enumerated() {
      guard let buffer else {
        buffers.append(nil)
        continue
      }
      var place = places[buffer.value]
      let offset = try symbols.expression(buffer.byteOffset)
      if !offset.isConstant {
        offsets.append(
          Offset(launch: index, slot: slot, start: place.byteOffset, offset: offset))
      }
      place.byteOffset += offset.constant
      buffers.append(place)
    }
    let expressions = try launch.sizes.map { try symbols.expression($0) }
    for (slot, size) in expressions.enumerated() where !size.isConstant {
      sizes.append(Size(launch: index, slot: slot, size: size))
    }
    var programs: [TileProgramStorage?] = []
    for program in launch.programs { programs.append(try describe(program, symbols)) }
    return LaunchDescription(
      launch.kernel, buffers: buffers, sizes: expressions.map(\.constant),
      scalars: launch.scalars, programs: programs)
  }

  private mutating func describe(
    _ program: TileProgram?, _ symbols: SymbolTable
  ) throws -> TileProgramStorage? {
    guard let program else { return nil }
    let storage = program.storage()
    for (operand, access) in program.operands.enumerated() {
      for (dimension, stride) in access.strides.enumerated() where stride.constant == nil {
        strides.append(
          Stride(
            program: storage, operand: operand, dimension: dimension,
            stride: try symbols.expression(stride)))
      }
    }
    return storage
  }

  /// Sets everything for these values of the symbols. Allocates nothing: indices instead of
  /// iterators, since
  /// iterators of large elements allocate in debug builds.
  func apply(_ symbols: [Int], to launches: LaunchList) {
    for index in sizes.indices {
      let patch = sizes[index]
      launches.setSize(patch.launch, patch.slot, to: patch.size.value(symbols))
    }
    for index in strides.indices {
      let patch = strides[index]
      patch.program.setStride(
        operand: patch.operand, dimension: patch.dimension, to: patch.stride.value(symbols))
    }
    for index in offsets.indices {
      let patch = offsets[index]
      launches.setByteOffset(
        patch.launch, patch.slot, to: patch.start + patch.offset.value(symbols))
    }
  }
}
