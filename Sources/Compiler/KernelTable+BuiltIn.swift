import ApusCPUKernels
import ApusDevices
import ApusGraphs
import ApusTensors

extension KernelTable {
  /// The kernels of `cpu_kernels.h`.
  public static let builtIn: KernelTable = {
    var table = KernelTable()
    let normalizations = [rmsNormalization, layerNormalization, softmax]
    let rows = [embeddingLookup, gather, rotary, gatedActivation, sample]
    for entry in normalizations + rows + [store, pagedAttention] { table.register(entry) }
    let q8 = ActivationConversion.q8
    table.register(MatmulKernel(.matmulFloat32, .none), for: .float32)
    table.register(MatmulKernel(.matmulFloat16, .none), for: .float16)
    table.register(MatmulKernel(.matmulBFloat16, .bfloat16), for: .bfloat16)
    table.register(MatmulKernel(.matmulQ8_0, q8), for: .quantized(.q8_0))
    table.register(MatmulKernel(.matmulQ4_0, q8), for: .quantized(.q4_0))
    table.register(MatmulKernel(.matmulQ4_1, q8), for: .quantized(.q4_1))
    return table
  }()

  private static let rmsNormalization = KernelEntry(RMSNormalization.name) { request in
    guard case .composite(let composite as RMSNormalization) = request.operation,
      request.isFloat32(0), request.isFloat32(1)
    else { return nil }
    return KernelCall(
      .rmsNorm, [.operand(0), .operand(1), .result], sizes: request.rowsAndColumns,
      scalars: [composite.epsilon])
  }

  private static let layerNormalization = KernelEntry(LayerNormalization.name) { request in
    guard case .composite(let composite as LayerNormalization) = request.operation,
      request.operands.indices.allSatisfy({ request.isFloat32($0) })
    else { return nil }
    let bias: KernelCall.Buffer = request.operands.count > 2 ? .operand(2) : .none
    return KernelCall(
      .layerNorm, [.operand(0), .operand(1), bias, .result], sizes: request.rowsAndColumns,
      scalars: [composite.epsilon])
  }

  private static let softmax = KernelEntry(Softmax.name) { request in
    guard request.isFloat32(0) else { return nil }
    return KernelCall(.softmax, [.operand(0), .result], sizes: request.rowsAndColumns)
  }

  private static let gatedActivation = KernelEntry(GatedActivation.name) { request in
    guard case .composite(let composite as GatedActivation) = request.operation,
      request.isFloat32(0), request.isFloat32(1)
    else { return nil }
    let kind: Dim =
      switch composite.kind {
      case .silu: 0
      case .geluTanh: 1
      case .gelu: 2
      }
    let columns = request.rowsAndColumns[1]
    return KernelCall(
      .gatedActivation, [.operand(0), .operand(1), .result],
      sizes: request.rowsAndColumns + [kind, columns, columns])
  }

  private static let embeddingLookup = KernelEntry(EmbeddingLookup.name) { rows($0) }

  /// Elements of 4 bytes are moved as they are, so int32 rows go the same way.
  private static let gather = KernelEntry("gather") { rows($0) }

  private static func rows(_ request: KernelRequest) -> KernelCall? {
    let table = request.operands[0]
    let columns = table.shape.dims.dropFirst().reduce(Dim(1), *)
    let format: StorageFormat
    switch request.places[0] {
    case .weight(let stored): format = stored
    case .state(let state): format = state.format
    case .value:
      guard table.dataType == .float32 || table.dataType == .int32 else { return nil }
      format = .float32
    }
    // Rows of a block format are whole blocks.
    if let count = columns.constant, format.byteCount(elements: count) == nil { return nil }
    guard let kernel = KernelFunction.embedding(format) else { return nil }
    return KernelCall(
      kernel, [.operand(0), .operand(1), .result],
      sizes: [request.operands[1].shape.elementCount, columns, table.shape[0]])
  }

  private static let rotary = KernelEntry(Rotary.name) { request in
    guard case .composite(let composite as Rotary) = request.operation, request.isFloat32(0),
      request.isFloat32(2)
    else { return nil }
    let x = request.operands[0].shape
    let pairing: Dim = composite.pairing == .halves ? 0 : 1
    return KernelCall(
      .rotary, [.operand(0), .operand(1), .operand(2), .result],
      sizes: [x[0], x[1], x[2], request.operands[2].shape[0] * 2, pairing],
      scalars: [composite.factor])
  }

