import ApusArchitectures
import ApusCheckpoints
import ApusEngine
import ApusPipelines
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// Whole models with weights that are unusual or go bad, up to the tokens that are told.
@Suite(.serialized) struct OddWeightsTests {
  static let fixture = "\(ModelFixture.folder)/llama-scaled/gguf/f32.gguf"

  /// A file that is removed with its owner.
  final class TemporaryModel {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("apus-\(UUID().uuidString).gguf").path

    init(_ editor: GGUFEditor) throws {
      try Data(editor.file).write(to: URL(fileURLWithPath: path))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func truncate(to size: Int) throws {
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try handle.truncate(atOffset: UInt64(size))
      try handle.close()
    }
  }

  static func load(
    _ path: String, _ execution: PipelineConfig.Execution = .plan,
    registry: PipelineRegistry = PipelineRegistry(builtInArchitectures)
  ) throws -> LoadedPipeline {
    var config = PipelineConfig(modelPath: path)
    config.execution = execution
    config.threads = 2
    config.maxBatchSize = 4
    config.maxLength = 96
    return try registry.load(config)
  }

  static func engine(
    _ path: String, _ execution: PipelineConfig.Execution = .plan
  ) async throws -> EngineThread {
    let pipeline = try load(path, execution)
    nonisolated(unsafe) let model = pipeline.model
    let engine = unsafe EngineThread(
      model: model, tokenizer: pipeline.tokenizer, endTokens: pipeline.endTokens)
    #expect(await engine.waitUntilStarted() == nil)
    return engine
  }

  static func generate(
    _ engine: EngineThread, temperature: Float, seed: UInt64 = 1, count: Int = 40
  ) async throws -> (ids: [Int32], finish: FinishReason?) {
    var request = GenerationRequest(
      promptIDs: [1, 5, 9, 3], maxNewTokens: count, ignoreEnd: true)
    request.sampling.temperature = temperature
    request.sampling.seed = seed
    var ids: [Int32] = []
    var finish: FinishReason?
    for await event in try engine.submit(request).events {
      switch event {
      case .tokens(let new, _): ids += new
      case .finished(let reason, _): finish = reason
      }
    }
    return (ids, finish)
  }

  /// The fixture with rows behind those of the tokens, each ten times one of them: they would
  /// nearly always win.
  static func padded(_ rows: Int) throws -> GGUFEditor {
    var editor = try GGUFEditor(path: fixture)
    for name in ["token_embd.weight", "output.weight"] {
      guard let index = editor.index(of: name) else { continue }
      let row = editor.tensors[index].data.count / editor.tensors[index].sizes[1]
      for extra in 0..<rows {
        let values = editor.tensors[index].data[extra * row..<(extra + 1) * row]
        for at in stride(from: values.startIndex, to: values.endIndex, by: 4) {
          let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(values[at + $1]) << ($1 * 8) }
          let scaled = (Float(bitPattern: bits) * 10).bitPattern
          editor.tensors[index].data += (0..<4).map {
            UInt8(truncatingIfNeeded: scaled >> ($0 * 8))
          }
        }
      }
      editor.tensors[index].sizes[1] += rows
    }
    return editor
  }

