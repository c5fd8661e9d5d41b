/// One step from a checkpoint's tensors to ours. Patterns are dotted names in which `*` stands for
/// any one part and `#` for a number; a pattern that no tensor matches changes nothing.
public enum WeightRule: Sendable {
  /// Removes the beginning of all names that have it.
  case stripPrefix(String)
  /// Gives names that match the first pattern of a row the name of its second; the first row that
  /// matches counts, and each `*` of the second stands for what that of the first did.
  case rename([(from: String, to: String)])
  /// Forgets tensors: neither a weight nor left over.
  case leaveOut(String)
  /// Divides a fused tensor along an axis into parts of these names; `*` as in `rename`.
  case slice(String, axis: Int, into: [String], sizes: PartSizes)
  /// Puts tensors that differ in `#` together along a new first axis, in the order of that number.
  case stack(String, into: String)
  /// Exchanges rows and columns of matrices that are stored as `[in, out]`.
  case transpose(String)
  /// Brings rows into another order, whatever their format.
  case permuteRows(String, RowOrder)
  /// `scale * x + offset`, in float32.
  case affine(String, scale: Float, offset: Float)
  /// Further steps for checkpoints that fulfil a condition.
  case when(@Sendable (Checkpoint) -> Bool, [WeightRule])

  /// The sizes of a fused tensor's parts.
  public enum PartSizes: Sendable {
    /// All the same.
    case equal
    /// As the configuration says; their sum is the size of the axis.
    case of(@Sendable (ConfigFile) throws(ConfigError) -> [Int])
  }

  /// An order of rows.
  public enum RowOrder: Sendable {
    /// From llama.cpp's order of rotary pairs (2i, 2i + 1 of a head) to Hugging Face's (i, i +
    /// half). `heads` names the key of the configuration that counts the heads: the first that is
    /// there.
    ///
    /// - Source: `permute` in convert_hf_to_gguf.py, whose inverse this is.
    case pairsToHalves(heads: [String])
    /// Row i of the result is row `order[i]` of the tensor; gets the number of rows.
    case custom(@Sendable (ConfigFile, _ rows: Int) throws(ConfigError) -> [Int])
  }
}

extension WeightRule {
  typealias Views = [String: LazyTensor]

  /// This step, applied to all tensors.
  func apply(_ views: inout Views, _ checkpoint: Checkpoint) throws(CheckpointError) {
    switch self {
    case .stripPrefix(let prefix):
      try Self.renameAll(&views, checkpoint) {
        $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0
      }
    case .rename(let rows):
      let patterns = rows.map { (from: WeightPattern($0.from), to: WeightPattern($0.to)) }
      try Self.renameAll(&views, checkpoint) { name in
        let parts = WeightPattern.parts(of: name)
        for (from, to) in patterns {
          if let match = from.match(parts) { return to.filled(with: match) }
        }
        return name
      }
    case .leaveOut(let pattern):
      for name in Self.names(pattern, views) { views[name] = nil }
    case .slice(let pattern, let axis, let into, let sizes):
      try Self.slice(&views, checkpoint, WeightPattern(pattern), axis, into, sizes)
    case .stack(let pattern, let into):
      try Self.stack(&views, checkpoint, WeightPattern(pattern), WeightPattern(into))
    case .transpose(let pattern):
      for name in Self.names(pattern, views) {
        views[name] = try views[name]?.transposed(name: name)
      }
    case .permuteRows(let pattern, let order):
      try Self.permute(&views, checkpoint, pattern, order)
    case .affine(let pattern, let scale, let offset):
      for name in Self.names(pattern, views) {
        views[name] = views[name]?.affine(scale: scale, offset: offset)
      }
    case .when(let condition, let rules):
      if condition(checkpoint) {
        for rule in rules { try rule.apply(&views, checkpoint) }
      }
    }
  }

  private static func names(_ pattern: String, _ views: Views) -> [String] {
    let pattern = WeightPattern(pattern)
    return views.keys.filter { pattern.match($0) != nil }.sorted()
  }

  private static func renameAll(
    _ views: inout Views, _ checkpoint: Checkpoint, _ newName: (String) -> String
  ) throws(CheckpointError) {
    var result = Views(minimumCapacity: views.count)
    for (name, view) in views {
      try insert(view, newName(name), into: &result, checkpoint)
    }
    views = result
  }

