public import ApusTensors

/// A scope of a checkpoint's weights, under our layers' names: `weights["layers"][3]["self_attn"]`.
///
/// Layers declare the tensors they need, which checks them; the elements are made when
/// `storage(of:)` asks for them. Scopes are cheap, and all scopes of a checkpoint share what was
/// declared and made.
public struct Weights: Sendable {
  /// The dotted name of this scope; empty at the top.
  public let path: String
  let store: WeightStore
  private var rank = 0
  private var rankCount = 1
  private var conversion: StorageFormat?

  init(_ store: WeightStore) { (path, self.store) = ("", store) }

  private init(_ parent: Weights, path: String) {
    self.path = path
    (store, rank, rankCount) = (parent.store, parent.rank, parent.rankCount)
    conversion = parent.conversion
  }

  /// Formats that CPU kernels read as they are stored.
  public static let kernelFormats: Set<StorageFormat> = [
    .float32, .float16, .bfloat16, .quantized(.q8_0), .quantized(.q4_0), .quantized(.q4_1),
  ]

  /// Answers every declaration with a stand-in: matrices of `format`, everything else float32.
  /// `contains` finds nothing, and the elements are zero and cost no memory until they are read.
  public static func placeholder(format: StorageFormat) -> Weights {
    Weights(WeightStore(placeholder: format))
  }

  public subscript(name: String) -> Weights { Weights(self, path: fullName(name)) }
  public subscript(index: Int) -> Weights { Weights(self, path: fullName("\(index)")) }

  /// The top scope, for the few tensors that every layer shares.
  public var root: Weights { Weights(self, path: "") }

  private func fullName(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  /// Whether there is a tensor of this name, or any below it.
  public func contains(_ name: String) -> Bool { store.contains(fullName(name)) }

  /// The part of one rank of a tensor-parallel group.
  ///
  /// - Precondition: `0 <= rank < count`.
  public func sharded(rank: Int, of count: Int) -> Weights {
    precondition(rank >= 0 && rank < count, "there is no rank \(rank) of \(count)")
    var result = self
    (result.rank, result.rankCount) = (rank, count)
    return result
  }

  /// Every matrix in this format at load. A block format leaves matrices as they are stored:
  /// nothing is quantised here.
  public func converted(to format: StorageFormat) -> Weights {
    var result = self
    result.conversion = format
    return result
  }

  /// Declares the tensor `path.name`.
  ///
  /// - Parameters:
  ///   - shape: the sizes of the whole, outermost first.
  ///   - sharding: how ranks divide it; nil where each holds all of it.
  /// - Returns: the view, whose shape is the part of this rank.
  /// - Throws: where the checkpoint has no such tensor, or one of another shape or of an unreadable
  ///   type, or the ranks cannot divide it.
  public func tensor(
    _ name: String, shape: [Int], sharding: WeightSharding? = nil
  ) throws(CheckpointError) -> WeightView {
    let full = fullName(name)
    let declaration = WeightStore.Declaration(shape: shape, sharding: sharding)
    guard store.placeholder == nil else {
      try store.declare(full, declaration)
      return try placeholderView(full, declaration)
    }
    let view = try existing(full)
    guard view.shape == shape else {
      throw CheckpointError(
        file: view.file, .tensor(full), expected: describe(shape),
        found: describe(view.shape, view.format))
    }
    try store.declare(full, declaration)
    let part = try shard(view, full, declaration)
    let format = try finalFormat(view, full)
    if let stored = view.format, shape.count > 1, conversion == nil, format != stored {
      store.noteDecoded(full, stored)
    }
    return WeightView(name: full, shape: part.shape, format: format, sharding: sharding)
  }

  /// The elements of a weight by its full name, with this scope's rank and conversion. Made once;
  /// safe to call from several threads.
  ///
  /// - Throws: where there is no such weight, or its type cannot be read.
  public func storage(of fullName: String) throws(CheckpointError) -> WeightStorage {
    let key = WeightStore.Key(
      name: fullName, rank: rank, count: rankCount, conversion: conversion)
    let declaration = store.declaration(of: fullName)
    return try store.storage(key) { () throws(CheckpointError) in
      if store.placeholder != nil { return try placeholderStorage(fullName, declaration) }
      var view = try existing(fullName)
      let format = try finalFormat(view, fullName)
      if let declaration { view = try shard(view, fullName, declaration) }
      if case .dense(let type) = format { view = view.converted(to: type) }
      return try view.storage(name: fullName).aligned()
    }
  }

  /// The files in which elements that were handed out still lie: those of weights that were not
  /// made anew at load.
  public func mappedFiles() -> SourceFiles { store.mappedFiles() }

  /// What is done to weights at load that a person may want to know, one line each.
  public var loadNotes: [String] { store.notes() }

  /// Full names of tensors that nothing declared, but for those that are usual and harmless, and
  /// those that match a pattern of `ignoring` (`*` stands for one part of a name).
  public func leftovers(ignoring patterns: [String] = []) -> [String] {
    store.unused(besides: store.declaredNames(), ignoring: patterns)
  }

  /// Those of `leftovers()` that are scales of a quantised weight: whoever reads the weight without
  /// them reads nonsense.
  public func orphanedScales() -> [String] {
    leftovers().filter(HarmlessLeftovers.isScale)
  }
}

extension Weights {
  private func existing(_ name: String) throws(CheckpointError) -> LazyTensor {
    if let view = store.views[name] { return view }
    throw CheckpointError(
      file: store.file, .tensor(name), expected: "a tensor of this name", found: "none",
      nearest: NearestNames.of(name, among: store.views.keys))
  }

