import Foundation

/// A committed model and what `transformers` computes with it; made by `Tools/oracle`.
public struct ModelFixture: Sendable {
  public struct Golden: Decodable, Sendable {
    public struct Prompt: Decodable, Sendable {
      public let ids: [Int32]
      /// What follows the prompt at temperature 0.
      public let greedyIds: [Int32]
      /// `[ids.count, vocabulary]`.
      public let logits: [Float]
    }

    /// The same model with its matrices rounded to bfloat16, on the first prompt.
    public struct Rounded: Decodable, Sendable {
      public let logits: [Float]
      public let greedyIds: [Int32]
      /// The best five ids of each greedy step.
      public let best: [[Int32]]
    }

    /// What leaving something out of the model does to its logits.
    public struct Fault: Decodable, Sendable {
      public let fault: String
      public let maxDifference: Float
      public let firstWrongToken: Int?
    }

    public let prompts: [Prompt]
    /// By tap name, for the first prompt: `[ids.count, hidden]`.
    public let activations: [String: [Float]]
    public let bfloat16: Rounded
    public let faults: [Fault]
    public let logitsDeviation: Double
    public let attentionUniformity: Double
  }

  public let name: String
  /// The folder or file that is loaded.
  public let path: String
  public let golden: Golden

  public static let folder: String = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<2 { url.deleteLastPathComponent() }
    return url.appendingPathComponent("Fixtures").path
  }()

  /// - Parameters:
  ///   - name: a folder of `Tests/Fixtures` that has a golden.
  ///   - file: another model of the same weights, relative to `Tests/Fixtures`.
  public init(_ name: String, file: String? = nil) throws {
    self.name = name
    path = "\(Self.folder)/\(file ?? name)"
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let text = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)/golden.json"))
    golden = try decoder.decode(Golden.self, from: text)
  }
}
