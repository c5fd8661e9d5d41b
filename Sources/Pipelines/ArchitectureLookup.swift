import ApusCheckpoints

/// Finds architectures by the names that checkpoints carry.
struct ArchitectureLookup {
  let architectures: [SupportedArchitecture]

  /// - Parameters:
  ///   - classNames: `architectures` of `config.json`; empty for GGUF.
  ///   - modelType: `model_type`, or `general.architecture` of a GGUF file.
  ///   - checkpoint: what the names are those of, to say how it differs from what is known.
  /// - Throws: where none is known, with the nearest and all that are.
  func find(
    classNames: [String], modelType: String?, checkpoint: Checkpoint? = nil
  ) throws(PipelineError) -> SupportedArchitecture {
    for name in classNames {
      if let match = architectures.first(where: { $0.name == name }) { return match }
    }
    if let first = classNames.first {
      throw unknown("architecture '\(first)'", first, known: architectures.map(\.name), checkpoint)
    }
    let wanted = modelType ?? ""
    if let match = architectures.first(where: { $0.ggufArchitecture == wanted }) { return match }
    let kind = checkpoint?.format == .safetensors ? "model type" : "GGUF architecture"
    throw unknown("\(kind) '\(wanted)'", wanted, known: ggufNames, checkpoint)
  }

  private var ggufNames: [String] {
    architectures.compactMap(\.ggufArchitecture).reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  private func unknown(
    _ what: String, _ name: String, known: [String], _ checkpoint: Checkpoint?
  ) -> PipelineError {
    let name = String(name.prefix(100))
    var message = "\(what.prefix(120)) is not supported"
    let ending = "; known: \(known.joined(separator: ", "))"
    let comparisons = architectures.compactMap { architecture in
      checkpoint.flatMap { FamilyComparison(architecture, $0) }
    }
    guard let nearest = comparisons.max(by: { $0.similarity < $1.similarity }),
      nearest.similarity >= Self.leastSimilarity
    else {
      if comparisons.isEmpty,
        let nearest = known.min(by: { Self.distance($0, name) < Self.distance($1, name) })
      {
        message += "; the nearest is '\(nearest)'"
      } else if !comparisons.isEmpty {
        message += ", and its tensors and configuration resemble none that is"
      }
      return PipelineError(message + ending)
    }
    message += "; the nearest is '\(nearest.name)', with \(nearest.kinds.found) of its"
    message += " \(nearest.kinds.asked) kinds of tensors" + ending
    if nearest.lines.isEmpty {
      message += "\n  its tensors and configuration keys are what \(nearest.name) reads"
    }
    for line in nearest.lines { message += "\n  \(line)" }
    return PipelineError(message)
  }

  /// Below this, what two models have in common is what any two have.
  private static let leastSimilarity = 0.35

  /// Insertions, deletions and replacements that turn one name into the other.
  ///
  /// - Source: Wagner and Fischer 1974, "The string-to-string correction problem".
  static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.lowercased().utf8), Array(b.lowercased().utf8))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        let best = min(diagonal + (x == y ? 0 : 1), row[j] + 1, row[j + 1] + 1)
        (diagonal, row[j + 1]) = (row[j + 1], best)
      }
    }
    return row[b.count]
  }
}
