import ApusJSON

/// One request a line of standard input, one answer a line of standard output.
enum JSONLines {
  /// - Parameter answer: what it throws is answered as `{"error": ..}`.
  static func answer(_ answer: (JSONValue) throws -> JSONValue) {
    while let line = readLine() {
      if line.allSatisfy(\.isWhitespace) { continue }
      let result: JSONValue
      do {
        result = try answer(try JSONValue(parsing: line))
      } catch {
        result = ["error": .string("\(error)")]
      }
      // Whoever waits for an answer before asking again gets it at once.
      Terminal.write(result.serialized() + "\n")
    }
  }
}
