import ApusPipelines
import ApusTokenizers
import Foundation
import Synchronization

/// What a test may change while the engine owns the model.
final class FakeControl: Sendable {
  private let state = Mutex((stepSeconds: 0.0, failsNext: false))

  /// How long a step takes.
  var stepSeconds: Double {
    get { state.withLock { $0.stepSeconds } }
    set { state.withLock { $0.stepSeconds = newValue } }
  }

  /// Fails the next step.
  func failNextStep() { state.withLock { $0.failsNext = true } }

  func takeFailure() -> Bool {
    state.withLock { state in
      defer { state.failsNext = false }
      return state.failsNext
    }
  }
}

/// A model whose next token follows from the last one, its position and, where it draws, the seed.
/// It says letters, and after a `z` its end token.
final class FakeModel: PipelineModelWithKVCache {
  struct Failure: Error, CustomStringConvertible {
    let description = "the fake step failed"
  }

  let vocabularySize = FakeVocabulary.count
  let cache = CacheGeometry(pages: 64, pageSize: 8, bytesPerPage: 64)
  let limits = StepLimits(tokens: 64, requests: 8, contextLength: 96)
  let stepsInFlight = 1
  let control: FakeControl
  private var drawn: [Int32] = []

  init(_ control: FakeControl) { self.control = control }

  func enqueue(_ batch: StepBatch) throws {
    let seconds = control.stepSeconds
    if seconds > 0 { Thread.sleep(forTimeInterval: seconds) }
    drawn = zip(batch.outputRows, batch.sampling).map { row, sampling in
      FakeModel.next(
        after: batch.tokenIDs[Int(row)], at: Int(batch.positions[Int(row)]), sampling)
    }
  }

  func collect() throws -> [Int32] {
    if control.takeFailure() { throw Failure() }
    return drawn
  }

  static func next(
    after token: Int32, at position: Int, _ sampling: SamplingParameters
  ) -> Int32 {
    if token == FakeVocabulary.letter("z") { return FakeVocabulary.end }
    let seed = sampling.temperature > 0 ? sampling.seed : 0
    var hash = UInt64(bitPattern: Int64(token)) &* 31 &+ UInt64(position) &+ seed &* 1_000_003
    hash = (hash ^ (hash >> 15)) &* 0x9E37_79B9_7F4A_7C15
    return FakeVocabulary.letter("a") + Int32((hash >> 33) % 26)
  }

  /// The greedy continuation of a prompt that is alone.
  static func greedy(_ prompt: [Int32], _ count: Int, ignoreEnd: Bool = false) -> [Int32] {
    var tokens = prompt
    while tokens.count < prompt.count + count {
      let token = next(
        after: tokens[tokens.count - 1], at: tokens.count - 1, SamplingParameters())
      tokens.append(token)
      if token == FakeVocabulary.end, !ignoreEnd { break }
    }
    return Array(tokens[prompt.count...])
  }
}

/// Bytes, letters and some control tokens.
enum FakeVocabulary {
  static let begin: Int32 = 1
  static let end: Int32 = 2
  static let turnStart: Int32 = 259
  static let turnEnd: Int32 = 260
  private static let firstLetter: Int32 = 261
  static let count = 261 + 26 + 1

  static func letter(_ character: Character) -> Int32 {
    firstLetter + Int32(character.asciiValue ?? 97) - 97
  }

  static func letters(_ ids: [Int32]) -> String {
    String(ids.filter { $0 >= firstLetter }.map { Character(UnicodeScalar(UInt8($0 - 261 + 97))) })
  }

  static func tokenizer(addsBegin: Bool = true) throws -> Tokenizer {
    let bytes = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return "<0x\(digits.count == 1 ? "0" : "")\(digits)>"
    }
    let letters = (97..<123).map { String(UnicodeScalar(UInt8($0))) }
    let tokens =
      ["<unk>", "<s>", "</s>"] + bytes + ["<|im_start|>", "<|im_end|>"] + letters + ["▁"]
    var vocabulary = GGUFVocabulary(
      model: "llama", tokens: tokens, scores: [Float](repeating: 0, count: tokens.count),
      tokenTypes: [2, 3, 3] + [Int32](repeating: 6, count: 256) + [3, 3]
        + [Int32](repeating: 1, count: 27))
    vocabulary.bosID = begin
    vocabulary.eosID = end
    vocabulary.unknownID = 0
    vocabulary.addBOS = addsBegin
    vocabulary.addSpacePrefix = false
    return try Tokenizer(gguf: vocabulary)
  }

  static let template = """
    {% for message in messages %}<|im_start|>{{ message.role }}
    {{ message.content }}<|im_end|>
    {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
    {% endif %}
    """
}
