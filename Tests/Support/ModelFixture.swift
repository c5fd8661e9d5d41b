import Foundation

/// A committed model and what `transformers` computes with it; made by `Tools/oracle`.
///
/// Its folder holds the model in float32, `bf16` the same with matrices rounded to bfloat16, and
/// `gguf` both as GGUF files and others in block formats, each named by its format.
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

    /// Those of `wanted` that no fault's name contains.
    public func faultsMissing(of wanted: [String]) -> [String] {
      wanted.filter { name in !faults.contains { $0.fault.contains(name) } }
    }
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

  /// All there are: folders of `Tests/Fixtures` that have a golden.
  public static let names: [String] = {
    let files = FileManager.default
    let folders = (try? files.contentsOfDirectory(atPath: folder)) ?? []
    return folders.filter { files.fileExists(atPath: "\(folder)/\($0)/golden.json") }.sorted()
  }()

  /// Formats that a fixture has GGUF files in, such as `f32` and `q8_0`.
  public static func ggufFormats(_ name: String) -> [String] {
    let path = "\(folder)/\(name)/gguf"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return files.filter { $0.hasSuffix(".gguf") }.map { String($0.dropLast(5)) }.sorted()
  }

  /// - Parameters:
  ///   - name: a folder of `Tests/Fixtures` that has a golden.
  ///   - file: another model of the same weights in that folder: `bf16`, `gguf/f32.gguf`.
  public init(_ name: String, file: String? = nil) throws {
    self.name = name
    path = "\(Self.folder)/\(name)" + (file.map { "/\($0)" } ?? "")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let text = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)/golden.json"))
    golden = try decoder.decode(Golden.self, from: text)
  }
}
