/// Finds architectures by the names that checkpoints carry.
struct ArchitectureLookup {
  let architectures: [SupportedArchitecture]

  /// - Parameters:
  ///   - classNames: `architectures` of `config.json`; empty for GGUF.
  ///   - modelType: `model_type`, or `general.architecture` of a GGUF file.
  /// - Throws: where none is known, with the nearest and all that are.
  func find(
    classNames: [String], modelType: String?
  ) throws(PipelineError) -> SupportedArchitecture {
    for name in classNames {
      if let match = architectures.first(where: { $0.name == name }) { return match }
    }
    if let first = classNames.first {
      throw unknown("architecture '\(first)'", first, known: architectures.map(\.name))
    }
    let wanted = modelType ?? ""
    if let match = architectures.first(where: { $0.ggufArchitecture == wanted }) { return match }
    throw unknown("GGUF architecture '\(wanted)'", wanted, known: ggufNames)
  }

  private var ggufNames: [String] {
    architectures.compactMap(\.ggufArchitecture).reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  private func unknown(_ what: String, _ name: String, known: [String]) -> PipelineError {
    let nearest = known.min { Self.distance($0, name) < Self.distance($1, name) }
    var message = "\(what) is not supported"
    if let nearest { message += "; the nearest is '\(nearest)'" }
    return PipelineError("\(message); known: \(known.joined(separator: ", "))")
  }

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
