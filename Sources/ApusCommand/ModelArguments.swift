import ApusCompiler
import ApusDevices
import ApusPipelines
import ApusTensors
import ArgumentParser

/// The flags that say which model runs and how: MAX's names first, then vLLM's and llama.cpp's.
struct ModelArguments: ParsableArguments {
  @Option(
    name: [.long, .customLong("model-path"), .customShort("m")],
    help: "A Hugging Face folder or a GGUF file.")
  var model: String

  @Option(help: "Weights, where they are not in the model's folder.")
  var weightPath: String?

  @Option(
    name: [.long, .customLong("max-model-len"), .customLong("ctx-size"), .customShort("c")],
    help: "Tokens of one request, prompt and generation. Default: what the model allows.")
  var maxLength: Int?

  @Option(
    name: [.long, .customLong("max-num-seqs")], help: "Requests of one step at most.")
  var maxBatchSize = 16

  @Option(
    name: [.long, .customLong("max-num-batched-tokens")],
    help: "Tokens of one step at most; longer prompts are computed in chunks.")
  var maxBatchInputTokens = 512

  @Option(help: "Pages of the cache. Default: by batch size, context and free memory.")
  var kvCachePages: Int?

  @Option(help: "Tokens of one page.")
  var kvCachePageSize = 16

  @Flag(
    inversion: .prefixedNo,
    help: "Keep what was computed of a prompt for others that begin in the same way.")
  var enablePrefixCaching = true

  @Option(help: "float32, bfloat16 or float16. Default: float32 under float32, else bfloat16.")
  var kvCacheFormat: String?

  @Option(
    name: [.long, .customLong("dtype")],
    help: ArgumentHelp(
      "float32, bfloat16 or float16: decode the weights at load. Default: as they are stored.",
      discussion: "A quantised format is accepted where it is the one that is stored."))
  var quantizationEncoding: String?

  @Flag(help: "Load a checkpoint that has tensors which the model does not use.")
  var ignoreLeftoverTensors = false

  @Option(name: [.long, .customShort("t")], help: "Worker threads. Default: the cores we may use.")
  var threads: Int?

  @Option(help: "scalar, avx2, avx512 or avx512bf16. Default: the best that runs here.")
  var cpuIsa: String?

  @Option(help: "Only cpu.")
  var devices = "cpu"

  @Option(help: "plan (fast) or interpreter (the definition, slow).")
  var execution = "plan"

  @Option(
    name: [.long, .customLong("chat-template-file")],
    help: "A chat template's file, or a folder with several, instead of the model's own.")
  var chatTemplate: String?

  @Option(help: "Name of the model in requests. Default: the name of its file or folder.")
  var servedModelName: String?

  @Option(help: "Print a stage on standard error: graph, fused, plan or kernels. Repeatable.")
  var dump: [String] = []

  mutating func validate() throws {
    try Self.check("--max-batch-size", maxBatchSize, 1...4096)
    try Self.check("--max-batch-input-tokens", maxBatchInputTokens, 1...65536)
    try Self.check("--kv-cache-page-size", kvCachePageSize, 1...1024)
    if let maxLength { try Self.check("--max-length", maxLength, 1...(1 << 24)) }
    if let kvCachePages { try Self.check("--kv-cache-pages", kvCachePages, 1...(1 << 30)) }
    if let threads { try Self.check("--threads", threads, 1...1024) }
    guard devices == "cpu" else {
      throw ValidationError("--devices: expected cpu, found \(devices)")
    }
    if let cpuIsa, CPUISA(name: cpuIsa) == nil {
      let known = CPUISA.allCases.map(\.name).joined(separator: ", ")
      throw ValidationError("--cpu-isa: expected one of \(known); found \(cpuIsa)")
    }
    _ = try config()
  }

  static func check(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
      throw ValidationError(
        "\(flag): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
    }
  }

  func config() throws -> PipelineConfig {
    var config = PipelineConfig(modelPath: model)
    config.weightPath = weightPath
    config.maxLength = maxLength
    config.maxBatchSize = maxBatchSize
    config.maxBatchInputTokens = maxBatchInputTokens
    config.kvCachePages = kvCachePages
    config.kvCachePageSize = kvCachePageSize
    config.kvCacheFormat = try Self.format(
      "--kv-cache-format", kvCacheFormat, known: Self.denseFormats)
    config.encoding = try Self.format(
      "--quantization-encoding", quantizationEncoding,
      known: Self.denseFormats + Self.quantizedFormats)
    config.ignoresLeftoverTensors = ignoreLeftoverTensors
    config.threads = threads
    config.isa = cpuIsa
    config.chatTemplatePath = chatTemplate
    config.servedModelName = servedModelName
    guard let execution = PipelineConfig.Execution(rawValue: execution) else {
      throw ValidationError("--execution: expected plan or interpreter, found \(execution)")
    }
    config.execution = execution
    config.dump = try Set(dump.map(Self.stage))
    return config
  }

  private static let denseFormats: [StorageFormat] = [.float32, .bfloat16, .float16]
  private static let quantizedFormats: [StorageFormat] = [
    .q8_0, .q5_1, .q5_0, .q4_1, .q4_0, .q2_k, .q3_k, .q4_k, .q5_k, .q6_k,
  ].map(StorageFormat.quantized)

  private static func format(
    _ flag: String, _ name: String?, known: [StorageFormat]
  ) throws -> StorageFormat? {
    guard let name else { return nil }
    guard let format = PipelineConfig.format(named: name), known.contains(format) else {
      let names = known.map(\.description).joined(separator: ", ")
      throw ValidationError("\(flag): expected one of \(names); found \(name)")
    }
    return format
  }

  private static func stage(_ name: String) throws -> DumpStage {
    guard let stage = DumpStage(rawValue: name) else {
      throw ValidationError("--dump: expected graph, fused, plan or kernels, found \(name)")
    }
    return stage
  }
}
