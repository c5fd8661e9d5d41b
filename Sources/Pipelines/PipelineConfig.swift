public import ApusCompiler
public import ApusTensors

/// What a model is loaded with. Values that are nil follow from the checkpoint or from the machine.
public struct PipelineConfig: Sendable {
  /// What runs the graph.
  public enum Execution: String, Sendable, Hashable, CaseIterable {
    /// The compiled plan.
    case plan
    /// The reference interpreter: slow, for comparison.
    case interpreter
  }

  /// A folder, or a `.gguf` or `.safetensors` file.
  public var modelPath: String
  /// Another file or folder for the weights; the rest comes from `modelPath`.
  public var weightPath: String?
  /// The format that matrices get at load; nil keeps what is stored.
  public var encoding: StorageFormat?
  /// Tokens of one request; nil: what the model was made for, or less where memory is short.
  public var maxLength: Int?
  /// Requests of one step.
  public var maxBatchSize = 32
  /// Tokens of one step.
  public var maxBatchInputTokens = 512
  /// nil: as many as the batch could use or memory allows.
  public var kvCachePages: Int?
  /// Tokens of a page.
  public var kvCachePageSize = 16
  /// nil: float32 where `encoding` is, else bfloat16.
  public var kvCacheFormat: StorageFormat?
  /// nil: what the machine, its cpusets and its cgroup allow.
  public var threads: Int?
  /// An instruction set, by name; nil: the best there is.
  public var isa: String?
  /// By name, such as `cpu`.
  public var device = "cpu"
  public var execution = Execution.plan
  /// A file or folder that holds chat templates, instead of the checkpoint's.
  public var chatTemplatePath: String?
  /// Loads a checkpoint that has tensors which the model does not use.
  public var ignoresLeftoverTensors = false
  /// The name that clients use; nil: the last part of `modelPath`.
  public var servedModelName: String?
  /// Stages of compilation that are handed to `dumpSink` as text.
  public var dump: Set<DumpStage> = []
  public var dumpSink: (@Sendable (String) -> Void)?

  public init(modelPath: String) { self.modelPath = modelPath }

  /// A format by the names of command lines and files: `float32`, `bfloat16`, `q8_0`, and short
  /// forms such as `bf16`.
  public static func format(named name: String) -> StorageFormat? {
    switch name.lowercased() {
    case "float32", "f32": .float32
    case "bfloat16", "bf16": .bfloat16
    case "float16", "f16", "half": .float16
    case let other: QuantizedFormat(rawValue: other).map(StorageFormat.quantized)
    }
  }

  /// The format of keys and values.
  package var cacheFormat: StorageFormat {
    kvCacheFormat ?? (encoding == .float32 ? .float32 : .bfloat16)
  }

  /// - Throws: the first value that nothing can be loaded with, by the name of its flag.
  func check(modelContext: Int) throws(PipelineError) {
    let positive = [
      ("--max-length", maxLength), ("--max-batch-size", maxBatchSize),
      ("--max-batch-input-tokens", maxBatchInputTokens), ("--kv-cache-pages", kvCachePages),
      ("--kv-cache-page-size", kvCachePageSize), ("--threads", threads),
    ]
    for case (let flag, let value?) in positive where value < 1 {
      throw PipelineError("\(flag) \(value): expected at least 1")
    }
    if let maxLength, maxLength > modelContext {
      throw PipelineError(
        "--max-length \(maxLength): the model was made for at most \(modelContext) tokens")
    }
    let formats: [StorageFormat] = [.float32, .bfloat16, .float16]
    guard formats.contains(cacheFormat) else {
      let known = formats.map(\.description).joined(separator: ", ")
      throw PipelineError("--kv-cache-format \(cacheFormat): expected one of \(known)")
    }
  }
}
