import ApusJSON
import ApusTokenizers

private let limits: TemplateLimits = {
  var limits = TemplateLimits.default
  limits.steps = 20_000
  limits.outputBytes = 1 << 18
  limits.seconds = nil
  return limits
}()

private let clock = TemplateClock(year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5)

/// A template ends with a text, all of whose ranges have an origin and which is the same for a caller
/// that is trusted, or with an error that has a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  let border = bytes.firstIndex(of: 0) ?? 0
  let context = (try? JSONValue(parsing: Array(bytes[..<border])))?.objectValue ?? [:]
  let source = String(decoding: bytes[border...].drop { $0 == 0 }, as: UTF8.self)
  do throws(TemplateError) {
    let template = try ChatTemplate(source: source)
    let marked = Result { () throws(TemplateError) in
      try template.render(context, clock: clock, limits: limits)
    }
    let trusted = try? template.render(context, clock: clock, limits: limits, trustsCaller: true)
    let text = try marked.get()
    precondition(text.text == trusted?.text, "who wrote a text changes it")
    precondition(text.text.utf8.count == text.utf8Count, "a text that is no UTF-8")
    var end = 0
    for run in text.runs {
      precondition(run.range.lowerBound == end && !run.range.isEmpty, "ranges with gaps")
      end = run.range.upperBound
    }
    precondition(end == text.utf8Count, "ranges that end too early")
  } catch {
    precondition(error.line >= 1, "an error without a line")
  }
  return 0
}

@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
  _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ most: Int, _ seed: UInt32
) -> Int {
  unsafe replace(data, size, most, seed) { bytes in
    let border = bytes.firstIndex(of: 0) ?? 0
    var mutator = TemplateMutator(seed: seed)
    return Array(bytes[..<border]) + [0] + mutator.change(Array(bytes[border...].drop { $0 == 0 }))
  }
}
