import ApusArchitectures
import ApusCheckpoints
import ApusEngine
import ApusPipelines
import ApusServer
import ApusTokenizers

/// A pipeline with its engine running: what `serve` and `generate` share.
struct LoadedModel {
  let engine: EngineThread
  let tokenizer: Tokenizer
  let chatTemplates: ChatTemplates?
  let name: String
  let contextLength: Int
  private let defaults: GenerationConfig
  private let phases: [(name: String, seconds: Double)]
  private let memory: MemoryPlan

  /// Loads, prints phases and the memory plan on standard error, and starts the engine.
  init(_ arguments: ModelArguments) throws {
    let registry = PipelineRegistry(builtInArchitectures)
    var config = try arguments.config()
    config.dumpSink = Terminal.error
    let pipeline = try registry.load(config, log: Terminal.error)
    tokenizer = pipeline.tokenizer
    chatTemplates = pipeline.chatTemplates
    defaults = pipeline.generationDefaults
    name = pipeline.modelName
    contextLength = pipeline.contextLength
    phases = pipeline.phases
    memory = pipeline.memory
    let endTokens = pipeline.endTokens
    var options = EngineOptions()
    // Loading has generated a token already, and failed where none came.
    options.warmsUp = false
    options.keepsPrefixes = arguments.enablePrefixCaching
    engine = EngineThread(
      model: pipeline.model, text: tokenizer, endTokens: endTokens, options: options)
  }

  /// How to sample where neither a request nor a flag says it: what the model's own
  /// `generation_config.json` asks for.
  var samplingDefaults: SamplingDefaults {
    var sampling = SamplingDefaults()
    sampling.temperature = defaults.temperature ?? sampling.temperature
    sampling.topP = defaults.topP ?? sampling.topP
    sampling.topK = defaults.topK.map { Int32(clamping: $0) } ?? sampling.topK
    sampling.minP = defaults.minP ?? sampling.minP
    return sampling
  }

  /// Phases of the start with their seconds, and the memory plan, on standard error.
  func reportStart() {
    for phase in phases {
      Terminal.error("\(phase.name.padded(to: 14)) \(phase.seconds.shown(decimals: 3)) s")
    }
    Terminal.error(memory.description)
  }

  /// - Throws: what the engine's first token failed with.
  func waitUntilStarted() async throws {
    if let message = await engine.waitUntilStarted() { throw CommandFailure(message) }
  }
}

extension String {
  func padded(to width: Int) -> String {
    count >= width ? self : self + String(repeating: " ", count: width - count)
  }
}

extension Double {
  /// Fixed notation.
  func shown(decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let rounded = (self * scale).rounded() / scale
    let text = "\(rounded)"
    guard let point = text.firstIndex(of: "."), !text.contains("e") else { return text }
    let digits = text.distance(from: point, to: text.endIndex) - 1
    return text + String(repeating: "0", count: Swift.max(0, decimals - digits))
  }
}