  private static let store = KernelEntry("store") { request in
    guard case .primitive(.store(let state)) = request.operation, request.isFloat32(0),
      let element = state.format.elementType
    else { return nil }
    return KernelCall(
      .storePages, [.operand(0), .operand(1), .state(state)],
      sizes: [
        request.operands[0].shape[0], Dim(state.heads), Dim(state.headSize), Dim(state.pageSize),
        element,
      ])
  }

  private static let pagedAttention = KernelEntry(PagedAttention.name) { request in
    guard case .composite(let composite as PagedAttention) = request.operation,
      case .state(let keys) = request.places[1], case .state(let values) = request.places[2],
      request.isFloat32(0), keys.format == values.format, let element = keys.format.elementType
    else { return nil }
    let query = request.operands[0].shape
    return KernelCall(
      .pagedAttention,
      [
        .operand(0), .operand(1), .operand(2), .operand(3), .operand(4), .operand(5), .result,
      ],
      sizes: [
        query[0], query[1], Dim(keys.heads), query[2], Dim(keys.pageSize),
        request.operands[5].shape[1], element,
      ], scalars: [composite.scale])
  }

  private static let sample = KernelEntry(Sample.name) { request in
    guard request.isFloat32(0) else { return nil }
    let operands = request.operands.indices.map { KernelCall.Buffer.operand($0) }
    return KernelCall(.sample, operands + [.result], sizes: request.rowsAndColumns)
  }
}

extension KernelRequest {
  /// All but the last axis of the first operand, and the last.
  fileprivate var rowsAndColumns: [Dim] {
    let shape = operands[0].shape
    return [shape.dims.dropLast().reduce(Dim(1), *), shape[-1]]
  }
}

extension StorageFormat {
  /// The number of a dense format's type in tile programs and state kernels.
  var elementType: Dim? {
    guard case .dense(let type) = self else { return nil }
    return TileProgram.elementType(type).map { Dim(Int($0)) }
  }
}

// MARK: Names of the C kernels

extension KernelFunction {
  static let rmsNorm = unsafe KernelFunction(apus_rms_norm)
  static let layerNorm = unsafe KernelFunction(apus_layer_norm)
  static let softmax = unsafe KernelFunction(apus_softmax)
  static let gatedActivation = unsafe KernelFunction(apus_gated_activation)
  static let rotary = unsafe KernelFunction(apus_rotary)
  static let storePages = unsafe KernelFunction(apus_store_pages)
  static let pagedAttention = unsafe KernelFunction(apus_paged_attention)
  static let sample = unsafe KernelFunction(apus_sample)
  static let tileLoop = unsafe KernelFunction(apus_tile_loop)
  static let quantizeRows = unsafe KernelFunction(apus_quantize_rows_q8)
  static let convertRows = unsafe KernelFunction(apus_convert_rows_bf16)
  static let matmulFloat32 = unsafe KernelFunction(apus_matmul_f32)
  static let matmulFloat16 = unsafe KernelFunction(apus_matmul_f16)
  static let matmulBFloat16 = unsafe KernelFunction(apus_matmul_bf16)
  static let matmulQ8_0 = unsafe KernelFunction(apus_matmul_q8_0)
  static let matmulQ4_0 = unsafe KernelFunction(apus_matmul_q4_0)
  static let matmulQ4_1 = unsafe KernelFunction(apus_matmul_q4_1)

  static func embedding(_ format: StorageFormat) -> KernelFunction? {
    switch format {
    case .float32: unsafe KernelFunction(apus_embedding_f32)
    case .float16: unsafe KernelFunction(apus_embedding_f16)
    case .bfloat16: unsafe KernelFunction(apus_embedding_bf16)
    case .quantized(.q8_0): unsafe KernelFunction(apus_embedding_q8_0)
    case .quantized(.q4_0): unsafe KernelFunction(apus_embedding_q4_0)
    case .quantized(.q4_1): unsafe KernelFunction(apus_embedding_q4_1)
    default: nil
    }
  }
}
