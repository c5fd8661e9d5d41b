import ApusJSON

/// The files that hold a checkpoint's tensors.
struct WeightFiles {
  let format: CheckpointFormat
  /// What was opened, for messages.
  let path: String
  let tensors: [String: TensorRecord]
  /// Of the first file, for GGUF.
  let metadata: GGUFMetadata?
  let files: SourceFiles

  /// Finds and opens the weights at a path: a file, or a folder that holds some.
  static func open(_ path: String) throws(CheckpointError) -> WeightFiles {
    if PathKind(path) == .folder { return try openFolder(path) }
    if path.hasSuffix(".index.json") { return try openSharded(path, folder: parentFolder(path)) }
    if let pickle = pickleSuffix(path) { throw pickleError(path, found: "a \(pickle) file") }
    let file = try MappedFile(path: path)
    let isGGUF = path.hasSuffix(".gguf") || (file.byteCount >= 4 && file.copy(0..<4) == magic)
    return isGGUF
      ? try openGGUF(file, path) : try safetensors([file], path: path)
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
    let ggufs = names.filter { $0.hasSuffix(".gguf") }
    // All parts of a split model lead to its first.
    let models = Set(ggufs.map { SplitName($0)?.path(of: 1) ?? $0 }).sorted()
    if models.count == 1 { return try open("\(folder)/\(ggufs[0])") }
    if models.count > 1 {
      throw CheckpointError(
        file: folder, expected: "one GGUF model, or one of them named with --weight-path",
        found: models.joined(separator: ", "))
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
    _ files: [MappedFile], path: String
  ) throws(CheckpointError) -> WeightFiles {
    var tensors: [String: TensorRecord] = [:]
    for file in files {
      for tensor in try Safetensors(file).tensors {
        if let other = tensors.updateValue(tensor, forKey: tensor.name) {
          throw CheckpointError(
            file: path, .tensor(tensor.name), expected: "it in one file",
            found: "it in \(other.fileName) and \(tensor.fileName)")
        }
      }
    }
    return WeightFiles(
      format: .safetensors, path: path, tensors: tensors, metadata: nil, files: SourceFiles(files))
  }

  private static func openSharded(
    _ index: String, folder: String
  ) throws(CheckpointError) -> WeightFiles {
    let map = try readIndex(index)
    var files: [MappedFile] = []
    for name in Set(map.values).sorted() {
      guard PathKind("\(folder)/\(name)") == .file else {
        throw CheckpointError(
          file: index, .field("weight_map"), expected: "the file \(name) in \(folder)",
          found: "nothing there")
      }
      files.append(try MappedFile(path: "\(folder)/\(name)"))
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
      value = try JSONValue(parsing: text, limits: .smallFile)
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
}
