import ApusGraphs
import ApusLayers
import ApusTensors

/// A model run by the reference interpreter: slow, and what every other execution is judged by.
package final class InterpretedModel: ServingModel {
  package let vocabularySize: Int
  package let cache: CacheGeometry
  package let limits: StepLimits
  package var stepsInFlight: Int { 1 }
  /// Everything the last step gave: `logits`, `sampled`, and the taps that were asked for.
  package private(set) var lastOutputs: [String: HostTensor] = [:]

  /// Names of values that are kept beside the outputs.
  package var taps: Set<String> = []

  private var interpreter: Interpreter
  private var inputs = StepInputs()
  private var drawn: [[Int32]] = []

  package init(
    interpreter: Interpreter, vocabularySize: Int, cache: CacheGeometry, limits: StepLimits
  ) {
    self.interpreter = interpreter
    self.vocabularySize = vocabularySize
    self.cache = cache
    self.limits = limits
  }

  package func enqueue(_ batch: StepBatch) throws {
    precondition(batch.carried.isEmpty, "one step is in flight, so every token is known")
    inputs.fill(from: batch, pageSize: cache.pageSize)
    let outputs = batch.outputRows.count
    let symbols = [
      ServingSymbol.tokens: batch.tokenIDs.count, ServingSymbol.requests: batch.requestCount,
      ServingSymbol.pagesPerRequest: inputs.pagesPerRequest, ServingSymbol.outputs: outputs,
      ServingSymbol.cachePages: cache.pages,
    ]
    lastOutputs = try interpreter.run(
      inputs: [
        "token_ids": .vector(batch.tokenIDs), "positions": .vector(batch.positions),
        "request_of_token": .vector(batch.requestOfToken), "slots": .vector(batch.slots),
        "page_table": HostTensor(
          inputs.pageTable, shape: [batch.requestCount, inputs.pagesPerRequest]),
        "output_rows": .vector(batch.outputRows), "temperature": .vector(inputs.temperature),
        "top_k": .vector(inputs.topK), "top_p": .vector(inputs.topP),
        "min_p": .vector(inputs.minP), "seeds": HostTensor(inputs.seeds, shape: [outputs, 2]),
        "draw_positions": .vector(inputs.drawPositions),
      ], symbols: symbols, taps: taps)
    drawn.append(lastOutputs["sampled"]?.integers ?? [])
  }

  package func lastLogits() -> [Float] { lastOutputs["logits"]?.floats ?? [] }

  package func collect() throws -> [Int32] {
    precondition(!drawn.isEmpty, "no step is outstanding")
    return drawn.removeFirst()
  }
}

extension HostTensor {
  fileprivate static func vector(_ values: [Int32]) -> HostTensor {
    HostTensor(values, shape: [values.count])
  }
  fileprivate static func vector(_ values: [Float]) -> HostTensor {
    HostTensor(values, shape: [values.count])
  }
}
