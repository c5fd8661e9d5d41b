import ApusJSON

/// The `messages` of a chat, checked one by one and brought into the form that templates expect.
enum ChatMessages {
  /// - Parameter allowingExtra: ignore fields that the protocol does not know
  /// - Returns: objects of `role`, `content` and, where given, `name`
  static func read(
    _ value: JSONValue?, allowingExtra: Bool
  ) throws(RequestError) -> [JSONValue] {
    guard let value else { throw .field("messages", "missing") }
    guard case .array(let elements) = value, !elements.isEmpty else {
      throw .field(
        "messages", "expected a list of at least one message, found \(RequestFields.shown(value))")
    }
    var messages: [JSONValue] = []
    for (index, element) in elements.enumerated() {
      let place = "messages[\(index)]"
      guard case .object(let members) = element else {
        throw .field(place, "expected an object, found \(element.kind)")
      }
      var message = JSONObject()
      message["role"] = .string(try role(members["role"], at: "\(place).role"))
      message["content"] = .string(try content(members["content"], at: "\(place).content"))
      message["name"] = try name(members["name"], at: "\(place).name")
      try checkOthers(members, at: place, allowingExtra: allowingExtra)
      messages.append(.object(message))
    }
    return messages
  }

  private static func role(_ value: JSONValue?, at place: String) throws(RequestError) -> String {
    switch value?.stringValue {
    case let role? where ["system", "user", "assistant"].contains(role): return role
    // The name that newer clients use for what templates call the system message.
    case "developer"?: return "system"
    default:
      throw .field(
        place,
        "expected system, developer, user or assistant, found "
          + (value.map(RequestFields.shown) ?? "nothing"))
    }
  }

  /// A string, or text parts, which are joined by line breaks as other servers do.
  private static func content(
    _ value: JSONValue?, at place: String
  ) throws(RequestError) -> String {
    switch value {
    case .string(let text): return text
    case .array(let parts):
      return try parts.enumerated().map { index, part throws(RequestError) in
        guard part["type"]?.stringValue == "text", let text = part["text"]?.stringValue else {
          throw .field(
            "\(place)[\(index)]",
            "expected a part {\"type\": \"text\", \"text\": ...}, found "
              + RequestFields.shown(part), code: "unsupported_content")
        }
        return text
      }.joined(separator: "\n")
    default:
      throw .field(
        place, "expected text or a list of text parts, found \(value?.kind ?? "nothing")")
    }
  }

  private static func name(
    _ value: JSONValue?, at place: String
  ) throws(RequestError) -> JSONValue? {
    guard let value, !value.isNull else { return nil }
    guard value.stringValue != nil else {
      throw .field(place, "expected a string, found \(value.kind)")
    }
    return value
  }

  private static let unsupported: Set = ["tool_calls", "tool_call_id", "function_call", "audio"]

  private static func checkOthers(
    _ members: JSONObject, at place: String, allowingExtra: Bool
  ) throws(RequestError) {
    for (name, value) in members where !value.isNull {
      switch name {
      case "role", "content", "name": break
      case "tool_calls" where value.arrayValue?.isEmpty == true: break
      case let name where unsupported.contains(name):
        throw .field("\(place).\(name)", "not supported", code: "unsupported_parameter")
      default:
        if allowingExtra { continue }
        throw .field("\(place).\(name)", "unknown field", code: "unknown_parameter")
      }
    }
  }
}
