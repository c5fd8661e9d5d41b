import Foundation

/// Real models, which are large and not part of the shared test data: found by an environment variable, or
/// in a folder `models` beside the shared folder.
public enum RealModels {
  /// SmolLM2-135M-Instruct as a GGUF file, or nil: tests that need it are skipped visibly.
  public static let smollm2: String? = {
    let name = "smollm2-135m-instruct-q4_1.gguf"
    let environment = ProcessInfo.processInfo.environment["APUS_SMOLLM2"]
    var candidates = environment.map { [$0, "\($0)/\(name)"] } ?? []
    if let data = SharedData.folder {
      let root = URL(fileURLWithPath: data).deletingLastPathComponent().deletingLastPathComponent()
      candidates.append(root.appendingPathComponent("models/\(name)").path)
    }
    return candidates.first {
      $0.hasSuffix(".gguf") && FileManager.default.fileExists(atPath: $0)
    }
  }()
}
