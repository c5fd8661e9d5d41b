import ApusTensors

/// The elements of a paged state, widened to float32 and rounded as its format would.
struct PagedStateStorage: Sendable {
  let state: PagedState
  let pages: Int
  private(set) var elements: [Float]

  init(_ state: PagedState, pages: Int, filledWith value: Float) {
    self.state = state
    self.pages = pages
    elements = Array(
      repeating: value, count: pages * state.heads * state.pageSize * state.headSize)
  }

  /// Writes `[tokens, heads, headSize]`, one slot per token; slots below zero are skipped.
  mutating func store(_ values: [Float], slots: [Int32]) throws(OperandError) {
    var element = DataType.float32
    if case .dense(let type) = state.format { element = type }
    let (heads, pageSize, headSize) = (state.heads, state.pageSize, state.headSize)
    for (token, slot) in slots.enumerated() where slot >= 0 {
      let (page, place) = Int(slot).quotientAndRemainder(dividingBy: pageSize)
      guard page < pages else {
        throw OperandError("slot \(slot) is beyond \(pages) pages of \(pageSize)")
      }
      for head in 0..<heads {
        let source = (token * heads + head) * headSize
        let target = ((page * heads + head) * pageSize + place) * headSize
        for index in 0..<headSize {
          elements[target + index] = element.rounded(values[source + index])
        }
      }
    }
  }
}
