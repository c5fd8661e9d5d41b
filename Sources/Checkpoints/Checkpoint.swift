public import ApusTensors

/// The file format of a checkpoint's weights.
public enum CheckpointFormat: String, Sendable, Hashable, CaseIterable {
  case safetensors, gguf
}

/// A model on disk: its tensors, mapped and checked but not read, and its configuration.
public struct Checkpoint: Sendable {
  /// What was opened.
  public let path: String
  /// The folder in which tokenizer and templates lie, unless they are in the GGUF file.
  public let folder: String
  public let format: CheckpointFormat
  /// By their names in the file.
  public let tensors: [String: TensorRecord]
  public let config: ConfigFile
  /// What `generation_config.json` says, else what the configuration says about end tokens.
  public let generationConfig: GenerationConfig
  /// Metadata of a GGUF file, the tokenizer's among them.
  public let gguf: GGUFMetadata?
  /// Where tensors and metadata lie.
  public let files: SourceFiles

  /// Opens a model.
  ///
  /// - Parameters:
  ///   - path: a folder (safetensors, single or sharded, else one GGUF model), or a `.gguf` or
  ///     `.safetensors` file; the latter needs `config.json` beside it. Of a GGUF model in several
  ///     files any may be named.
  ///   - weightPath: other weights for the configuration at `path`; relative to the working folder,
  ///     else to `path`.
  public static func open(
    _ path: String, weightPath: String? = nil
  ) throws(CheckpointError) -> Checkpoint {
    let kind = PathKind(path)
    guard kind != .nothing else {
      throw CheckpointError(file: path, expected: "a folder or a file", found: "nothing there")
    }
    let folder = kind == .folder ? path : parentFolder(path)
    var location = path
    if let weightPath {
      let beside = folder + "/" + weightPath
      location =
        PathKind(weightPath) == .nothing && PathKind(beside) != .nothing ? beside : weightPath
      guard PathKind(location) != .nothing else {
        throw CheckpointError(file: location, expected: "weights", found: "nothing there")
      }
    }
    let weights = try WeightFiles.open(location)
    let config = try readConfig(
      weights, path: path, folder: folder, isOverridden: weightPath != nil)
    return Checkpoint(
      path: path, folder: folder, format: weights.format, tensors: weights.tensors,
      config: config, generationConfig: try readGenerationConfig(folder, config),
      gguf: weights.metadata, files: weights.files)
  }

  /// A model that was put together in memory, such as an embedded one.
  public init(
    safetensors file: MappedFile, config: ConfigFile, generationConfig: GenerationConfig = .init()
  ) throws(CheckpointError) {
    let weights = try WeightFiles.safetensors([file], path: file.name)
    self.init(
      path: file.name, folder: file.name, format: .safetensors, tensors: weights.tensors,
      config: config, generationConfig: generationConfig, gguf: nil,
      files: weights.files)
  }

  /// A GGUF model in memory.
  public init(gguf file: MappedFile) throws(CheckpointError) {
    let weights = try WeightFiles.gguf(file, path: file.name)
    let config = try Self.configOfMetadata(weights, file.name)
    self.init(
      path: file.name, folder: file.name, format: .gguf, tensors: weights.tensors, config: config,
      generationConfig: try Self.readGenerationConfig(nil, config), gguf: weights.metadata,
      files: weights.files)
  }

  private init(
    path: String, folder: String, format: CheckpointFormat, tensors: [String: TensorRecord],
    config: ConfigFile, generationConfig: GenerationConfig, gguf: GGUFMetadata?,
    files: SourceFiles
  ) {
    self.path = path
    self.folder = folder
    self.format = format
    self.tensors = tensors
    self.config = config
    self.generationConfig = generationConfig
    self.gguf = gguf
    self.files = files
  }

  /// Bytes of all tensors in their files.
  public var byteCount: Int { tensors.values.reduce(0) { $0 + $1.byteCount } }

  /// How many elements are stored in which format, for messages and for choosing an encoding.
  public var elementsOfFormat: [StorageFormat: Int] {
    var result: [StorageFormat: Int] = [:]
    for tensor in tensors.values {
      if let format = tensor.format { result[format, default: 0] += tensor.shape.reduce(1, *) }
    }
    return result
  }

  /// GGUF metadata describes the tensors beside it and is preferred, unless the weights were named
  /// apart.
  private static func readConfig(
    _ weights: WeightFiles, path: String, folder: String, isOverridden: Bool
  ) throws(CheckpointError) -> ConfigFile {
    let file = folder + "/config.json"
    if PathKind(file) == .file, weights.format == .safetensors || isOverridden {
      return try readConfigFile(file)
    }
    if weights.metadata != nil { return try configOfMetadata(weights, weights.path) }
    throw CheckpointError(
      file: file, expected: "the model's configuration beside its weights", found: "nothing there")
  }

  private static func configOfMetadata(
    _ weights: WeightFiles, _ file: String
  ) throws(CheckpointError) -> ConfigFile {
    guard let metadata = weights.metadata else {
      throw CheckpointError(file: file, expected: "GGUF metadata", found: "none")
    }
    do {
      return try GGUFConfig.config(metadata, tensors: weights.tensors, file: file)
    } catch {
      throw CheckpointError(error)
    }
  }

  private static func readConfigFile(_ path: String) throws(CheckpointError) -> ConfigFile {
    let text = try readSmallFile(path)
    do {
      return try ConfigFile(parsing: text, file: path)
    } catch {
      throw CheckpointError(error)
    }
  }

  private static func readGenerationConfig(
    _ folder: String?, _ config: ConfigFile
  ) throws(CheckpointError) -> GenerationConfig {
    let file = folder.map { $0 + "/generation_config.json" }
    let isThere = file.map { PathKind($0) == .file } ?? false
    do {
      guard let file, isThere else {
        var result = GenerationConfig()
        let tokens = try GenerationConfig(config)
        (result.endTokens, result.beginToken) = (tokens.endTokens, tokens.beginToken)
        result.padToken = tokens.padToken
        return result
      }
      var result = try GenerationConfig(ConfigFile(parsing: readSmallFile(file), file: file))
      if result.endTokens.isEmpty { result.endTokens = try GenerationConfig(config).endTokens }
      return result
    } catch let error as ConfigError {
      throw CheckpointError(error)
    } catch let error as CheckpointError {
      throw error
    } catch {
      throw CheckpointError(
        file: folder ?? config.file, expected: "a readable file", found: "\(error)")
    }
  }
}

/// What precedes the last slash; "." where there is none.
func parentFolder(_ path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A file of configuration, whole.
func readSmallFile(_ path: String) throws(CheckpointError) -> [UInt8] {
  let file = try MappedFile(path: path)
  let most = 32 << 20
  guard file.byteCount <= most else {
    throw CheckpointError(
      file: path, expected: "at most \(most) bytes", found: "\(file.byteCount)")
  }
  let contents = file.copy(0..<file.byteCount)
  if let damage = file.damage { throw damage }
  return contents
}
