import ApusJSON

/// One request a line of standard input, one answer a line of standard output.
enum JSONLines {
  /// - Parameter answer: what it throws is answered as `{"error": ..}`.
  static func answer(_ answer: (JSONValue) throws -> JSONValue) {
    var number = 0
    while let line = readLine() {
      number += 1
      if line.allSatisfy(\.isWhitespace) { continue }
      let result: JSONValue
      do {
        result = try answer(try JSONValue(parsing: line))
      } catch let error as JSONError {
        let place = "line \(number), column \(error.column)"
        result = ["error": .string("\(place): \(error.message)")]
      } catch {
        result = ["error": .string("\(error)")]
      }
      // Whoever waits for an answer before asking again gets it at once.
      Terminal.write(result.serialized() + "\n")
    }
  }
}