  @Test(
    "rows behind the tokens' are never drawn, and change nothing",
    arguments: [PipelineConfig.Execution.plan, .interpreter])
  func paddingRows(execution: PipelineConfig.Execution) async throws {
    let count = execution == .plan ? 40 : 12
    let model = try TemporaryModel(Self.padded(20))
    let plain = try await Self.engine(Self.fixture, execution)
    let padded = try await Self.engine(model.path, execution)
    #expect(plain.vocabularySize == 64 && padded.vocabularySize == 64)
    for (temperature, seed) in [(0, 1), (1, 2), (5, 3), (100, 4)] as [(Float, UInt64)] {
      let expected = try await Self.generate(
        plain, temperature: temperature, seed: seed, count: count)
      let found = try await Self.generate(
        padded, temperature: temperature, seed: seed, count: count)
      #expect(found.ids == expected.ids && found.ids.count == count)
      #expect(found.ids.allSatisfy { $0 < 64 })
    }
    #expect(throws: AdmissionError.unknownToken(id: 64, vocabularySize: 64)) {
      try padded.submit(GenerationRequest(promptIDs: [64]))
    }
    await plain.drain()
    await padded.drain()
  }

  @Test func fewerRowsThanTokensAreRefused() throws {
    var editor = try GGUFEditor(path: Self.fixture)
    for name in ["token_embd.weight", "output.weight"] {
      guard let index = editor.index(of: name) else { continue }
      let row = editor.tensors[index].data.count / editor.tensors[index].sizes[1]
      editor.tensors[index].data.removeLast(row)
      editor.tensors[index].sizes[1] -= 1
    }
    let model = try TemporaryModel(editor)
    let error = #expect(throws: CheckpointError.self) { try Self.load(model.path) }
    #expect(error?.subject == .field("tokenizer.ggml.tokens"))
    #expect(error?.expected == "at most the 63 rows of token_embd.weight")
    #expect(error?.found == "64 tokens")
  }

  @Test("NaN and infinity in weights: tokens of the vocabulary come, and an end")
  func notANumber() async throws {
    for value in [Float.nan, .infinity, -.infinity] {
      for name in ["token_embd.weight", "output_norm.weight", "blk.0.attn_k.weight"] {
        var editor = try GGUFEditor(path: Self.fixture)
        let index = try #require(editor.index(of: name))
        let bits = value.bitPattern
        for at in stride(from: 0, to: editor.tensors[index].data.count / 2, by: 4) {
          for k in 0..<4 {
            editor.tensors[index].data[at + k] = UInt8(truncatingIfNeeded: bits >> (k * 8))
          }
        }
        let model = try TemporaryModel(editor)
        let engine = try await Self.engine(model.path)
        for temperature in [0, 1] as [Float] {
          let answer = try await Self.generate(engine, temperature: temperature, count: 8)
          #expect(answer.finish == .length && answer.ids.count == 8)
          #expect(answer.ids.allSatisfy { (0..<64).contains($0) })
        }
        await engine.drain()
      }
    }
  }

  @Test("a file that shrinks while it is served", arguments: [0, 8192, -1])
  func shrinksWhileServed(size: Int) async throws {
    let model = try TemporaryModel(GGUFEditor(path: Self.fixture))
    let whole = try Data(contentsOf: URL(fileURLWithPath: model.path)).count
    let engine = try await Self.engine(model.path)
    let before = try await Self.generate(engine, temperature: 0)
    #expect(before.finish == .length && engine.isReady)
    // Minus one: so few bytes that no page is lost.
    try model.truncate(to: size < 0 ? whole - 40 : size)
    let after = try await Self.generate(engine, temperature: 0)
    guard case .failed(let message)? = after.finish else {
      Issue.record("\(String(describing: after.finish)) after \(after.ids.count) tokens")
      return
    }
    #expect(message.contains(model.path) && message.contains("became shorter"))
    #expect(after.ids == [])
    #expect(!engine.isReady)
    let late = try await Self.generate(engine, temperature: 0)
    #expect(late.finish == after.finish && late.ids == [])
    await engine.drain()
    #expect(engine.metrics.cachePagesFree == engine.metrics.cachePages)
  }

  @Test("a file that shrinks while it is loaded is one error", arguments: [0, 8192, -1])
  func shrinksWhileLoaded(size: Int) throws {
    let model = try TemporaryModel(GGUFEditor(path: Self.fixture))
    let whole = try Data(contentsOf: URL(fileURLWithPath: model.path)).count
    let path = model.path
    let architectures = builtInArchitectures.map { architecture in
      var changed = architecture
      changed.tokenizer = .made { checkpoint in
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.truncate(atOffset: UInt64(size < 0 ? whole - 40 : size))
        return try Tokenizer(gguf: GGUFVocabulary(model: "llama", tokens: ["a"]))
      }
      return changed
    }
    let error = #expect(throws: CheckpointError.self) {
      try Self.load(path, registry: PipelineRegistry(architectures))
    }
    #expect(error?.file == path)
    #expect(error?.found.contains("became shorter than \(whole) bytes") == true)
  }
}
