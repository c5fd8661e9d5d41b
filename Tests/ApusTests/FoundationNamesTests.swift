import Apus
import Foundation
import Testing

/// No public name of Apus hides one of Swift's or Foundation's: this file uses both.
@Suite struct FoundationNamesTests {
  struct Record: Codable, Equatable {
    var name: String
    var values: [Double]

    init(name: String, values: [Double]) {
      self.name = name
      self.values = values
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      values = try container.decode([Double].self, forKey: .values)
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(values, forKey: .values)
    }

    enum CodingKeys: CodingKey { case name, values }
  }

  private func total(_ values: some Sequence<Double>) -> Double { values.reduce(0, +) }

  @Test func foundationBesideApus() throws {
    let record = Record(name: "record", values: [1, 2])
    let text = try JSONEncoder().encode(record)
    #expect(try JSONDecoder().decode(Record.self, from: text) == record)
    #expect(total(record.values) == 3)
    let length = Measurement(value: 1, unit: UnitLength.kilometers)
    #expect(length.converted(to: .meters).value == 1000)
    let url: URL = URL(fileURLWithPath: "/a/b")
    let date: Date = Date(timeIntervalSince1970: 0)
    let unit: Dimension = UnitLength.meters
    let index: IndexPath = IndexPath(index: 1)
    let result: Result<Int, any Error> = .success(1)
    let types: [Any.Type] = [
      Thread.self, Process.self, InputStream.self, OperationQueue.self, Scanner.self,
      Formatter.self, Stream.self,
      Progress.self, Bundle.self, Operation.self, Unit.self, Calendar.self, Locale.self, Data.self,
    ]
    #expect(url.lastPathComponent == "b" && date < Date() && types.count == 14)
    #expect(index.count == 1 && unit.symbol == "m" && (try? result.get()) == 1)
  }

  @Test func apusBesideFoundation() throws {
    let graph = Graph(name: "sum")
    let x = graph.input("x", .float32, [.symbol("tokens"), 4])
    graph.output("y", (x + x).sum(axis: -1))
    try graph.verify()
    var interpreter = try Interpreter(graph) { _ in [] }
    let value = HostTensor([1, 2, 3, 4] as [Float], shape: [1, 4])
    let outputs = try interpreter.run(inputs: ["x": value])
    #expect(outputs["y"]?.floats == [20])
    let parsed = try JSONValue(parsing: #"{"a": [1, 2]}"#)
    #expect(parsed["a"]?[1]?.intValue == 2)
    let registry = PipelineRegistry(builtInArchitectures)
    #expect(registry.architectures.contains { $0.name == "LlamaForCausalLM" })
    #expect(PipelineConfig.format(named: "bf16") == .bfloat16)
  }
}
