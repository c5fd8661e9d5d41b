import ApusGraphs
import ApusTensors
import Testing

@Suite struct InterpreterTests {
  let graph = Graph(name: "test")
  let tokens = Dim.symbol("tokens")
  var x: Tensor { graph.input("x", .float32, [tokens, 2]) }
  let value = floatTensor([1, 2, 3, 4], [2, 2])

  func interpreter(
    _ weights: (Weight) throws -> [Float] = { _ in [] }
  ) throws(InterpreterError) -> Interpreter {
    try Interpreter(graph, weights: weights)
  }

  @Test func symbolsComeFromTheShapesOfInputs() throws {
    graph.output("count", graph.iota([tokens * 2 + 1], axis: 0))
    _ = x
    var interpreter = try interpreter()
    #expect(try interpreter.run(inputs: ["x": value])["count"]?.shape == [5])
    let empty = floatTensor([], [0, 2])
    #expect(try interpreter.run(inputs: ["x": empty])["count"]?.integers == [0])
  }

  @Test func symbolsCanBeGiven() throws {
    graph.output("pages", graph.iota([.symbol("pages")], axis: 0))
    var interpreter = try interpreter()
    #expect(try interpreter.run(inputs: [:], symbols: ["pages": 3])["pages"]?.shape == [3])
    #expect(
      throws: InterpreterError.missingSymbol(
        names: ["pages"], neededBy: "%0 = iota axis=0 : int32[pages]")
    ) { try interpreter.run(inputs: [:]) }
  }

  @Test func inputsAreChecked() throws {
    graph.output("y", x + graph.input("bias", .float32, [tokens, 1]))
    var interpreter = try interpreter()
    let bias = floatTensor([0, 0], [2, 1])
    let refusals: [([String: HostTensor], InterpreterError)] = [
      (["x": value], .missingInput(name: "bias", expected: "float32[tokens, 1]")),
      (
        ["x": value, "bias": bias, "z": bias],
        .unknownInput(name: "z", known: ["x", "bias"])
      ),
      (
        ["x": integerTensor([1, 2], [1, 2]), "bias": bias],
        .inputMismatch(name: "x", expected: "float32[tokens, 2]", found: "int32[1, 2]")
      ),
      (
        ["x": floatTensor([1, 2, 3], [1, 3]), "bias": floatTensor([0], [1, 1])],
        .inputMismatch(name: "x", expected: "float32[tokens, 2]", found: "[1, 3]")
      ),
      (
        ["x": value, "bias": floatTensor([0], [1, 1])],
        .symbolConflict(name: "tokens", input: "bias", expected: 2, found: 1)
      ),
    ]
    for (inputs, error) in refusals {
      #expect(throws: error) { try interpreter.run(inputs: inputs) }
    }
    #expect(
      throws: InterpreterError.symbolConflict(name: "tokens", input: "x", expected: 9, found: 2)
    ) { try interpreter.run(inputs: ["x": value, "bias": bias], symbols: ["tokens": 9]) }
  }

  @Test func weightsAreAskedForOnceAndChecked() throws {
    let weight = Weight(name: "w", shape: [3, 2], format: .float32)
    graph.output("y", x.linear(weight) + x.linear(weight))
    var asked: [String] = []
    _ = try interpreter { weight in
      asked.append(weight.name)
      return [Float](repeating: 0, count: 6)
    }
    #expect(asked == ["w"])
    #expect(
      throws: InterpreterError.weight(
        name: "w", reason: "expected 6 elements for [3, 2], found 5")
    ) { try interpreter { _ in [1, 2, 3, 4, 5] } }
    struct Missing: Error, CustomStringConvertible { var description: String { "not there" } }
    #expect(throws: InterpreterError.weight(name: "w", reason: "not there")) {
      try interpreter { _ in throw Missing() }
    }
  }

  @Test func aFailedGraphIsRefusedWithItsDiagnostic() throws {
    graph.output("y", x.reshaped([7]))
    let diagnostic = try #require(graph.diagnostic)
    #expect(throws: InterpreterError.invalidGraph(diagnostic)) { try interpreter() }
  }

  @Test func anyNamedValueCanBeTapped() throws {
    let inner = (x * 2).named("doubled")
    let dead = (x + 1).named("unused")
    _ = dead
    graph.output("y", inner.silu().named("activated").sum(axis: 1))
    var interpreter = try interpreter()
    let found = try interpreter.run(
      inputs: ["x": value], taps: ["doubled", "unused", "activated"])
    #expect(found["doubled"] == floatTensor([2, 4, 6, 8], [2, 2]))
    #expect(found["unused"] == floatTensor([2, 3, 4, 5], [2, 2]))
    #expect(found["activated"]?.shape == [2, 2], "composites can be tapped too")
    #expect(found["y"]?.shape == [2, 1])
    #expect(Set(try interpreter.run(inputs: ["x": value]).keys) == ["y"])
    #expect(throws: InterpreterError.unknownTap(name: "nothing")) {
      try interpreter.run(inputs: ["x": value], taps: ["nothing"])
    }
  }

  @Test func sizesThatDoNotFitAtRunTimeAreNamed() throws {
    graph.output("y", x.sliced(axis: 0, start: 3, count: 1))
    graph.output("z", graph.iota([tokens - 2], axis: 0))
    var interpreter = try interpreter()
    #expect {
      try interpreter.run(inputs: ["x": value])
    } throws: {
      "\($0)"
        == "%1 = slice(%0) axis=0 start=3 count=1 : float32[1, 2]: 1 elements from 3 of axis 0 of "
        + "size 2"
    }
    #expect {
      try interpreter.run(inputs: ["x": floatTensor([1, 2], [1, 2])])
    } throws: {
      "\($0)".contains("axis 0 of size 1")
    }
  }

  @Test func customCallsAreRefused() throws {
    let call = graph.append(.primitive(.customCall(name: "mine")), [x.id], x.type)
    graph.output("y", call)
    var interpreter = try interpreter()
    #expect {
      try interpreter.run(inputs: ["x": value])
    } throws: {
      "\($0)".contains("no interpreter knows the kernel 'mine'")
    }
  }
}
