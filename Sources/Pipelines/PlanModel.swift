import ApusCheckpoints
import ApusCompiler
import ApusDevices
import ApusGraphs
import ApusLayers

/// A model run by its compiled plan.
final class PlanModel: ServingModel {
  let vocabularySize: Int
  let cache: CacheGeometry
  let limits: StepLimits
  var stepsInFlight: Int { 1 }

  private let model: Model
  private let names: PlanNames
  /// Where the weights lie that were not made anew at load.
  private let files: SourceFiles
  private var inputs = StepInputs()
  private var outstanding = 0

  /// - Parameters:
  ///   - options: what the user wants to see of the compilation.
  ///   - outputs: rows of a step whose logits may be wanted.
  init(
    _ graph: Graph, weights: Weights, device: any Device, options: CompileOptions,
    vocabularySize: Int, cache: CacheGeometry, limits: StepLimits, outputs: Int
  ) throws {
    self.vocabularySize = vocabularySize
    self.cache = cache
    self.limits = limits
    let pagesPerRequest = (limits.contextLength + cache.pageSize - 1) / cache.pageSize
    model = try InferenceSession(device: device, options: options).load(
      graph, weights: weights,
      bounds: [
        ServingSymbol.tokens: limits.tokens, ServingSymbol.requests: limits.requests,
        ServingSymbol.pagesPerRequest: pagesPerRequest,
        ServingSymbol.outputs: outputs, ServingSymbol.cachePages: cache.pages,
      ])
    names = try PlanNames(model)
    files = weights.mappedFiles()
  }

  var damage: String? { files.damage?.description }

  /// Bytes as they were bound.
  var memory: PlanMemoryReport { model.memory }

  func enqueue(_ batch: StepBatch) throws {
    precondition(outstanding < stepsInFlight, "collect a step before the next is enqueued")
    precondition(batch.carried.isEmpty, "one step is in flight, so every token is known")
    inputs.fill(from: batch, pageSize: cache.pageSize)
    model.set(names.tokens, to: batch.tokenIDs.count)
    model.set(names.requests, to: batch.requestCount)
    model.set(names.pagesPerRequest, to: inputs.pagesPerRequest)
    model.set(names.outputs, to: batch.outputRows.count)
    model.write(names.tokenIDs, batch.tokenIDs)
    model.write(names.positions, batch.positions)
    model.write(names.requestOfToken, batch.requestOfToken)
    model.write(names.slots, batch.slots)
    model.write(names.pageTable, inputs.pageTable)
    model.write(names.outputRows, batch.outputRows)
    model.write(names.temperature, inputs.temperature)
    model.write(names.topK, inputs.topK)
    model.write(names.topP, inputs.topP)
    model.write(names.minP, inputs.minP)
    model.write(names.seeds, inputs.seeds)
    model.write(names.drawPositions, inputs.drawPositions)
    try model.execute()
    outstanding += 1
  }

  func collect() throws -> [Int32] {
    precondition(outstanding > 0, "no step is outstanding")
    outstanding -= 1
    var drawn: [Int32] = []
    try model.readInt32(names.sampled, into: &drawn)
    return drawn
  }

  func lastLogits() throws -> [Float] {
    var logits: [Float] = []
    try model.readFloat32(names.logits, into: &logits)
    return logits
  }
}

/// The names of a serving graph, looked up once.
private struct PlanNames {
  let tokens, requests, pagesPerRequest, outputs: SymbolID
  let tokenIDs, positions, requestOfToken, slots, pageTable, outputRows: InputID
  let temperature, topK, topP, minP, seeds, drawPositions: InputID
  let logits, sampled: OutputID

  init(_ model: Model) throws {
    func symbol(_ name: String) throws -> SymbolID { try Self.found(model.symbol(name), name) }
    func input(_ name: String) throws -> InputID { try Self.found(model.input(name), name) }
    func output(_ name: String) throws -> OutputID { try Self.found(model.output(name), name) }
    tokens = try symbol(ServingSymbol.tokens)
    requests = try symbol(ServingSymbol.requests)
    pagesPerRequest = try symbol(ServingSymbol.pagesPerRequest)
    outputs = try symbol(ServingSymbol.outputs)
    tokenIDs = try input("token_ids")
    positions = try input("positions")
    requestOfToken = try input("request_of_token")
    slots = try input("slots")
    pageTable = try input("page_table")
    outputRows = try input("output_rows")
    temperature = try input("temperature")
    topK = try input("top_k")
    topP = try input("top_p")
    minP = try input("min_p")
    seeds = try input("seeds")
    drawPositions = try input("draw_positions")
    logits = try output("logits")
    sampled = try output("sampled")
  }

  private static func found<ID>(_ id: ID?, _ name: String) throws -> ID {
    guard let id else { throw PipelineError("the compiled model has no '\(name)'") }
    return id
  }
}
