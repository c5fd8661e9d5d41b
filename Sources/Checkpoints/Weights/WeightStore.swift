import ApusTensors
import Synchronization

/// What all scopes of one checkpoint share: its views, what was declared, and what was made.
final class WeightStore: Sendable {
  /// By our names.
  let views: [String: LazyTensor]
  /// For messages.
  let file: String
  let hasTiedHead: Bool
  /// The format of a placeholder's matrices; nil for a real checkpoint.
  let placeholder: StorageFormat?
  /// All names that have tensors below them.
  private let scopes: Set<String>

  /// A weight as one rank asked for it.
  struct Key: Hashable {
    let name: String
    let rank: Int
    let count: Int
    let conversion: StorageFormat?
  }

  struct Declaration: Hashable {
    let shape: [Int]
    let sharding: WeightSharding?
  }

  /// Made at most once; whoever comes meanwhile waits.
  private final class Slot: Sendable {
    let storage = Mutex<WeightStorage?>(nil)
  }

  private struct State {
    var declared: [String: Declaration] = [:]
    var slots: [Key: Slot] = [:]
    /// Names of matrices per format without a kernel.
    var decoded: [StorageFormat: Set<String>] = [:]
  }
  private let state = Mutex(State())

  init(views: [String: LazyTensor], file: String, hasTiedHead: Bool) {
    self.views = views
    self.file = file
    self.hasTiedHead = hasTiedHead
    placeholder = nil
    scopes = Self.scopes(of: views.keys)
  }

  /// - Parameter names: of tensors that `contains` finds.
  init(placeholder: StorageFormat, names: some Sequence<String> = []) {
    self.placeholder = placeholder
    (views, file, hasTiedHead) = ([:], "placeholder", true)
    scopes = Self.scopes(of: names).union(names)
  }

  /// All names that have one of these below them.
  private static func scopes(of names: some Sequence<String>) -> Set<String> {
    var scopes: Set<String> = []
    for name in names {
      var end = name.endIndex
      while let dot = name[..<end].lastIndex(of: "."),
        scopes.insert(String(name[..<dot])).inserted
      { end = dot }
    }
    return scopes
  }

  func contains(_ name: String) -> Bool { views[name] != nil || scopes.contains(name) }

  /// Remembers that a weight is used.
  ///
  /// - Throws: where it was declared otherwise before.
  func declare(_ name: String, _ declaration: Declaration) throws(CheckpointError) {
    let before = state.withLock { state in
      let before = state.declared[name]
      if before == nil { state.declared[name] = declaration }
      return before
    }
    guard before == nil || before == declaration else {
      throw CheckpointError(
        file: file, .tensor(name), expected: "one way to divide it among ranks",
        found: "it declared twice, with shapes \(before?.shape ?? []) and \(declaration.shape)")
    }
  }

  func declaration(of name: String) -> Declaration? { state.withLock { $0.declared[name] } }

  func declaredNames() -> Set<String> { state.withLock { Set($0.declared.keys) } }

  /// Names of stored tensors that are not among `used`, without those that are harmless or match
  /// a pattern.
  func unused(besides used: Set<String>, ignoring patterns: [String]) -> [String] {
    let ignored = patterns.map { WeightPattern($0) }
    return views.filter { name, view in
      !used.contains(name) && !HarmlessLeftovers.contains(name, view, hasTiedHead)
        && !ignored.contains { $0.match(name) != nil }
    }.keys.sorted()
  }

  func noteDecoded(_ name: String, _ format: StorageFormat) {
    state.withLock { _ = $0.decoded[format, default: []].insert(name) }
  }

  /// One line per format whose matrices are decoded because no kernel reads it.
  func notes() -> [String] {
    state.withLock { state in
      state.decoded.map { format, names in
        let matrices = names.count == 1 ? "1 matrix is" : "\(names.count) matrices are"
        return "no CPU kernel reads \(format): \(matrices) decoded to bfloat16 at load"
      }.sorted()
    }
  }

  /// The mapped files of what was made so far.
  func mappedFiles() -> SourceFiles {
    let slots = state.withLock { Array($0.slots.values) }
    return SourceFiles(slots.compactMap { $0.storage.withLock { $0?.file } })
  }

  /// What `make` gives, made once per key; an error is not remembered.
  func storage(
    _ key: Key, make: () throws(CheckpointError) -> WeightStorage
  ) throws(CheckpointError) -> WeightStorage {
    let slot = state.withLock { state in
      if let slot = state.slots[key] { return slot }
      let slot = Slot()
      state.slots[key] = slot
      return slot
    }
    return try slot.storage.withLock { storage throws(CheckpointError) in
      if let storage { return storage }
      let made = try make()
      storage = made
      return made
    }
  }
}
