import ApusCheckpoints
import Testing

/// Files that were cut or whose bits were flipped: one clear error or a model, never a crash.
@Suite struct DamagedFilesTests {
  @Test("the whole files are good", arguments: TinyFiles.Kind.allCases)
  func whole(kind: TinyFiles.Kind) throws {
    try TinyFiles.read(kind, TinyFiles.bytes(kind), in: TinyFiles.folder())
  }

  @Test("cut at every byte it is an error", arguments: TinyFiles.Kind.allCases)
  func truncation(kind: TinyFiles.Kind) throws {
    let folder = try TinyFiles.folder()
    let bytes = TinyFiles.bytes(kind)
    for count in 0..<bytes.count {
      do {
        try TinyFiles.read(kind, Array(bytes[..<count]), in: folder)
        Issue.record("cut at \(count) it was accepted")
      } catch {
        if !isClear(error) { Issue.record("cut at \(count): \(error)") }
      }
    }
  }

  @Test("10,000 files with flipped bits", arguments: TinyFiles.Kind.allCases)
  func flips(kind: TinyFiles.Kind) throws {
    let folder = try TinyFiles.folder()
    let bytes = TinyFiles.bytes(kind)
    var numbers = SeededNumbers(UInt64(TinyFiles.Kind.allCases.firstIndex(of: kind) ?? 0))
    var refused = 0
    for round in 0..<10_000 {
      var flipped = bytes
      // One bit mostly, sometimes many.
      for _ in 0..<(round % 8 == 0 ? Int.random(in: 2...16, using: &numbers) : 1) {
        let bit = Int.random(in: 0..<bytes.count * 8, using: &numbers)
        flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      }
      do {
        try TinyFiles.read(kind, flipped, in: folder)
      } catch {
        refused += 1
        if !isClear(error) { Issue.record("round \(round): \(error)") }
      }
    }
    #expect(refused > 1000 && refused < 10_000)
  }
}
