import Testing

/// Rows of a table, decoded exactly.
@Suite struct EmbeddingTests {
  @Test(arguments: WeightFormat.allCases, KernelISA.allCases)
  func decodesRows(_ format: WeightFormat, _ isa: KernelISA) throws {
    try isa.require()
    for columns in format.isQuantized ? [32, 96] : [1, 17, 32, 47, 172] {
      var numbers = SeededNumbers(UInt64(columns))
      let entries = 11
      let table = format.encode(numbers.quickNormals(entries * columns))
      for ids: [Int32] in [[], [3], [0, 10, 5, 5], [2, -1, 11, .max, 7, .min, 4]] {
        for threads in [1, 2, 3] {
          let found = lookUp(
            format, table, ids, columns: columns, entries: entries, isa: isa, threads: threads)
          #expect(found == expected(format, table, ids, columns: columns, entries: entries))
        }
      }
    }
  }

  private func lookUp(
    _ format: WeightFormat, _ table: [UInt8], _ ids: [Int32], columns: Int, entries: Int,
    isa: KernelISA, threads: Int
  ) -> [UInt32] {
    let weight = KernelMemory(table, offset: format == .f32 ? 4 : 2)
    let rows = KernelMemory(ids)
    let out = KernelMemory<Float>(repeating: .infinity, count: ids.count * columns)
    var call = unsafe KernelCall(format.embedding, isa: isa)
    unsafe call.set(buffer: 0, to: weight.pointer)
    unsafe call.set(buffer: 1, to: rows.pointer)
    unsafe call.set(buffer: 2, to: out.pointer)
    call.set(size: 0, to: ids.count)
    call.set(size: 1, to: columns)
    call.set(size: 2, to: entries)
    call.run(threads: threads, concurrently: threads == 2)
    #expect(out.isIntact && weight.isIntact && rows.isIntact)
    return out.values.map(\.bitPattern)
  }

  /// Doubles hold d x q + m exactly, so one rounding to Float is the definition.
  private func expected(
    _ format: WeightFormat, _ table: [UInt8], _ ids: [Int32], columns: Int, entries: Int
  ) -> [UInt32] {
    let bytes = format.rowBytes(columns)
    return ids.flatMap { id -> [UInt32] in
      guard 0 <= id, id < entries else { return [UInt32](repeating: 0, count: columns) }
      let row = table[Int(id) * bytes..<(Int(id) + 1) * bytes]
      return format.decode(row).map { Float($0).bitPattern }
    }
  }
}
