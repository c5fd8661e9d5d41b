public import ApusDevices
public import ApusTensors

/// A symbol of a loaded model.
public struct SymbolID: Sendable, Hashable { let index: Int }
/// An input of a loaded model.
public struct InputID: Sendable, Hashable { let index: Int }
/// An output of a loaded model.
public struct OutputID: Sendable, Hashable { let index: Int }

/// A compiled graph with its weights, its states and its memory on a device.
///
/// A step sets symbols, writes inputs, executes and reads outputs. `execute` enqueues, reading
/// waits. Nothing is allocated after the first step. One thread uses a model at a time.
public final class Model {
  public let plan: Plan
  public let device: any Device
  /// Bytes as they were bound: which weights stay mapped is known at load.
  public let memory: PlanMemoryReport

  private let binding: PlanBinding
  private var symbols: [Int]
  private var inputs: [ModelInput]
  private var outputs: [ModelOutput]
  /// Where the stream was after the step that last used each staging slot.
  private var marks: [StreamMark?]
  private var step = 0
  private var failure: (any Error)?

  /// Steps that may be in flight while the next one's inputs are written, and one more.
  private static let stagingSlots = 2

  init(_ plan: Plan, device: any Device, weights: some WeightSource) throws {
    self.plan = plan
    self.device = device
    binding = try PlanBinding(plan, device: device, weights: weights)
    memory = binding.report
    symbols = plan.symbols.bounds
    marks = Array(repeating: nil, count: Self.stagingSlots)
    inputs = []
    outputs = []
    for (name, value, type) in plan.draft.inputs {
      inputs.append(
        try ModelInput(
          name: name, type: type, count: plan.symbols.expression(type.shape.elementCount),
          place: binding.places[value],
          staging: HostStaging(
            byteCount: (plan.byteCounts[value] + 3) / 4 * 4, slots: Self.stagingSlots)))
    }
    for (name, value, type) in plan.draft.outputs {
      outputs.append(
        try ModelOutput(
          name: name, type: type, dims: type.shape.dims.map { try plan.symbols.expression($0) },
          count: plan.symbols.expression(type.shape.elementCount), place: binding.places[value],
          staging: HostStaging(byteCount: (plan.byteCounts[value] + 3) / 4 * 4, slots: 1)))
    }
  }

  deinit {
    // Pending work still uses the buffers; what fails then has nobody left to be told.
    try? device.synchronize()
    for buffer in binding.buffers { device.release(buffer) }
  }

  // MARK: Names

  public func symbol(_ name: String) -> SymbolID? {
    plan.symbols.number(name).map { SymbolID(index: $0) }
  }

  public func input(_ name: String) -> InputID? {
    inputs.firstIndex { $0.name == name }.map { InputID(index: $0) }
  }

  public func output(_ name: String) -> OutputID? {
    outputs.firstIndex { $0.name == name }.map { OutputID(index: $0) }
  }

  public var inputNames: [String] { inputs.map(\.name) }
  public var outputNames: [String] { outputs.map(\.name) }

  // MARK: A step

  /// Sets a symbol for the steps to come; before that it has its bound.
  public func set(_ symbol: SymbolID, to value: Int) { symbols[symbol.index] = value }

  /// Writes an int32 input, row-major. What does not fit is reported by `execute`.
  public func write(_ input: InputID, _ values: [Int32]) {
    write(input, values.count, .int32) { staging, slot throws(DeviceError) in
      try staging.write(values, slot: slot)
    }
  }

  /// Writes a float32 input, row-major. What does not fit is reported by `execute`.
  public func write(_ input: InputID, _ values: [Float]) {
    write(input, values.count, .float32) { staging, slot throws(DeviceError) in
      try staging.write(values, slot: slot)
    }
  }

  private func write(
    _ input: InputID, _ count: Int, _ type: DataType,
    _ copy: (HostStaging, Int) throws(DeviceError) -> Void
  ) {
    let target = inputs[input.index]
    guard target.type.dataType == type, count * 4 <= target.staging.byteCount else {
      failure =
        failure
        ?? CompileError(
          "input '\(target.name)' \(target.type): written with \(count) values of \(type.rawValue)")
      return
    }
    stage(input, count, copy)
  }

  private func stage(
    _ input: InputID, _ count: Int, _ copy: (HostStaging, Int) throws(DeviceError) -> Void
  ) {
    let slot = step % Self.stagingSlots
    do throws(DeviceError) {
      // The slot's last step must have read it.
      if let mark = marks[slot] {
        try device.wait(for: mark)
        marks[slot] = nil
      }
      try copy(inputs[input.index].staging, slot)
      inputs[input.index].writtenCount = count
      inputs[input.index].isPending = true
    } catch {
      failure = failure ?? error
    }
  }