  private static func insert(
    _ view: LazyTensor, _ name: String, into views: inout Views, _ checkpoint: Checkpoint
  ) throws(CheckpointError) {
    guard views.updateValue(view, forKey: name) == nil else {
      throw CheckpointError(
        file: checkpoint.path, .tensor(name), expected: "one tensor of this name",
        found: "two after renaming")
    }
  }

  private static func slice(
    _ views: inout Views, _ checkpoint: Checkpoint, _ pattern: WeightPattern, _ axis: Int,
    _ into: [String], _ sizes: PartSizes
  ) throws(CheckpointError) {
    for (name, view) in views.sorted(by: { $0.key < $1.key }) {
      guard let match = pattern.match(name) else { continue }
      guard view.shape.indices.contains(axis) else {
        throw CheckpointError(
          file: view.file, .tensor(name), expected: "a tensor with an axis \(axis)",
          found: describe(view.shape))
      }
      let size = view.shape[axis]
      let parts: [Int]
      switch sizes {
      case .equal: parts = Array(repeating: size / into.count, count: into.count)
      case .of(let read):
        parts = try asCheckpointError { () throws(ConfigError) in
          try read(checkpoint.config)
        }
      }
      guard parts.count == into.count, parts.reduce(0, +) == size, parts.allSatisfy({ $0 >= 0 })
      else {
        throw CheckpointError(
          file: view.file, .tensor(name),
          expected: "an axis \(axis) of \(parts.reduce(0, +)) for its \(into.count) parts \(parts)",
          found: describe(view.shape))
      }
      views[name] = nil
      var start = 0
      for (target, count) in zip(into, parts) {
        let part = try view.slice(axis: axis, start..<start + count, name: name)
        try insert(part, WeightPattern(target).filled(with: match), into: &views, checkpoint)
        start += count
      }
    }
  }

  private static func stack(
    _ views: inout Views, _ checkpoint: Checkpoint, _ pattern: WeightPattern,
    _ into: WeightPattern
  ) throws(CheckpointError) {
    var groups: [String: [Int: LazyTensor]] = [:]
    for (name, view) in views {
      guard let match = pattern.match(name), let number = match.number else { continue }
      groups[into.filled(with: match), default: [:]][number] = view
      views[name] = nil
    }
    for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
      var parts: [LazyTensor] = []
      for number in 0..<group.count {
        guard let part = group[number] else {
          throw CheckpointError(
            file: checkpoint.path, .tensor(name), expected: "parts 0 to \(group.count - 1)",
            found: "parts \(group.keys.sorted())")
        }
        parts.append(part)
      }
      try insert(LazyTensor.stack(parts, name: name), name, into: &views, checkpoint)
    }
  }

  private static func permute(
    _ views: inout Views, _ checkpoint: Checkpoint, _ pattern: String, _ order: RowOrder
  ) throws(CheckpointError) {
    for name in names(pattern, views) {
      guard let view = views[name], let rows = view.shape.first else { continue }
      let sources = try asCheckpointError { () throws(ConfigError) in
        switch order {
        case .pairsToHalves(let keys): try pairsToHalves(checkpoint.config, keys, rows, name)
        case .custom(let order): try order(checkpoint.config, rows)
        }
      }
      views[name] = try view.permutingRows(sources, name: name)
    }
  }

  private static func pairsToHalves(
    _ config: ConfigFile, _ keys: [String], _ rows: Int, _ name: String
  ) throws(ConfigError) -> [Int] {
    let key = keys.first(where: config.contains) ?? keys.first ?? "num_attention_heads"
    let heads: Int = try config[key]
    guard heads > 0, rows % (2 * heads) == 0 else {
      throw config.error(
        key, expected: "heads that divide the \(rows) rows of \(name) evenly", found: "\(heads)")
    }
    let half = rows / heads / 2
    return (0..<rows).map { row in
      let (head, place) = (row / (2 * half), row % (2 * half))
      return head * 2 * half + place % half * 2 + place / half
    }
  }

  private static func asCheckpointError<T>(
    _ body: () throws(ConfigError) -> T
  ) throws(CheckpointError) -> T {
    do {
      return try body()
    } catch {
      throw CheckpointError(error)
    }
  }
}
