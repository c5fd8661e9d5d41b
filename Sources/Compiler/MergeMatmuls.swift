import ApusGraphs
import ApusTensors

/// The most products that one launch has.
private let segmentLimit = 4

/// Joins matmuls that share their input and the format of their weights (query, key and value; gate
/// and up) into one launch, where no value that one needs depends on another.
func mergeMatmuls(_ graph: FusedGraph) -> FusedGraph {
  var graph = graph
  var index = 0
  while index < graph.steps.count {
    var later = index + 1
    while later < graph.steps.count, case .matmul(let first) = graph.steps[index] {
      guard case .matmul(let second) = graph.steps[later],
        first.segments.count + second.segments.count <= segmentLimit,
        graph.memory(of: first.input) == graph.memory(of: second.input),
        graph[first.input].type == graph[second.input].type,
        graph.weightFormat(first) == graph.weightFormat(second)
      else {
        later += 1
        continue
      }
      let merged = FusedStep.matmul(
        MatmulStep(input: first.input, segments: first.segments + second.segments))
      if graph.canHoist(later, to: index) {
        graph.steps[index] = merged
        graph.steps.remove(at: later)
      } else if graph.canSink(index, to: later) {
        graph.steps[later] = merged
        graph.steps.remove(at: index)
        later = index + 1
      } else {
        later += 1
      }
    }
    index += 1
  }
  return graph
}

extension FusedGraph {
  /// The format of a step's weights; float32 for activations.
  func weightFormat(_ step: MatmulStep) -> StorageFormat {
    let weight = memory(of: step.segments[0].weight)
    if case .primitive(.weight(let weight)) = self[weight].operation { return weight.format }
    return .float32
  }

  /// Whether everything that a step reads exists before an earlier one.
  fileprivate func canHoist(_ later: Int, to index: Int) -> Bool {
    let needed = operands(of: steps[later])
    return steps[index..<later].allSatisfy { needed.isDisjoint(with: $0.results) }
      && !readsState(steps[later])
  }

  /// Whether nothing between reads what the earlier step makes.
  fileprivate func canSink(_ index: Int, to later: Int) -> Bool {
    let results = Set(steps[index].results)
    return steps[(index + 1)...later].allSatisfy { results.isDisjoint(with: operands(of: $0)) }
      && !readsState(steps[index])
  }

  private func readsState(_ step: FusedStep) -> Bool {
    operands(of: step).contains {
      if case .primitive(.read) = self[$0].operation { true } else { false }
    }
  }
}
