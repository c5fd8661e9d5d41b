import ApusJSON

/// The `messages` of a chat, checked one by one and brought into the form that templates expect.
enum ChatMessages {
  /// - Parameter allowingExtra: ignore fields that the protocol does not know
  /// - Returns: objects of `role`, `content` and, where given, `name`, `tool_calls`, `tool_call_id`
  ///   and reasoning
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
      let role = try role(members["role"], at: "\(place).role")
      message["role"] = .string(role)
      let calls =
        role == "assistant" ? try ToolCalls.read(members["tool_calls"], at: place) : nil
      // A message that calls tools need not say anything.
      let mayBeSilent = calls != nil && (members["content"]?.isNull ?? true)
      message["content"] =
        mayBeSilent ? nil : .string(try content(members["content"], at: "\(place).content"))
      message["name"] = try string(members["name"], at: "\(place).name")
      message["tool_calls"] = calls.map { .array($0) }
      try readOthers(members, of: role, at: place, allowingExtra: allowingExtra, into: &message)
      messages.append(.object(message))
    }
    return messages
  }

  private static func role(_ value: JSONValue?, at place: String) throws(RequestError) -> String {
    switch value?.stringValue {
    case let role? where ["system", "user", "assistant", "tool"].contains(role): return role
    // The name that newer clients use for what templates call the system message.
    case "developer"?: return "system"
    default:
      throw .field(
        place,
        "expected system, developer, user, assistant or tool, found "
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

  /// nil where there is none.
  static func string(_ value: JSONValue?, at place: String) throws(RequestError) -> JSONValue? {
    guard let value, !value.isNull else { return nil }
    guard value.stringValue != nil else {
      throw .field(place, "expected a string, found \(value.kind)")
    }
    return value
  }

  private static let reasoning: Set = ["reasoning_content", "reasoning"]
  private static let unsupported: Set = ["tool_calls", "tool_call_id", "function_call", "audio"]

  private static func readOthers(
    _ members: JSONObject, of role: String, at place: String, allowingExtra: Bool,
    into message: inout JSONObject
  ) throws(RequestError) {
    if role == "tool" {
      guard let id = try string(members["tool_call_id"], at: "\(place).tool_call_id") else {
        throw .field("\(place).tool_call_id", "missing")
      }
      message["tool_call_id"] = id
    }
    for (name, value) in members where !value.isNull {
      switch name {
      case "role", "content", "name": break
      case "tool_calls" where role == "assistant" || value.arrayValue?.isEmpty == true: break
      case "tool_call_id" where role == "tool": break
      case let name where role == "assistant" && reasoning.contains(name):
        message[name] = try string(value, at: "\(place).\(name)")
      case let name where unsupported.contains(name):
        throw .field("\(place).\(name)", "not supported", code: "unsupported_parameter")
      default:
        if allowingExtra { continue }
        throw .field("\(place).\(name)", "unknown field", code: "unknown_parameter")
      }
    }
  }
}
