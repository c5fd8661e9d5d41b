import ApusCPUKernels
import Foundation

/// Requests with their queries, keys and values, and the ways to lay them out and to run them.
struct AttentionCase: Sendable {
  enum Format: String, CaseIterable, Sendable {
    case float32, bfloat16, float16

    var type: apus_element_type {
      switch self {
      case .float32: APUS_FLOAT32
      case .bfloat16: APUS_BFLOAT16
      case .float16: APUS_FLOAT16
      }
    }

    var gate: Double { self == .float32 ? float32Gate : 1e-5 }
  }

  var heads = 4
  var keyHeads = 2
  var head = 64
  var page = 16
  var format = Format.float32
  /// The length of each request.
  var lengths = [33, 1, 70]
  let query, keys, values: [Float]  // by request, then position: [heads, head], [keyHeads, head]

  init(
    heads: Int = 4, keyHeads: Int = 2, head: Int = 64, page: Int = 16, format: Format = .float32,
    lengths: [Int] = [33, 1, 70]
  ) {
    (self.heads, self.keyHeads, self.head, self.page) = (heads, keyHeads, head, page)
    (self.format, self.lengths) = (format, lengths)
    var numbers = SeededNumbers(UInt64(heads * 1000 + head))
    let tokens = lengths.reduce(0, +)
    // Scores of deviation 2: far from uniform.
    query = numbers.normals(tokens * heads * head, deviation: 2)
    keys = numbers.normals(tokens * keyHeads * head)
    values = numbers.normals(tokens * keyHeads * head)
  }

  var scale: Float { 1 / Float(head).squareRoot() }
  var pagesPerRequest: Int { ((lengths.max() ?? 0) + page - 1) / page }

  /// Places of request r's tokens in `query` and so on.
  func first(_ request: Int) -> Int { lengths[..<request].reduce(0, +) }

  /// Pages in an order that is no order: request r's i-th page.
  func pageID(_ request: Int, _ i: Int) -> Int {
    let count = lengths.count * pagesPerRequest
    let index = request * pagesPerRequest + i
    return count % 7 == 0 ? count - 1 - index : (index * 7 + 3) % count
  }

  /// A step: tokens as (request, position).
  typealias Step = [(request: Int, position: Int)]

  var wholeStep: Step {
    lengths.indices.flatMap { r in (0..<lengths[r]).map { (r, $0) } }
  }

  func state(poison: Bool = true) -> KernelBuffer {
    let count = lengths.count * pagesPerRequest * keyHeads * page * head
    switch format {
    case .float32: return KernelBuffer([Float](repeating: poison ? .nan : 0, count: count))
    case .bfloat16, .float16: return KernelBuffer([UInt16](repeating: 0x7FFF, count: count))
    }
  }

  func rows(_ source: [Float], _ step: Step, width: Int) -> [Float] {
    step.flatMap { token in
      let at = (first(token.request) + token.position) * width
      return source[at..<at + width]
    }
  }

  func store(
    _ source: [Float], _ step: Step, into state: KernelBuffer, isa: KernelISA, threads: Int
  ) {
    let slots = step.map { token in
      Int32(
        pageID(token.request, token.position / page) * page + token.position % page)
    }
    unsafe KernelHarness.run(
      apus_store_pages,
      [KernelBuffer(rows(source, step, width: keyHeads * head)), KernelBuffer(slots), state],
      sizes: [step.count, keyHeads, head, page, Int(format.type.rawValue)], isa: isa,
      threads: threads)
  }

  func attend(
    _ step: Step, keys: KernelBuffer, values: KernelBuffer, isa: KernelISA, threads: Int
  ) -> [Float] {
    let table = lengths.indices.flatMap { r in
      (0..<pagesPerRequest).map { Int32(pageID(r, $0)) }
    }
    let out = KernelBuffer([Float](repeating: .nan, count: step.count * heads * head))
    unsafe KernelHarness.run(
      apus_paged_attention,
      [
        KernelBuffer(rows(query, step, width: heads * head)), keys, values,
        KernelBuffer(step.map { Int32($0.position) }),
        KernelBuffer(step.map { Int32($0.request) }), KernelBuffer(table), out,
      ],
      sizes: [
        step.count, heads, keyHeads, head, page, pagesPerRequest, Int(format.type.rawValue),
      ], scalars: [scale], isa: isa, threads: threads)
    return out.floats
  }

  /// Stores and attends step after step; the result in the order of `wholeStep`.
  func run(_ steps: [Step], isa: KernelISA = .best, threads: Int = 1) -> [Float] {
    let (k, v) = (state(), state())
    var result = [Float](repeating: .nan, count: query.count)
    for step in steps {
      store(keys, step, into: k, isa: isa, threads: threads)
      store(values, step, into: v, isa: isa, threads: threads)
      let out = attend(step, keys: k, values: v, isa: isa, threads: threads)
      let width = heads * head
      for (i, token) in step.enumerated() {
        let at = (first(token.request) + token.position) * width
        result.replaceSubrange(at..<at + width, with: out[i * width..<(i + 1) * width])
      }
    }
    return result
  }

  /// As the state keeps it.
  func rounded(_ value: Float) -> Double {
    switch format {
    case .float32: return Double(value)
    case .bfloat16:
      let bits = value.bitPattern
      return Double(Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000))
    case .float16:
      #if arch(arm64) || os(Linux)
        return Double(Float(Float16(value)))
      #else
        return Double(value)
      #endif
    }
  }

  /// The rows of `step` in Double, from the state as it is rounded.
  func reference(_ step: Step) -> [Double] {
    let group = heads / keyHeads
    let k = keys.map(rounded)
    let v = values.map(rounded)
    var result: [Double] = []
    for token in step {
      let start = first(token.request)
      for h in 0..<heads {
        let q = ((start + token.position) * heads + h) * head
        let places = (0...token.position).map { ((start + $0) * keyHeads + h / group) * head }
        var scores: [Double] = []
        for at in places {
          var sum = 0.0
          for d in 0..<head { sum += Double(query[q + d]) * k[at + d] }
          scores.append(sum * Double(scale))
        }
        let top = scores.max() ?? 0
        let weights = scores.map { exp($0 - top) }
        let sum = weights.reduce(0, +)
        for d in 0..<head {
          var value = 0.0
          for (weight, at) in zip(weights, places) { value += weight * v[at + d] }
          result.append(value / sum)
        }
      }
    }
    return result
  }
}
