// Speed of one tokenizer on one text: prints one JSON object.
//
//     swift build -c release --product TokenizerBenchmark
//     taskset -c 0 .build/release/TokenizerBenchmark FOLDER TEXT \
//       [encode|decode|load|batch] [CHUNK BYTES] [THREADS]
//
// The text is encoded once, in chunks that end at a line's end, after one short unrelated call, so
// that nothing has seen its words.
import ApusTokenizers
import Foundation

func chunks(of text: String, _ size: Int) -> [String] {
  let bytes = Array(text.utf8)
  var parts: [String] = []
  var at = 0
  while at < bytes.count {
    var end = min(at + size, bytes.count)
    if end < bytes.count {
      let newline =
        bytes[at..<end].lastIndex(of: 0x0A) ?? bytes[end...].firstIndex(of: 0x0A)
      end = newline.map { $0 + 1 } ?? bytes.count
    }
    parts.append(String(decoding: bytes[at..<end], as: UTF8.self))
    at = end
  }
  return parts
}

let arguments = CommandLine.arguments
guard arguments.count > 2 else {
  fatalError("usage: TokenizerBenchmark FOLDER TEXT [encode|decode|load|batch] [CHUNK] [THREADS]")
}
let operation = arguments.count > 3 ? arguments[3] : "encode"
let chunkSize = arguments.count > 4 ? Int(arguments[4]) ?? 65536 : 65536
let threads = arguments.count > 5 ? Int(arguments[5]) ?? 1 : 1

/// What this process used so far: beside the clock, for machines that others work on too.
func processorSeconds() -> Double { Double(Foundation.clock()) / Double(CLOCKS_PER_SEC) }

let clock = ContinuousClock()
var tokenizer: Tokenizer?
let loadTime = try clock.measure {
  tokenizer = try Tokenizer.load(folder: arguments[1])
  _ = tokenizer?.encode("Hello, 你好 12\n", addSpecialTokens: false)
  if operation == "batch" { tokenizer?.prepare(threads: threads) }
}
let loadProcessor = (processorSeconds() * 1e4).rounded() / 1e4
guard let tokenizer else { fatalError("no tokenizer") }

let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: arguments[2])))
let parts = chunks(of: String(decoding: bytes, as: UTF8.self), chunkSize)
var ids: [[Int32]] = []
ids.reserveCapacity(parts.count)
var processor = processorSeconds()
var time = clock.measure {
  if operation == "batch" {
    ids = tokenizer.encode(parts, addSpecialTokens: false, threads: threads)
  } else {
    for part in parts { ids.append(tokenizer.encode(part, addSpecialTokens: false)) }
  }
}
processor = processorSeconds() - processor
if operation == "decode" {
  var length = 0
  processor = processorSeconds()
  time = clock.measure {
    for part in ids { length += tokenizer.decode(part, skipSpecialTokens: false).utf8.count }
  }
  processor = processorSeconds() - processor
  precondition(length > 0)
}
let rate = (Double(bytes.count) / 1e6 / (time / .seconds(1)) * 100).rounded() / 100
let processorRate = (Double(bytes.count) / 1e6 / processor * 100).rounded() / 100
let load = ((loadTime / .seconds(1)) * 1e4).rounded() / 1e4
print(
  "{\"op\": \"\(operation)\", \"tokens\": \(ids.reduce(0) { $0 + $1.count }), "
    + "\"load_s\": \(load), \"mb_s\": \(rate), \"processor_mb_s\": \(processorRate), "
    + "\"processor_load_s\": \(loadProcessor)}")
