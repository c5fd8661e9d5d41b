import ApusDevices
import ApusTensors

/// Bytes that a loaded model needs, each at the bounds of its symbols.
public struct PlanMemoryReport: Sendable, Hashable {
  /// The arena of values between launches.
  public var activationBytes = 0
  /// Inputs, outputs and the staging of both.
  public var inputOutputBytes = 0
  /// Weights that stay where the file is mapped.
  public var mappedWeightBytes = 0
  /// Weights that were converted, and constants.
  public var ownedWeightBytes = 0
  /// Paged states.
  public var stateBytes = 0
}

/// A flat array of launches over numbered values, with every size as an expression over symbols.
public struct Plan {
  let name: String
  package let symbols: SymbolTable
  let draft: PlanDraft
  package let memory: MemoryPlan
  /// Bytes of each value at the bounds.
  let byteCounts: [Int]
  public let report: PlanMemoryReport

  init(name: String, draft: PlanDraft, bounds: [String: Int]) throws {
    self.name = name
    self.draft = draft
    symbols = SymbolTable(bounds)
    memory = try planMemory(draft, symbols: symbols)
    byteCounts = try draft.values.map { [symbols] in try symbols.greatest($0.byteCount) }
    var report = PlanMemoryReport()
    report.activationBytes = memory.byteCount
    for (value, bytes) in zip(draft.values, byteCounts) {
      switch value.kind {
      case .activation: break
      // Inputs have two staging slots, outputs one.
      case .input: report.inputOutputBytes += 3 * bytes
      case .output: report.inputOutputBytes += 2 * bytes
      case .weight: report.mappedWeightBytes += bytes
      case .constant, .iota: report.ownedWeightBytes += bytes
      case .state: report.stateBytes += bytes
      }
    }
    self.report = report
  }

  /// Number of launches of one step.
  public var launchCount: Int { draft.launches.count }

  // MARK: Text

  /// Launches, values and the arena, for people.
  public func printed() -> String {
    var lines = ["plan \(name)"]
    let bounds = zip(symbols.names, symbols.bounds).map { "\($0) <= \($1)" }
    if !bounds.isEmpty { lines.append("symbols \(bounds.joined(separator: ", "))") }
    for (index, launch) in draft.launches.enumerated() {
      lines.append("\(index): \(text(launch))")
    }
    for output in draft.outputs {
      lines.append("output \(output.name) = \(draft.values[output.value].name) \(output.type)")
    }
    lines.append("arena \(memory.byteCount) bytes")
    for block in memory.blocks {
      let names = block.values.map { draft.values[$0].name }.joined(separator: " then ")
      lines.append(
        "  \(block.byteOffset)..<\(block.byteOffset + block.byteCount) "
          + "launches \(block.first)...\(block.last): \(names)")
    }
    return lines.joined(separator: "\n")
  }

  private func text(_ launch: DraftLaunch) -> String {
    func text(_ buffer: DraftBuffer) -> String {
      let offset = buffer.byteOffset == 0 ? "" : " + \(buffer.byteOffset) bytes"
      return draft.values[buffer.value].name + offset
    }
    let buffers = launch.buffers.compactMap { $0 }
    let reads = buffers.filter { !$0.isWritten }.map(text).joined(separator: ", ")
    let writes = buffers.filter(\.isWritten).map(text).joined(separator: ", ")
    let sizes = launch.sizes.map(\.description).joined(separator: ", ")
    let programs = launch.programs.compactMap { $0 }.map { "\($0.instructionCount)" }
    var line = "\(launch.kernel.name)(\(reads)) -> \(writes)\n     sizes (\(sizes))"
    if !launch.scalars.isEmpty { line += " scalars \(launch.scalars)" }
    if !programs.isEmpty { line += " programs of \(programs.joined(separator: ", "))" }
    return line
  }

  /// How often each kernel runs in one step.
  public func printedKernels() -> String {
    var counts: [String: Int] = [:]
    for launch in draft.launches { counts[launch.kernel.name, default: 0] += 1 }
    let lines = counts.sorted { ($0.value, $1.key) > ($1.value, $0.key) }
      .map { "  \($0.value) x \($0.key)" }
    return (["kernels \(name): \(draft.launches.count) launches"] + lines).joined(separator: "\n")
  }
}
