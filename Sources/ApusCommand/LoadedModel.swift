import ApusArchitectures
import ApusEngine
import ApusPipelines
import ApusServer

/// A pipeline with its engine running: what `serve` and `generate` share.
struct LoadedModel {
  let pipeline: LoadedPipeline
  let engine: EngineThread

  /// Loads, prints phases and the memory plan on standard error, and starts the engine.
  init(_ arguments: ModelArguments) throws {
    let registry = PipelineRegistry(Catalog.all)
    pipeline = try registry.load(try arguments.config(), log: Terminal.error)
    engine = EngineThread(
      model: pipeline.model, tokenizer: pipeline.tokenizer, endTokens: pipeline.endTokens)
  }

  func reportStart(total: Duration) {
    for phase in pipeline.phases {
      Terminal.error("\(phase.name.padded(to: 14)) \(phase.seconds.shown(decimals: 3)) s")
    }
    Terminal.error(pipeline.memoryPlan.description)
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
