import ApusJSON

/// The `tool_calls` of an assistant's message.
enum ToolCalls {
  /// - Returns: nil where there are none, as templates ask whether there are any; arguments are
  ///   objects, as templates expect them, and no longer the protocol's text of one
  static func read(
    _ value: JSONValue?, at message: String
  ) throws(RequestError) -> [JSONValue]? {
    guard let value, !value.isNull else { return nil }
    let place = "\(message).tool_calls"
    guard let elements = value.arrayValue else {
      throw .field(place, "expected a list of calls, found \(value.kind)")
    }
    var calls: [JSONValue] = []
    for (index, element) in elements.enumerated() {
      calls.append(try call(element, at: "\(place)[\(index)]"))
    }
    return calls.isEmpty ? nil : calls
  }

  private static func call(_ value: JSONValue, at place: String) throws(RequestError) -> JSONValue {
    guard var call = value.objectValue, var function = call["function"]?.objectValue else {
      throw .field(
        place,
        "expected {\"id\", \"type\": \"function\", \"function\"}, found "
          + RequestFields.shown(value))
    }
    guard call["type"].map({ $0 == "function" }) ?? true else {
      throw .field("\(place).type", "only \"function\" is supported")
    }
    guard try ChatMessages.string(function["name"], at: "\(place).function.name") != nil else {
      throw .field("\(place).function.name", "missing")
    }
    // What a model wrote badly stays the text that it is.
    if let text = function["arguments"]?.stringValue, let arguments = object(text) {
      function["arguments"] = .object(arguments)
    }
    call["function"] = .object(function)
    return .object(call)
  }

  private static func object(_ text: String) -> JSONObject? {
    if text.utf8.isEmpty { return [:] }
    return (try? JSONValue(parsing: text))?.objectValue
  }
}
