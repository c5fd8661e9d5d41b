import ApusGraphs
import ApusTensors
import Foundation
import Testing

@Suite struct SampleTests {
  struct Row: Sendable {
    var temperature: Float = 1
    var topK: Int32 = 0
    var topP: Float = 1
    var minP: Float = 0
    var seeds: [Int32] = [1, 2]
    var counter: Int32 = 0
  }

  static func sample(_ logits: [[Float]], _ rows: [Row]) throws -> [Int32] {
    let inputs = [
      HostTensor(logits.flatMap { $0 }, shape: [rows.count, logits.first?.count ?? 1]),
      HostTensor(rows.map(\.temperature)), HostTensor(rows.map(\.topK)),
      HostTensor(rows.map(\.topP)), HostTensor(rows.map(\.minP)),
      HostTensor(rows.flatMap(\.seeds), shape: [rows.count, 2]), HostTensor(rows.map(\.counter)),
    ]
    return try evaluate(inputs) { _, t in
      t[0].sampled(
        temperature: t[1], topK: t[2], topP: t[3], minP: t[4], seeds: t[5], counters: t[6])
    }.integers
  }

  /// The same rules in float64. `isClear` is false where a border is so near that rounding decides.
  static func judge(_ logits: [Float], _ row: Row) -> (token: Int32, isClear: Bool) {
    let exponentials = logits.map { exp(Double($0) / Double(row.temperature)) }
    let total = exponentials.reduce(0, +)
    let order = logits.indices.sorted {
      logits[$0] == logits[$1] ? $0 < $1 : logits[$0] > logits[$1]
    }
    var isClear = true
    func below(_ a: Double, _ b: Double) -> Bool {
      if abs(a - b) < 1e-5 { isClear = false }
      return a < b
    }
    var kept: [(id: Int, p: Double)] = []
    var before = 0.0
    let greatest = exponentials[order[0]] / total
    for (index, id) in order.enumerated() {
      let p = exponentials[id] / total
      let withinK = row.topK == 0 || index < Int(row.topK)
      // The first is kept whatever the borders say.
      let withinP = index == 0 || row.topP >= 1 || below(before, Double(row.topP))
      let likely = index == 0 || row.minP == 0 || !below(p, Double(row.minP) * greatest)
      if index == 0 || (withinK && withinP && likely) { kept.append((id, p)) }
      before += p
    }
    let draw = Double(Philox.uniform(row.seeds[0], row.seeds[1], counter: row.counter))
    let mass = kept.reduce(0) { $0 + $1.p }
    var sum = 0.0
    for (id, p) in kept {
      sum += p
      if below(draw * mass, sum) { return (Int32(id), isClear) }
    }
    return (Int32(kept[kept.count - 1].id), false)
  }

  @Test func drawsAsTheRulesSay() throws {
    var random = SeededRandom(101)
    var logits: [[Float]] = []
    var rows: [Row] = []
    for index in 0..<300 {
      logits.append(random.floats([23], in: -3...3).floats)
      rows.append(
        Row(
          temperature: [0.3, 1, 2][index % 3], topK: [0, 1, 5, 40][index % 4],
          topP: [1, 0.9, 0.5, 0, 0.2][index % 5], minP: [0, 0.1, 0.5, 1, 0, 0, 0][index % 7],
          seeds: [Int32(truncatingIfNeeded: random.next()), Int32(index)],
          counter: Int32(index * 7)))
    }
    let found = try Self.sample(logits, rows)
    var judged = 0
    for index in rows.indices {
      let (token, isClear) = Self.judge(logits[index], rows[index])
      if !isClear { continue }
      judged += 1
      #expect(found[index] == token, "row \(index)")
    }
    #expect(judged > 250)
    #expect(Set(found).count > 10)
  }

  @Test func temperatureZeroTakesTheGreatest() throws {
    let logits: [[Float]] = [
      [1, 3, 3, 2], [.nan, -5, -4, .nan], [.nan, .nan, .nan, .nan],
      [-.infinity, -.infinity, -.infinity, -.infinity], [1, .infinity, 2, .infinity],
      [-3, -2, -1, 0],
    ]
    let rows = (0..<6).map { Row(temperature: 0, topK: $0 == 5 ? 1 : 0, counter: Int32($0)) }
    #expect(try Self.sample(logits, rows) == [1, 2, 0, 0, 1, 3])
  }

  @Test func whatIsNoNumberIsNeverDrawn() throws {
    let rows = (0..<200).map { Row(counter: Int32($0)) }
    let found = try Self.sample(
      Array(repeating: [.nan, 0, -.infinity, 0.5, .nan], count: 200), rows)
    #expect(Set(found) == [1, 3])
    // Infinite logits share everything.
    let infinite = try Self.sample(Array(repeating: [.infinity, 0, .infinity], count: 200), rows)
    #expect(Set(infinite) == [0, 2])
  }

  @Test func oneTokenIsAlwaysKept() throws {
    let rows = [
      Row(topK: 1), Row(topP: 0), Row(minP: 1), Row(topK: 1, topP: 0, minP: 1),
      Row(topP: -1, minP: 2),
    ]
    #expect(try Self.sample(Array(repeating: [0, 2, 1], count: 5), rows) == [1, 1, 1, 1, 1])
  }

  @Test func frequenciesAreThoseOfTheSoftmax() throws {
    let count = 4000
    let rows = (0..<count).map { Row(seeds: [9, 9], counter: Int32($0)) }
    let logits: [Float] = [0, 1, 2]
    let found = try Self.sample(Array(repeating: logits, count: count), rows)
    let total = logits.reduce(0) { $0 + exp(Double($1)) }
    for (id, logit) in logits.enumerated() {
      let p = exp(Double(logit)) / total
      let share = Double(found.count { $0 == Int32(id) }) / Double(count)
      // Five standard deviations of a share of 4000 draws.
      #expect(abs(share - p) < 5 * (p * (1 - p) / Double(count)).squareRoot())
    }
  }

  @Test func aRowDoesNotDependOnTheOthers() throws {
    var random = SeededRandom(102)
    let logits = (0..<8).map { _ in random.floats([31]).floats }
    let rows = (0..<8).map { Row(temperature: $0 == 3 ? 0 : 1.5, seeds: [4, 5], counter: $0) }
    let all = try Self.sample(logits, rows)
    for index in rows.indices {
      #expect(try Self.sample([logits[index]], [rows[index]]) == [all[index]])
    }
    #expect(try Self.sample([], []) == [])
  }

  @Test func refusals() {
    let rows = TensorType(.float32, [.symbol("outputs")])
    let ids = TensorType(.int32, [.symbol("outputs")])
    let seeds = TensorType(.int32, [.symbol("outputs"), 2])
    let logits = TensorType(.float32, [.symbol("outputs"), 9])
    let good = [logits, rows, ids, rows, rows, seeds, ids]
    #expect((try? Sample().resultType(of: good)) == ids)
    let names = ["logits", "temperature", "topK", "topP", "minP", "seeds", "counters"]
    for (index, name) in names.enumerated() {
      var operands = good
      operands[index] = TensorType(.int8, [3])
      #expect {
        try Sample().resultType(of: operands)
      } throws: {
        "\($0)".contains("expected \(name) ")
      }
    }
  }
}
