import ApusTensors

/// Where activations lie: one arena, fixed offsets, places used again after a value's last use.
package struct MemoryPlan: Sendable {
  /// A block of the arena and the values that hold it, one after the other.
  package struct Block: Sendable {
    package var values: [Int]
    package var byteOffset: Int
    package var byteCount: Int
    /// First and last launch that use it.
    package var first: Int
    package var last: Int
  }

  package var blocks: [Block]
  /// The arena's size: the peak of activations.
  package var byteCount: Int

  /// The first two blocks that share bytes while both are in use, or nil: what must never be.
  package func overlap() -> (Block, Block)? {
    for (index, a) in blocks.enumerated() {
      for b in blocks[(index + 1)...] {
        let together = a.first <= b.last && b.first <= a.last
        let sharing =
          a.byteOffset < b.byteOffset + b.byteCount && b.byteOffset < a.byteOffset + a.byteCount
        if together && sharing { return (a, b) }
      }
    }
    return nil
  }
}

/// Every block begins on a cache line and keeps 64 bytes that kernels may read past a value's end.
private let alignment = 64

/// First fit over lifetimes, in the order of launches, for the greatest sizes that symbols allow.
func planMemory(_ draft: PlanDraft, symbols: SymbolTable) throws -> MemoryPlan {
  let lifetimes = lifetimes(of: draft)
  var blockOfValue: [Int: Int] = [:]
  var blocks: [MemoryPlan.Block] = []
  for (index, launch) in draft.launches.enumerated() {
    for buffer in launch.buffers {
      guard let buffer, buffer.isWritten, blockOfValue[buffer.value] == nil,
        draft.values[buffer.value].kind == .activation,
        let lifetime = lifetimes[buffer.value]
      else { continue }
      let size = draft.values[buffer.value].byteCount
      // A loop may write over an operand that ends here.
      if let reused = launch.inPlace.first(where: { operand in
        lifetimes[operand]?.last == index && draft.values[operand].byteCount == size
          && blockOfValue[operand].map { blocks[$0].last == index } == true
      }), let block = blockOfValue[reused] {
        blocks[block].values.append(buffer.value)
        blocks[block].last = lifetime.last
        blockOfValue[buffer.value] = block
        continue
      }
      let bytes = try symbols.greatest(size)
      let padded = (bytes + alignment - 1) / alignment * alignment + alignment
      blockOfValue[buffer.value] = blocks.count
      blocks.append(
        MemoryPlan.Block(
          values: [buffer.value], byteOffset: 0, byteCount: padded, first: lifetime.first,
          last: lifetime.last))
    }
  }
  let peak = place(&blocks)
  return MemoryPlan(blocks: blocks, byteCount: peak)
}

/// First and last launch that use each value.
private func lifetimes(of draft: PlanDraft) -> [Int: (first: Int, last: Int)] {
  var lifetimes: [Int: (first: Int, last: Int)] = [:]
  for (index, launch) in draft.launches.enumerated() {
    for buffer in launch.buffers {
      guard let buffer else { continue }
      lifetimes[buffer.value] = (lifetimes[buffer.value]?.first ?? index, index)
    }
  }
  return lifetimes
}

/// Gives each block the lowest offset that is free for its whole life; returns the end of the
/// highest.
private func place(_ blocks: inout [MemoryPlan.Block]) -> Int {
  var peak = 0
  for index in blocks.indices {
    let (first, last, size) = (blocks[index].first, blocks[index].last, blocks[index].byteCount)
    let taken = blocks[..<index].filter { $0.first <= last && first <= $0.last }
      .sorted { $0.byteOffset < $1.byteOffset }
    var offset = 0
    for other in taken {
      if offset + size <= other.byteOffset { break }
      offset = max(offset, other.byteOffset + other.byteCount)
    }
    blocks[index].byteOffset = offset
    peak = max(peak, offset + size)
  }
  return peak
}
