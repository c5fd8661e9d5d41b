import ApusCheckpoints

/// How a checkpoint differs from what an architecture reads.
///
/// The architecture's model is built over stand-ins, from the checkpoint's own configuration: what
/// it asks for is compared with what is there. Names of tensors are those that its weight adapter
/// gives.
struct FamilyComparison {
  /// Of the architecture.
  let name: String
  /// Keys without a default that the configuration lacks.
  private(set) var missingKeys: [String] = []
  /// Keys of the configuration that the architecture does not ask for.
  private(set) var unknownKeys: [String] = []
  /// What the architecture says about values that it does not take.
  private(set) var refusedValues: [String] = []
  private(set) var missingTensors: [String] = []
  private(set) var unknownTensors: [String] = []
  private(set) var otherShapes: [String] = []
  /// What all names of tensors begin with and the architecture's do not; usually empty.
  private(set) var prefix = ""
  /// Of kinds of tensors, that is of names without their numbers: found and asked for.
  private(set) var kinds = (found: 0, asked: 0)
  /// 0 to 1: how much the two have in common.
  private(set) var similarity = 0.0

  /// Nil where the architecture has no adapter for the checkpoint, or none that fits at all.
  init?(_ architecture: SupportedArchitecture, _ checkpoint: Checkpoint) {
    guard let adapter = architecture.weightAdapters[checkpoint.format],
      let weights = try? adapter.adapt(checkpoint)
    else { return nil }
    name = architecture.name
    let stored = weights.storedShapes
    var build = Construction(architecture, checkpoint.config, names: stored.keys)
    prefix = Self.prefix(of: stored.keys, asked: build.shapes.keys)
    if !prefix.isEmpty {
      build = Construction(
        architecture, checkpoint.config, names: stored.keys.map(Self.without(prefix)))
    }
    compareKeys(build, checkpoint)
    compareTensors(build, weights, stored, ignoring: architecture.ignoredTensors)
    rate(build, stored)
  }

  private mutating func compareKeys(_ build: Construction, _ checkpoint: Checkpoint) {
    missingKeys = build.probe.missing.subtracting(build.refused.map(\.key)).sorted()
    unknownKeys = checkpoint.config.unknownKeys(to: build.probe) + checkpoint.unshownKeys
    refusedValues = build.refused.map(\.text)
  }

  private mutating func compareTensors(
    _ build: Construction, _ weights: Weights, _ stored: [String: [Int]],
    ignoring patterns: [String]
  ) {
    var used: Set<String> = []
    var wrong: [String: [String]] = [:]
    var missing: [String] = []
    // Stand-ins for sizes say nothing about shapes.
    let knowsSizes = Set(missingKeys).isSubset(of: [Construction.layerKey])
    for (name, shape) in build.shapes {
      guard let full = [name, prefix + name].first(where: { stored[$0] != nil }) else {
        missing.append(name)
        continue
      }
      used.insert(full)
      if knowsSizes, let found = stored[full], found != shape {
        wrong["\(found) instead of \(shape)", default: []].append(name)
      }
    }
    missingTensors = CollapsedNames.of(missing)
    unknownTensors = CollapsedNames.of(weights.leftovers(besides: used, ignoring: patterns))
    otherShapes = wrong.flatMap { shapes, names in
      CollapsedNames.of(names).map { "\($0) \(shapes)" }
    }.sorted()
  }

  /// Kinds of tensors count half, the parts of their names a fifth, configuration keys the rest.
  private mutating func rate(_ build: Construction, _ stored: [String: [Int]]) {
    let there = Set(stored.keys.map { CollapsedNames.pattern(of: Self.without(prefix)($0)) })
    let asked = Set(build.shapes.keys.map(CollapsedNames.pattern))
    kinds = (asked.intersection(there).count, asked.count)
    func parts(_ names: Set<String>) -> Set<Substring> {
      Set(names.flatMap { $0.split(separator: ".") })
    }
    let required = build.probe.required
    let answered = required.subtracting(build.probe.missing)
    similarity =
      0.5 * Self.overlap(asked, there) + 0.2 * Self.overlap(parts(asked), parts(there))
      + 0.3 * (required.isEmpty ? 0 : Double(answered.count) / Double(required.count))
  }

  /// What both have, as a share of what either has.
  private static func overlap<T>(_ a: Set<T>, _ b: Set<T>) -> Double {
    let both = a.union(b).count
    return both == 0 ? 0 : Double(a.intersection(b).count) / Double(both)
  }

  private static func without(_ prefix: String) -> (String) -> String {
    { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
  }

  /// The beginning without which most names that are asked for would be there.
  private static func prefix(
    of stored: some Sequence<String>, asked: some Collection<String>
  ) -> String {
    let asked = Set(asked)
    var counts: [String: Int] = [:]
    for name in stored {
      if asked.contains(name) { counts["", default: 0] += 1 }
      for dot in name.indices where name[dot] == "." {
        let rest = name.index(after: dot)
        if asked.contains(String(name[rest...])) {
          counts[String(name[..<rest]), default: 0] += 1
        }
      }
    }
    // Of equals the shortest.
    let best = counts.max { ($0.value, $1.key.count) < ($1.value, $0.key.count) }
    guard let best, 2 * best.value > asked.count else { return "" }
    return best.key
  }
}

extension FamilyComparison {
  /// What differs, a line each, none of them long; empty where nothing does.
  var lines: [String] {
    let lists: [(title: String, names: [String])] = [
      ("configuration keys that are missing", missingKeys),
      ("configuration keys it does not know", unknownKeys),
      ("configuration values it does not take", refusedValues),
      ("tensors that are missing", missingTensors),
      ("tensors it does not know", unknownTensors),
      ("tensors of another shape", otherShapes),
    ]
    var lines = prefix.isEmpty ? [] : ["names of tensors begin with '\(Self.short(prefix))'"]
    for (title, names) in lists where !names.isEmpty {
      let most = 8
      var text = names.prefix(most).map(Self.short).joined(separator: ", ")
      if names.count > most { text += ", and \(names.count - most) more" }
      lines.append("\(title): \(text)")
    }
    return lines
  }

  var hasTensorDifferences: Bool {
    !(missingTensors.isEmpty && unknownTensors.isEmpty && otherShapes.isEmpty)
  }

  private static func short(_ name: String) -> String {
    name.count <= 120 ? name : name.prefix(80) + "..." + name.suffix(37)
  }
}
