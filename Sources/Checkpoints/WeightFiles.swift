import ApusJSON

/// The files that hold a checkpoint's tensors.
struct WeightFiles {
  let format: CheckpointFormat
  /// What was opened, for messages.
  let path: String
  let tensors: [String: TensorRecord]
  /// Of the first file, for GGUF.
  let metadata: GGUFMetadata?

  /// Finds and opens the weights at a path: a file, or a folder that holds some.
  static func open(_ path: String) throws(CheckpointError) -> WeightFiles {
    if PathKind(path) == .folder { return try openFolder(path) }
    if path.hasSuffix(".index.json") { return try openSharded(path, folder: parentFolder(path)) }
    if let pickle = pickleSuffix(path) { throw pickleError(path, found: "a \(pickle) file") }
    let file = try MappedFile(path: path)
    let isGGUF = path.hasSuffix(".gguf") || (file.byteCount >= 4 && file.copy(0..<4) == magic)
    return isGGUF
      ? try openGGUF(file, path) : try safetensors([Safetensors(file)], path: path)
  }

  private static let magic = Array("GGUF".utf8)

  private static func openFolder(_ folder: String) throws(CheckpointError) -> WeightFiles {
    let names = try folderEntries(folder)
    let whole = names.filter { $0.hasSuffix(".safetensors") }
    if whole.contains("model.safetensors") { return try open("\(folder)/model.safetensors") }
    let indices = names.filter { $0.hasSuffix(".safetensors.index.json") }
    if let index = indices.first(where: { $0.hasPrefix("model.") }) ?? indices.first {
      return try openSharded("\(folder)/\(index)", folder: folder)
    }
    if whole.count == 1 { return try open("\(folder)/\(whole[0])") }
    if whole.count > 1 {
      throw CheckpointError(
        file: folder, expected: "model.safetensors.index.json beside several safetensors files",
        found: "\(whole.count) files without an index")
    }
    let ggufs = names.filter { $0.hasSuffix(".gguf") && (SplitName($0)?.number ?? 1) == 1 }
    if ggufs.count == 1 { return try open("\(folder)/\(ggufs[0])") }
    if ggufs.count > 1 {
      throw CheckpointError(
        file: folder, expected: "one GGUF file, or one of them named with --weight-path",
        found: ggufs.joined(separator: ", "))
    }
    if let pickle = names.lazy.compactMap(pickleSuffix).first {
      throw pickleError(folder, found: "only \(pickle) files")
    }
    throw CheckpointError(
      file: folder, expected: "model.safetensors, its index, or a .gguf file", found: "none")
  }

  private static func pickleSuffix(_ name: String) -> String? {
    [".bin", ".pt", ".pth"].first { name.hasSuffix($0) }
  }

  /// Pickle runs code while it is read, so it is never opened.
  private static func pickleError(_ file: String, found: String) -> CheckpointError {
    CheckpointError(
      file: file,
      expected: "safetensors or GGUF (convert with safetensors.torch.save_file: pickled weights "
        + "can run code)", found: found)
  }

  // MARK: - Safetensors

  /// The tensors of several files together.
  static func safetensors(
    _ files: [Safetensors], path: String
  ) throws(CheckpointError) -> WeightFiles {
    var tensors: [String: TensorRecord] = [:]
    for file in files {
      for tensor in file.tensors {
        if let other = tensors.updateValue(tensor, forKey: tensor.name) {
          throw CheckpointError(
            file: path, .tensor(tensor.name), expected: "it in one file",
            found: "it in \(other.fileName) and \(tensor.fileName)")
        }
      }
    }
    return WeightFiles(format: .safetensors, path: path, tensors: tensors, metadata: nil)
  }