  /// Enqueues one step over the inputs and symbols as they are now.
  ///
  /// - Throws: where a symbol is out of its bounds, or an input has not the size its shape asks
  /// for.
  public func execute() throws {
    if let failure {
      self.failure = nil
      throw failure
    }
    try check()
    enqueueInputs()
    binding.patches.apply(symbols, to: binding.launches)
    device.enqueue(binding.launches)
    for index in outputs.indices {
      outputs[index].elementCount = outputs[index].count.value(symbols)
    }
    marks[step % Self.stagingSlots] = device.mark()
    step += 1
  }

  private func enqueueInputs() {
    for index in inputs.indices where inputs[index].isPending {
      let input = inputs[index]
      let byteCount = (input.writtenCount * input.type.dataType.byteCount + 3) / 4 * 4
      if byteCount > 0 {
        device.enqueueWrite(
          from: StagingPlace(input.staging, slot: step % Self.stagingSlots), to: input.place,
          byteCount: byteCount)
      }
      inputs[index].isPending = false
    }
  }

  private func check() throws {
    for index in symbols.indices
    where symbols[index] < 0 || symbols[index] > plan.symbols.bounds[index] {
      throw CompileError(
        "symbol '\(plan.symbols.names[index])' is \(symbols[index]), possible are 0 to "
          + "\(plan.symbols.bounds[index])")
    }
    for index in inputs.indices {
      let input = inputs[index]
      let expected = input.count.value(symbols)
      guard input.writtenCount == expected || expected == 0 else {
        throw CompileError(
          "input '\(input.name)' \(input.type): expected \(expected) values, found "
            + "\(input.writtenCount)")
      }
    }
  }

  // MARK: Results

  /// Waits for the last step and replaces `values` by an int32 output; keeps the array's memory.
  public func readInt32(_ output: OutputID, into values: inout [Int32]) throws {
    let count = try fetch(output, .int32)
    try outputs[output.index].staging.read(into: &values, count: count, slot: 0)
  }

  /// Waits for the last step and replaces `values` by a float32 output; keeps the array's memory.
  public func readFloat32(_ output: OutputID, into values: inout [Float]) throws {
    let count = try fetch(output, .float32)
    try outputs[output.index].staging.read(into: &values, count: count, slot: 0)
  }

  /// Copies an output to its staging area; returns its number of elements.
  private func fetch(_ output: OutputID, _ type: DataType?) throws -> Int {
    let source = outputs[output.index]
    guard type == nil || type == source.type.dataType else {
      throw CompileError("output '\(source.name)' \(source.type) is not read as \(type!.rawValue)")
    }
    let byteCount = (source.elementCount * source.type.dataType.byteCount + 3) / 4 * 4
    if byteCount > 0 {
      device.enqueueRead(
        from: source.place, to: StagingPlace(source.staging, slot: 0), byteCount: byteCount)
    }
    try device.wait(for: device.mark())
    return source.elementCount
  }

  // MARK: For tests and tools

  /// One step by names; allocates freely.
  public func execute(
    _ values: [String: HostTensor], symbols sizes: [String: Int]
  ) throws -> [String: HostTensor] {
    for (name, value) in sizes {
      guard let symbol = symbol(name) else { throw CompileError("there is no symbol '\(name)'") }
      set(symbol, to: value)
    }
    for (name, value) in values {
      guard let input = input(name) else { throw CompileError("there is no input '\(name)'") }
      guard inputs[input.index].type.dataType == value.dataType,
        value.count * value.dataType.byteCount <= inputs[input.index].staging.byteCount
      else {
        throw CompileError(
          "input '\(name)' \(inputs[input.index].type): found \(value.dataType.rawValue)"
            + "\(value.shape)"
        )
      }
      let words = try HostWords.packed(value)
      stage(input, value.count) { staging, slot throws(DeviceError) in
        try staging.write(words, slot: slot)
      }
    }
    try execute()
    var results: [String: HostTensor] = [:]
    for (index, output) in outputs.enumerated() {
      let count = try fetch(OutputID(index: index), nil)
      var words: [Int32] = []
      let wordCount = (count * output.type.dataType.byteCount + 3) / 4
      try output.staging.read(into: &words, count: wordCount, slot: 0)
      results[output.name] = HostWords.unpacked(
        words, output.dims.map { $0.value(symbols) }, output.type.dataType)
    }
    return results
  }
}

private struct ModelInput {
  let name: String
  let type: TensorType
  let count: SizeExpression
  let place: BufferPlace
  let staging: HostStaging
  var writtenCount = 0
  /// Written since the last step.
  var isPending = false
}

private struct ModelOutput {
  let name: String
  let type: TensorType
  let dims: [SizeExpression]
  let count: SizeExpression
  let place: BufferPlace
  let staging: HostStaging
  /// Of the last step.
  var elementCount = 0
}
