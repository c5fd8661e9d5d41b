import ApusTensors

extension Tensor {
  /// Writes this, `[tokens, heads, headSize]`, to one place per token of a paged state.
  ///
  /// - Parameter slots: int32 `[tokens]`; slot s is page s / pageSize, place s % pageSize; below
  ///   zero: skipped.
  public func store(
    in state: PagedState, slots: Tensor, file: String = #fileID, line: Int = #line
  ) {
    guard graph.agrees(state) else {
      _ = graph.fail(
        "store", [self, slots], "state '\(state.name)' is declared again with another layout",
        file: file, line: line)
      return
    }
    _ = graph.apply(.store(state), [self, slots], type, file: file, line: line)
  }
}

extension Graph {
  /// The whole state, `[pages, heads, pageSize, headSize]`, with every store appended so far.
  public func read(_ state: PagedState, file: String = #fileID, line: Int = #line) -> Tensor {
    guard agrees(state) else {
      return fail(
        "read", [], "state '\(state.name)' is declared again with another layout", file: file,
        line: line)
    }
    return apply(
      .read(state, stores: storeCount(of: state)), [], state.type, file: file, line: line)
  }
}
