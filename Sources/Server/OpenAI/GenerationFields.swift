import ApusEngine
import ApusJSON
import ApusPipelines
import HTTPTypes

/// What chat and text completions have in common: sampling, limits, streaming.
struct GenerationFields {
  /// With the request's seed; a request without one gets another seed for each prompt.
  var sampling = SamplingParameters()
  var hasSeed = false
  /// New tokens at most; nil where the request is silent.
  var maxNewTokens: Int?
  var stopStrings: [String] = []
  var ignoresEnd = false
  var returnsTokenIDs = false
  var streams = false
  var includesUsage = false
  /// Keeps the request's cached prefixes apart from those of other salts.
  var cacheSalt: String?

  static let largestStopCount = 16
  static let largestStopLength = 1024
  static let largestSaltLength = 1024

  init(_ fields: inout RequestFields, model: ServedModel) throws(RequestError) {
    try Self.checkModel(&fields, model)
    let defaults = model.defaults
    sampling.temperature = try fields.number("temperature", in: 0...100) ?? defaults.temperature
    sampling.topP = try fields.number("top_p", in: 0...1) ?? defaults.topP
    sampling.topK = Int32(
      try fields.integer("top_k", in: -1...Int(Int32.max)).map { max($0, 0) }
        ?? Int(defaults.topK))
    sampling.minP = try fields.number("min_p", in: 0...1) ?? defaults.minP
    if let seed = try fields.integer("seed", in: Int.min...Int.max) {
      sampling.seed = UInt64(bitPattern: Int64(seed))
      hasSeed = true
    }
    maxNewTokens = try Self.maxNewTokens(&fields)
    ignoresEnd = try fields.bool("ignore_eos") ?? false
    returnsTokenIDs = try fields.bool("return_token_ids") ?? false
    streams = try fields.bool("stream") ?? false
    stopStrings = try Self.stopStrings(&fields)
    includesUsage = try Self.includesUsage(&fields, streams: streams)
    cacheSalt = try Self.cacheSalt(&fields)
    try Self.neutralFields(&fields)
  }

  private static func checkModel(
    _ fields: inout RequestFields, _ model: ServedModel
  ) throws(RequestError) {
    guard let name = try fields.string("model"), name != model.name else { return }
    throw RequestError(
      status: .notFound, message: "model '\(name)' is not served here; '\(model.name)' is",
      parameter: "model", code: "model_not_found")
  }

  /// The two names of one limit.
  private static func maxNewTokens(_ fields: inout RequestFields) throws(RequestError) -> Int? {
    let range = 1...Int(Int32.max)
    let old = try fields.integer("max_tokens", in: range)
    let new = try fields.integer("max_completion_tokens", in: range)
    if let old, let new, old != new {
      throw .field("max_completion_tokens", "\(new) contradicts max_tokens, which is \(old)")
    }
    return new ?? old
  }

  private static func stopStrings(_ fields: inout RequestFields) throws(RequestError) -> [String] {
    let values: [JSONValue]
    switch fields.value("stop") {
    case nil: return []
    case .string(let text): values = [.string(text)]
    case .array(let elements): values = elements
    case let other?:
      throw .field("stop", "expected a string or a list of strings, found \(other.kind)")
    }
    guard values.count <= largestStopCount else {
      throw .field(
        "stop", "expected at most \(largestStopCount) strings, found \(values.count)")
    }
    var strings: [String] = []
    for value in values {
      guard let text = value.stringValue, !text.isEmpty, text.utf8.count <= largestStopLength
      else {
        throw .field(
          "stop",
          "expected non-empty strings of at most \(largestStopLength) bytes, found "
            + RequestFields.shown(value))
      }
      strings.append(text)
    }
    return strings
  }

  private static func cacheSalt(_ fields: inout RequestFields) throws(RequestError) -> String? {
    guard let salt = try fields.string("cache_salt") else { return nil }
    guard !salt.isEmpty, salt.utf8.count <= largestSaltLength else {
      throw .field(
        "cache_salt",
        "expected 1 to \(largestSaltLength) bytes, found \(salt.utf8.count)")
    }
    return salt
  }

  private static func includesUsage(
    _ fields: inout RequestFields, streams: Bool
  ) throws(RequestError) -> Bool {
    guard let value = fields.value("stream_options") else { return false }
    guard case .object(let options) = value else {
      throw .field("stream_options", "expected an object, found \(value.kind)")
    }
    guard streams else { throw .field("stream_options", "only allowed where stream is true") }
    for (name, option) in options {
      switch name {
      case "include_usage":
        guard option.boolValue != nil || option.isNull else {
          throw .field(
            "stream_options.include_usage", "expected true or false, found \(option.kind)")
        }
      case "include_obfuscation" where option.boolValue == false || option.isNull: break
      default: throw .field("stream_options.\(name)", "not supported")
      }
    }
    return options["include_usage"]?.boolValue ?? false
  }

  /// Further fields of the protocol, accepted at the values that change nothing.
  private static func neutralFields(_ fields: inout RequestFields) throws(RequestError) {
    try fields.neutral("service_tier", "\"auto\" or \"default\"") {
      $0.stringValue == "auto" || $0.stringValue == "default"
    }
    try fields.neutral("store", "false") { $0.boolValue == false }
    try fields.neutral("n", "1") { $0.intValue == 1 }
    try fields.neutral("frequency_penalty", "0") { $0.doubleValue == 0 }
    try fields.neutral("presence_penalty", "0") { $0.doubleValue == 0 }
    try fields.neutral("repetition_penalty", "1") { $0.doubleValue == 1 }
    try fields.neutral("logit_bias", "an empty object") { $0.objectValue?.isEmpty == true }
    try fields.neutral("min_tokens", "0") { $0.intValue == 0 }
    try fields.neutral("skip_special_tokens", "true") { $0.boolValue == true }
    fields.ignored([
      "user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
    ])
  }
}
