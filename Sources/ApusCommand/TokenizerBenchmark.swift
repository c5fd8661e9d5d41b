import ApusJSON
import ApusTokenizers
import Foundation

/// How fast a file is encoded that nobody has read before.
struct TokenizerBenchmark {
  enum Operation: String { case encode, decode, load }

  var operation = Operation.encode
  /// A part ends with a line, after so many bytes at most where a line is not longer.
  var partBytes = 65_536
  /// Nil to encode the parts one after the other, and not as a batch.
  var threads: Int?

  /// Reads the tokenizer and measures it.
  ///
  /// - Returns: `load_s`, and `tokens`, `mb_s` and `processor_mb_s` where more than reading is
  ///   measured. `processor` is the time that this process used: beside the clock, for machines
  ///   that others work on too.
  func run(file: String, _ load: () throws -> Tokenizer) throws -> JSONObject {
    let (loaded, loading) = try Elapsed.of {
      let tokenizer = try load()
      if let threads { tokenizer.prepare(threads: threads) }
      _ = tokenizer.encode("Hello, 你好 12\n", addSpecialTokens: false)
      return tokenizer
    }
    var result: JSONObject = [
      "load_s": .double(loading.seconds), "processor_load_s": .double(loading.processorSeconds),
    ]
    guard operation != .load else { return result }
    let bytes = try FileText.bytes(of: file)
    guard !bytes.isEmpty else { throw CommandFailure("\(file): expected a text, found nothing") }
    let parts = parts(of: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    var (ids, time) = Elapsed.of {
      if let threads {
        return loaded.encode(parts, addSpecialTokens: false, threads: threads)
      }
      return parts.map { loaded.encode($0, addSpecialTokens: false) }
    }
    result["tokens"] = .int(ids.reduce(0) { $0 + $1.count })
    if operation == .decode {
      let length: Int
      (length, time) = Elapsed.of {
        ids.reduce(0) { $0 + loaded.decode($1, skipSpecialTokens: false).utf8.count }
      }
      result["bytes"] = .int(length)
    }
    result["mb_s"] = .double(rate(bytes.count, time.seconds))
    result["processor_mb_s"] = .double(rate(bytes.count, time.processorSeconds))
    return result
  }

  /// Megabytes a second; clocks tell no less than a microsecond.
  private func rate(_ bytes: Int, _ seconds: Double) -> Double {
    Double(bytes) / max(seconds * 1e6, 1)
  }

  private func parts(of bytes: [UInt8]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    var start = 0
    while start < bytes.count {
      let limit = bytes.count - start > partBytes ? start + partBytes : bytes.count
      var end = limit
      if limit < bytes.count {
        let newline =
          bytes[start..<limit].lastIndex(of: 0x0A) ?? bytes[limit...].firstIndex(of: 0x0A)
        end = newline.map { $0 + 1 } ?? bytes.count
      }
      result.append(start..<end)
      start = end
    }
    return result
  }

  /// What something took.
  private struct Elapsed {
    var seconds: Double
    var processorSeconds: Double

    static func of<Result>(
      _ work: () throws -> Result
    ) rethrows -> (result: Result, time: Elapsed) {
      let start = ContinuousClock.now
      let processorStart = clock()
      let result = try work()
      let used = clock() - processorStart
      return (
        result,
        Elapsed(
          seconds: start.duration(to: .now) / .seconds(1),
          processorSeconds: Double(used) / Double(CLOCKS_PER_SEC))
      )
    }
  }
}
