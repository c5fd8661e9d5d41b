package import ApusGraphs
import ApusTensors

/// The most memory that the values of a graph take at once, if each is kept from its node to its
/// last use. A compiled plan needs less: it fuses nodes, and their values never exist.
package struct ActivationBound {
  private let graph: Graph

  package init(_ graph: Graph) { self.graph = graph }

  /// - Parameter symbols: the upper bound of every symbol but the number of cache pages.
  package func bytes(_ symbols: [String: Int]) -> Int {
    var lastUse = [Int](repeating: -1, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      for operand in node.operands { lastUse[operand.index] = index }
    }
    for output in graph.outputs { lastUse[output.id.index] = graph.nodes.count - 1 }
    var ends: [Int: Int] = [:]
    var (live, peak) = (0, 0)
    for (index, node) in graph.nodes.enumerated() {
      let size = bytes(of: node, symbols)
      live += size
      peak = max(peak, live)
      ends[max(lastUse[index], index), default: 0] += size
      live -= ends[index, default: 0]
    }
    return peak
  }

  private func bytes(of node: Node, _ symbols: [String: Int]) -> Int {
    switch node.operation {
    case .primitive(.weight), .primitive(.constant), .primitive(.read), .primitive(.store): 0
    default: (node.type.shape.elementCount.evaluate(symbols) ?? 0) * 4
    }
  }
}