  private static func openSharded(
    _ index: String, folder: String
  ) throws(CheckpointError) -> WeightFiles {
    let map = try readIndex(index)
    var files: [Safetensors] = []
    for name in Set(map.values).sorted() {
      guard PathKind("\(folder)/\(name)") == .file else {
        throw CheckpointError(
          file: index, .field("weight_map"), expected: "the file \(name) in \(folder)",
          found: "nothing there")
      }
      files.append(try Safetensors(MappedFile(path: "\(folder)/\(name)")))
    }
    let result = try safetensors(files, path: index)
    for (tensor, file) in map.sorted(by: { $0.key < $1.key }) {
      let actual = result.tensors[tensor]?.fileName
      guard actual == "\(folder)/\(file)" else {
        throw CheckpointError(
          file: index, .tensor(tensor), expected: "it in \(file)",
          found: actual.map { "it in \($0)" } ?? "it nowhere",
          nearest: NearestNames.of(tensor, among: result.tensors.keys))
      }
    }
    return result
  }

  /// Tensor name to file name; file names that could lead out of the folder are refused.
  private static func readIndex(_ path: String) throws(CheckpointError) -> [String: String] {
    let value: JSONValue
    let text = try readSmallFile(path)
    do {
      value = try JSONValue(parsing: text)
    } catch {
      throw CheckpointError(file: path, expected: "a JSON object", found: "\(error)")
    }
    guard let members = value["weight_map"]?.objectValue, !members.isEmpty else {
      throw CheckpointError(
        file: path, .field("weight_map"), expected: "an object of file names",
        found: value["weight_map"]?.kind ?? "nothing")
    }
    var map: [String: String] = [:]
    for (tensor, file) in members {
      guard let name = file.stringValue, staysInside(name) else {
        throw CheckpointError(
          file: path, .field("weight_map.\(tensor)"),
          expected: "the name of a safetensors file inside the folder",
          found: file.stringValue.map { "\"\($0)\"" } ?? file.kind)
      }
      map[tensor] = name
    }
    return map
  }

  private static func staysInside(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isPlain = parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    return isPlain && name.hasSuffix(".safetensors") && !name.utf8.contains(0)
      && !name.contains("\\")
  }

  // MARK: - GGUF

  /// The tensors of one file.
  static func gguf(_ file: GGUF, path: String) throws(CheckpointError) -> WeightFiles {
    let tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
    return WeightFiles(format: .gguf, path: path, tensors: tensors, metadata: file.metadata)
  }

  /// A file and, where it is the first of a split one, the others beside it.
  private static func openGGUF(
    _ file: MappedFile, _ path: String
  ) throws(CheckpointError) -> WeightFiles {
    let first = try GGUF(file)
    let parts = first.metadata.integer("split.count") ?? 1
    if parts <= 1 { return try gguf(first, path: path) }
    guard let name = SplitName(path), name.number == 1, name.count == parts else {
      throw CheckpointError(
        file: path, .field("split.count"),
        expected: "the first of \(parts) parts, named NAME-00001-of-NNNNN.gguf",
        found: "another name")
    }
    var tensors = try gguf(first, path: path).tensors
    for number in 2...parts {
      for tensor in try GGUF(MappedFile(path: name.path(of: number))).tensors {
        guard tensors.updateValue(tensor, forKey: tensor.name) == nil else {
          throw CheckpointError(
            file: tensor.fileName, .tensor(tensor.name), expected: "it in one part",
            found: "it in two")
        }
      }
    }
    return WeightFiles(format: .gguf, path: path, tensors: tensors, metadata: first.metadata)
  }
}

/// A file name of the form `NAME-00002-of-00005.gguf`.
struct SplitName {
  private let prefix: Substring
  let number: Int
  let count: Int

  init?(_ path: String) {
    let suffix = "-00000-of-00000.gguf".count
    guard path.hasSuffix(".gguf"), path.count > suffix else { return nil }
    let parts = path.suffix(suffix).dropFirst().dropLast(".gguf".count).split(separator: "-")
    guard parts.count == 3, parts[1] == "of", let number = Int(parts[0]),
      let count = Int(parts[2])
    else { return nil }
    (prefix, self.number, self.count) = (path.dropLast(suffix), number, count)
  }

  func path(of number: Int) -> String {
    func digits(_ value: Int) -> String {
      String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)"
    }
    return "\(prefix)-\(digits(number))-of-\(digits(count)).gguf"
  }
}