  /// The part of this scope's rank.
  private func shard(
    _ view: LazyTensor, _ name: String, _ declaration: WeightStore.Declaration
  ) throws(CheckpointError) -> LazyTensor {
    guard let sharding = declaration.sharding, rankCount > 1 else { return view }
    let part = try sharding.part(
      of: view.shape, rank: rank, count: rankCount, file: store.file, name: name)
    return try view.slice(axis: part.axis, part.range, name: name)
  }

  /// The layout a weight is handed out in: vectors as float32, matrices as they are stored where a
  /// kernel reads that, else as bfloat16.
  private func finalFormat(
    _ view: LazyTensor, _ name: String
  ) throws(CheckpointError) -> StorageFormat {
    guard let stored = view.format, isReadable(stored) else {
      throw CheckpointError(
        file: view.file, .tensor(name), expected: "floats of a type that this program can read",
        found: view.typeName)
    }
    if view.shape.count <= 1 { return .float32 }
    if case .dense? = conversion, let conversion { return conversion }
    if Self.kernelFormats.contains(stored) { return stored }
    return stored == .dense(.float64) ? .float32 : .bfloat16
  }

  private func isReadable(_ format: StorageFormat) -> Bool {
    if case .dense(let type) = format { return type.isFloatingPoint }
    return Dequantize.supports(format)
  }

  private func placeholderView(
    _ name: String, _ declaration: WeightStore.Declaration
  ) throws(CheckpointError) -> WeightView {
    var shape = declaration.shape
    if let sharding = declaration.sharding, rankCount > 1 {
      let part = try sharding.part(
        of: shape, rank: rank, count: rankCount, file: store.file, name: name)
      shape[part.axis] = part.range.count
    }
    let matrix = conversion ?? store.placeholder ?? .float32
    // A row that is no whole number of blocks stays dense, as in files.
    let isWhole = (shape.last ?? 1) % matrix.blockElements == 0
    let format = shape.count <= 1 ? .float32 : isWhole ? matrix : .float16
    return WeightView(name: name, shape: shape, format: format, sharding: declaration.sharding)
  }

  private func placeholderStorage(
    _ name: String, _ declaration: WeightStore.Declaration?
  ) throws(CheckpointError) -> WeightStorage {
    guard let declaration else {
      throw CheckpointError(
        file: store.file, .tensor(name), expected: "a declared weight", found: "none")
    }
    let view = try placeholderView(name, declaration)
    guard let count = checkedProduct(view.shape),
      let bytes = view.format.byteCount(elements: count)
    else {
      throw CheckpointError(
        file: store.file, .tensor(name), expected: "a size below 2^63",
        found: describe(view.shape))
    }
    return WeightStorage(
      shape: view.shape, format: view.format, file: .zeros(byteCount: bytes, name: name))
  }
}
