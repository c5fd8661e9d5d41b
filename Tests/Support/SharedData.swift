import Foundation

/// The folder of shared test data beside the checkout, or nil: tests that need it are skipped visibly.
public enum SharedData {
  public static let folder: String? = {
    var url = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    let path = url.deletingLastPathComponent().appendingPathComponent("shared/data").path
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()
  public static var isPresent: Bool { folder != nil }
}
