import ApusTensors

extension Tensor {
  /// Writes this, `[tokens, heads, headSize]`, to one place per token of a paged state.
  ///
  /// - Parameter slots: int32 `[tokens]`; slot s is page s / pageSize, place s % pageSize; below zero: skipped.
  public func store(
    in state: PagedState, slots: Tensor, file: String = #fileID, line: Int = #line
  ) {
    if isPoisoned || slots.isPoisoned { return }
    guard shape.rank == 3, shape[1] == Dim(state.heads), shape[2] == Dim(state.headSize),
      slots.type == TensorType(.int32, [shape[0]])
    else {
      _ = graph.fail(
        "store", [self, slots],
        "expected [tokens, \(state.heads), \(state.headSize)] and int32 [tokens] for '\(state.name)'",
        file: file, line: line)
      return
    }
    _ = graph.append(.primitive(.store(state)), [id, slots.id], type)
  }
}

extension Graph {
  /// The whole state, `[pages, heads, pageSize, headSize]`, with every store appended so far.
  public func read(_ state: PagedState) -> Tensor {
    append(.primitive(.read(state, stores: storeCount(of: state))), [], state.type)
  }
}
