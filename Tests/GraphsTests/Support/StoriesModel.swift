import ApusGraphs
import ApusTensors
import Foundation

/// A trained Llama of 260,000 parameters, written in composites alone: everything a decoder needs
/// of this room, without layers and checkpoints.
struct StoriesModel {
  static let (hidden, inner, layers, heads, kvHeads, head) = (64, 172, 5, 8, 4, 8)
  static let (vocabulary, pageSize) = (512, 16)

  let weights: [String: [Float]]
  let graph = Graph(name: "stories260K")

  init(folder: String) throws {
    weights = try Self.safetensors(
      Data(contentsOf: URL(fileURLWithPath: folder + "/model.safetensors")))
    build()
  }

  private func weight(_ name: String, _ shape: [Int]) -> Weight {
    Weight(name: "model.\(name).weight", shape: shape, format: .float32)
  }

  private func norm(_ x: Tensor, _ name: String) -> Tensor {
    x.rmsNormalized(weight: graph.weight(weight(name, [Self.hidden])), epsilon: 1e-5)
  }

  private func build() {
    let tokens = Dim.symbol("tokens")
    let rows: (String) -> Tensor = { graph.input($0, .int32, [tokens]) }
    let (positions, slots) = (rows("positions"), rows("slots"))
    let requests = rows("request_of_token")
    let table = graph.input("page_table", .int32, [.symbol("requests"), .symbol("pages")])
    let embedding = weight("embed_tokens", [Self.vocabulary, Self.hidden])
    let frequencies = graph.constant(
      floatTensor((0..<Self.head / 2).map { pow(10000, -Float($0) / Float(Self.head / 2)) }))
    var x = graph.embedding(weight: embedding, ids: rows("token_ids"))
    for layer in 0..<Self.layers {
      let scope = "layers.\(layer)"
      let a = norm(x, "\(scope).input_layernorm")
      func project(_ name: String, _ heads: Int) -> Tensor {
        let out = heads * Self.head
        return a.linear(weight("\(scope).self_attn.\(name)_proj", [out, Self.hidden]))
          .reshaped([tokens, Dim(heads), Dim(Self.head)])
      }
      func rotated(_ x: Tensor) -> Tensor {
        x.rotated(positions: positions, inverseFrequencies: frequencies, pairing: .halves)
      }
      func state(_ name: String) -> PagedState {
        PagedState(
          name: "\(scope).\(name)", pages: .symbol("cachePages"), heads: Self.kvHeads,
          pageSize: Self.pageSize, headSize: Self.head, format: .float32)
      }
      let (keys, values) = (state("keys"), state("values"))
      rotated(project("k", Self.kvHeads)).store(in: keys, slots: slots)
      project("v", Self.kvHeads).store(in: values, slots: slots)
      let attended = rotated(project("q", Self.heads)).pagedAttention(
        keys: graph.read(keys), values: graph.read(values), positions: positions,
        requestOfToken: requests, pageTable: table, scale: 1 / Float(Self.head).squareRoot())
      x =
        x
        + attended.reshaped([tokens, Dim(Self.hidden)])
        .linear(weight("\(scope).self_attn.o_proj", [Self.hidden, Self.hidden]))
      let m = norm(x, "\(scope).post_attention_layernorm")
      let gate = m.linear(weight("\(scope).mlp.gate_proj", [Self.inner, Self.hidden]))
      let up = m.linear(weight("\(scope).mlp.up_proj", [Self.inner, Self.hidden]))
      x =
        x
        + gate.gated(up: up, kind: .silu)
        .linear(weight("\(scope).mlp.down_proj", [Self.hidden, Self.inner]))
    }
    let logits = norm(x, "norm").linear(embedding)
    graph.output("logits", logits)
    graph.output("greedy", logits.argsortDescending().sliced(axis: 1, start: 0, count: 1))
  }

  func interpreter() throws -> Interpreter {
    try Interpreter(graph, initialState: .nan) { weights[$0.name] ?? [] }
  }

  /// One step of one request that begins at `position`; its pages lie in reverse order.
  static func step(
    _ interpreter: inout Interpreter, _ ids: [Int32], at position: Int, of context: Int
  ) throws -> [String: HostTensor] {
    let pages = (context + pageSize - 1) / pageSize
    let used = (position + ids.count + pageSize - 1) / pageSize
    let positions = (position..<position + ids.count).map(Int32.init)
    let slots = positions.map { position in
      let (page, place) = Int(position).quotientAndRemainder(dividingBy: pageSize)
      return Int32((pages - 1 - page) * pageSize + place)
    }
    return try interpreter.run(
      inputs: [
        "token_ids": HostTensor(ids), "positions": HostTensor(positions),
        "slots": HostTensor(slots),
        "request_of_token": HostTensor([Int32](repeating: 0, count: ids.count)),
        "page_table": integerTensor((0..<used).map { Int32(pages - 1 - $0) }, [1, used]),
      ], symbols: ["cachePages": pages])
  }

  /// The float32 tensors of a safetensors file.
  static func safetensors(_ data: Data) throws -> [String: [Float]] {
    let bytes = [UInt8](data)
    let size = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    let header = try JSONSerialization.jsonObject(with: data[8..<8 + size]) as? [String: Any]
    var tensors: [String: [Float]] = [:]
    for (name, value) in header ?? [:] where name != "__metadata__" {
      guard let offsets = (value as? [String: Any])?["data_offsets"] as? [Int] else { continue }
      tensors[name] = floats(bytes[8 + size + offsets[0]..<8 + size + offsets[1]])
    }
    return tensors
  }

  /// The float32 elements of a NumPy file, version 1.
  static func numpy(_ data: Data) -> [Float] {
    let bytes = [UInt8](data)
    return floats(bytes[(10 + Int(bytes[8]) + Int(bytes[9]) << 8)...])
  }

  private static func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) })
    }
  }
}
