/// The templates of a model: one, or several with names.
public struct ChatTemplates: Sendable {
  private let templates: [String: ChatTemplate]

  /// - Parameter sources: template texts by name; a model's only one is called `default`.
  /// - Throws: `TemplateError` of the first one that is no template.
  public init(_ sources: [String: String]) throws(TemplateError) {
    var templates: [String: ChatTemplate] = [:]
    for (name, source) in sources.sorted(by: { $0.key < $1.key }) {
      templates[name] = try ChatTemplate(source: source)
    }
    self.templates = templates
  }

  /// In alphabetic order.
  public var names: [String] { templates.keys.sorted() }

  /// The template for a request, chosen as `transformers` does: the one that is asked for by name,
  /// else `tool_use` where there are tools, else `default`.
  ///
  /// - Parameter name: such as `rag`; nil leaves the choice to the rule.
  /// - Returns: nil where there is none of this name, and no default.
  public func template(named name: String? = nil, forTools hasTools: Bool) -> ChatTemplate? {
    if let name { return templates[name] }
    if hasTools, let template = templates["tool_use"] { return template }
    return templates["default"]
  }
}
