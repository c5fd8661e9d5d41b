import ApusEngine
import ApusPipelines

/// The circumstances of a simulated life, drawn from its seed.
struct SimulationSetting {
  /// How long requests come, in simulated time.
  let seconds: Double
  let pageSize: Int
  let pages: Int
  let limits: StepLimits
  let stepsInFlight: Int
  let runsLate: Bool
  let vocabulary: Int
  let endTokens: Set<Int32>
  let keepsPrefixes: Bool
  let pageHash: PageHash
  /// Steps are lost now and then.
  let losesSteps: Bool
  /// Outputs come with none or several tokens.
  let drawsUnevenly: Bool
  let longestAnswer: Int
  let salts: Int
  /// Seconds between arrivals.
  let meanGap: Double
  /// Seconds until an impatient client goes away.
  let meanPatience: Double
  let percentImpatient: Int
  /// Seconds of a step, and of each of its rows: those of a small model on a processor.
  let stepSeconds: Double
  let rowSeconds: Double
  let stepsPerDeepCheck: Int

  init(seconds: Double, _ generator: inout SeededGenerator) {
    self.seconds = seconds
    let context = Int.random(in: 8...80, using: &generator)
    pageSize = [1, 2, 3, 4, 8, 16].randomElement(using: &generator) ?? 1
    let perRequest = (context + pageSize - 1) / pageSize
    let mostRequests = Int.random(in: 1...12, using: &generator)
    // From what one request may need to a third of what all that run may need besides.
    pages = perRequest + Int.random(in: 0...perRequest * (mostRequests - 1) / 3, using: &generator)
    limits = StepLimits(
      tokens: Int.random(in: 1...40, using: &generator), requests: mostRequests,
      contextLength: context)
    stepsInFlight = Int.random(in: 1...2, using: &generator)
    runsLate = generator.chance(1, in: 3)
    vocabulary = generator.chance(1, in: 4) ? 3 : 97
    endTokens = vocabulary == 3 ? [] : [7, 11, 13]
    keepsPrefixes = !generator.chance(1, in: 10)
    pageHash =
      generator.chance(1, in: 5)
      ? .weak(bits: Int.random(in: 0...4, using: &generator)) : .standard
    losesSteps = generator.chance(1, in: 5)
    drawsUnevenly = stepsInFlight == 1 && generator.chance(1, in: 4)
    longestAnswer = Int.random(in: 1...80, using: &generator)
    salts = generator.chance(1, in: 3) ? 2 : 0
    meanGap = Double.random(in: 0.04...0.8, using: &generator)
    meanPatience = Double.random(in: 0.05...1.5, using: &generator)
    percentImpatient = generator.chance(1, in: 4) ? 0 : Int.random(in: 1...40, using: &generator)
    stepSeconds = Double.random(in: 0.008...0.03, using: &generator)
    rowSeconds = Double.random(in: 0.0003...0.002, using: &generator)
    stepsPerDeepCheck = 16
  }
}

/// Prompts that have beginnings in common: of families, of conversations that go on, and repeated
/// ones.
struct SimulatedPrompts {
  private let families: [[Int32]]
  private let longest: Int
  private let vocabulary: Int
  private let salts: Int
  private var earlier: [[Int32]] = []

  init(_ setting: SimulationSetting, _ generator: inout SeededGenerator) {
    // One token must be left for the answer.
    longest = setting.limits.contextLength - 1
    vocabulary = setting.vocabulary
    salts = setting.salts
    families = (0..<Int.random(in: 1...3, using: &generator)).map { [longest, vocabulary] _ in
      generator.tokens(Int.random(in: 1...longest, using: &generator), below: vocabulary)
    }
  }

  /// 1 to `longest` tokens.
  mutating func next(_ generator: inout SeededGenerator) -> [Int32] {
    var prompt: [Int32] = []
    switch Int.random(in: 0..<8, using: &generator) {
    case 0..<3: prompt = families.randomElement(using: &generator) ?? []
    case 3..<5: prompt = earlier.randomElement(using: &generator) ?? []
    case 5:
      let beginning = earlier.randomElement(using: &generator) ?? []
      prompt = Array(beginning.prefix(Int.random(in: 0...beginning.count, using: &generator)))
    default: break
    }
    let room = longest - prompt.count
    if room > 0, prompt.isEmpty || generator.chance(3, in: 4) {
      prompt += generator.tokens(
        Int.random(in: 1...min(room, 16), using: &generator), below: vocabulary)
    }
    return Array(prompt.prefix(longest))
  }

  func scope(_ generator: inout SeededGenerator) -> CacheScope {
    let salt = Int.random(in: 0...salts, using: &generator)
    return CacheScope(salt: salt == 0 ? nil : "salt \(salt)")
  }

  /// A prompt with its answer, which a next turn may begin with.
  mutating func note(_ conversation: [Int32]) {
    earlier.append(conversation)
    if earlier.count > 12 { earlier.removeFirst() }
  }
}
