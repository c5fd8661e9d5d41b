import ApusPipelines
import ArgumentParser

/// Sampling flags of `generate`.
struct SamplingArguments: ParsableArguments {
  @Option(help: "0 takes the likeliest token. Default: the model's own, else 1.")
  var temperature: Float?

  @Option(help: "Keep the k likeliest tokens; 0 keeps all.")
  var topK: Int32?

  @Option(help: "Keep the likeliest tokens up to this probability.")
  var topP: Float?

  @Option(help: "Keep tokens at least this fraction as likely as the likeliest.")
  var minP: Float?

  @Option(help: "Seed of the draw. Default: random.")
  var seed: UInt64?

  mutating func validate() throws {
    try Self.check("--temperature", temperature, 0...100)
    try Self.check("--top-p", topP, 0...1)
    try Self.check("--min-p", minP, 0...1)
    if let topK, topK < 0 { throw ValidationError("--top-k: expected 0 or more, found \(topK)") }
  }

  private static func check(_ flag: String, _ value: Float?, _ range: ClosedRange<Float>) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError(
      "\(flag): expected \(range.lowerBound) to \(range.upperBound), found \(value)")
  }
}
