/// GGUF models in one file or several: `NAME-00001-of-00003.gguf` and so on.
///
/// Every part is a GGUF file of its own and says in its metadata which part it is (`split.no`, from
/// 0), of how many (`split.count`), with how many tensors in all (`split.tensors.count`). What else
/// the metadata holds is in the first part.
extension WeightFiles {
  private static let numberKey = "split.no"
  private static let countKey = "split.count"
  private static let tensorsKey = "split.tensors.count"

  /// A model of one file that was not looked for parts.
  static func gguf(_ file: MappedFile, path: String) throws(CheckpointError) -> WeightFiles {
    try together([GGUF(file)], [file], path: path)
  }

  /// A file or, where it is a part of a split model, all parts of that.
  static func openGGUF(
    _ file: MappedFile, _ path: String
  ) throws(CheckpointError) -> WeightFiles {
    let opened = try GGUF(file)
    let count = try number(countKey, opened, path) ?? 1
    guard count > 1 else { return try together([opened], [file], path: path) }
    guard let name = SplitName(path), name.count == count else {
      throw CheckpointError(
        file: path, .field(countKey),
        expected: "a name that ends in -NNNNN-of-\(SplitName.digits(count)).gguf for a part of"
          + " \(count)", found: "another name")
    }
    var files: [MappedFile] = []
    for number in 1...count {
      let part = name.path(of: number)
      guard PathKind(part) == .file else {
        throw CheckpointError(
          file: part, expected: "part \(number) of \(count) beside the others",
          found: "nothing there")
      }
      files.append(number == name.number ? file : try MappedFile(path: part))
    }
    var parts: [GGUF] = []
    for (index, file) in files.enumerated() {
      let part = index + 1 == name.number ? opened : try GGUF(file)
      try check(part, index, of: count, file.name)
      parts.append(part)
    }
    let result = try together(parts, files, path: name.path(of: 1))
    if let total = try number(tensorsKey, parts[0], result.path), total != result.tensors.count {
      throw CheckpointError(
        file: result.path, .field(tensorsKey), expected: "\(total) tensors in \(count) parts",
        found: "\(result.tensors.count)")
    }
    return result
  }

  /// A part must say of itself what its name says.
  private static func check(
    _ part: GGUF, _ index: Int, of count: Int, _ file: String
  ) throws(CheckpointError) {
    for (key, wanted) in [(countKey, count), (numberKey, index)] {
      let found = try number(key, part, file)
      guard found == wanted else {
        throw CheckpointError(
          file: file, .field(key), expected: "\(wanted), as its name says",
          found: found.map(String.init) ?? "nothing")
      }
    }
  }

  /// A number of metadata, or nil where it is absent.
  private static func number(
    _ key: String, _ part: GGUF, _ file: String
  ) throws(CheckpointError) -> Int? {
    guard let value = part.metadata[key] else { return nil }
    guard case .integer(let number) = value, number >= 0 else {
      throw CheckpointError(
        file: file, .field(key), expected: "a whole number", found: value.kind)
    }
    return number
  }

  private static func together(
    _ parts: [GGUF], _ files: [MappedFile], path: String
  ) throws(CheckpointError) -> WeightFiles {
    var tensors: [String: TensorRecord] = [:]
    for tensor in parts.lazy.flatMap(\.tensors) {
      guard let other = tensors.updateValue(tensor, forKey: tensor.name) else { continue }
      throw CheckpointError(
        file: tensor.fileName, .tensor(tensor.name), expected: "it in one part",
        found: "it in \(other.fileName) too")
    }
    return WeightFiles(
      format: .gguf, path: path, tensors: tensors, metadata: parts.first?.metadata,
      files: SourceFiles(files))
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
      let count = Int(parts[2]), (1...max(1, count)).contains(number)
    else { return nil }
    (prefix, self.number, self.count) = (path.dropLast(suffix), number, count)
  }

  func path(of number: Int) -> String {
    "\(prefix)-\(Self.digits(number))-of-\(Self.digits(count)).gguf"
  }

  /// Five digits.
  static func digits(_ value: Int) -> String {
    String(repeating: "0", count: max(0, 5 - "\(value)".count)) + "\(value)"
  }
}
