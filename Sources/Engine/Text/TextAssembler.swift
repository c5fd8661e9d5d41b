/// The text of one generation: tokens in, text out, ended by stop strings.
struct TextAssembler {
  private var decoder: any TokenTextDecoder
  private var filter: StopStringFilter

  init(_ decoder: any TokenTextDecoder, stopStrings: [String]) {
    self.decoder = decoder
    filter = StopStringFilter(stopStrings)
  }

  var hasStopped: Bool { filter.hasStopped }

  mutating func append(_ id: Int32) -> String { filter.append(decoder.append(id)) }

  /// The rest of the text; it may still complete a stop string.
  mutating func finish() -> String {
    let rest = filter.append(decoder.finish())
    return rest + filter.finish()
  }
}
