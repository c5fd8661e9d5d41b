/// What a SentencePiece `.model` file says.
///
/// - Source: SentencePiece, `sentencepiece_model.proto`.
struct SentencePieceFile {
  enum ModelType: Int {
    case unigram = 1
    case bytePair = 2
    case word = 3
    case character = 4
  }

  enum PieceType: Int {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  struct Piece {
    var text: [UInt8]
    var score: Float
    var type: PieceType
  }

  var pieces: [Piece] = []
  var type = ModelType.unigram
  var fallsBackToBytes = false
  var normalizer = SentencePieceNormalizer()
  /// What decoded text goes through.
  var denormalizer: CharacterMap?
  var unknownSurface = " \u{2047} "
  /// The ids of `<s>`, `</s>` and padding; below 0 where there is none.
  var beginID: Int
  var endID: Int
  var paddingID: Int

  /// - Throws: `TokenizerError` that names what is wrong with the file.
  init(_ bytes: [UInt8], name: String) throws(TokenizerError) {
    let root = try ProtobufFields(bytes, 0..<bytes.count, name: name)
    for piece in try root.messages(1, name: name) {
      let number = piece.int(3, default: 1)
      guard let text = piece.data(1), !text.isEmpty, let type = PieceType(rawValue: number) else {
        throw .malformed(
          field: "\(name): piece \(pieces.count)", expected: "a text and a known type",
          found: "type \(number)")
      }
      pieces.append(Piece(text: text, score: piece.float(2), type: type))
    }
    guard !pieces.isEmpty else {
      throw .malformed(field: name, expected: "a SentencePiece model", found: "no pieces")
    }
    let trainer = try root.messages(2, name: name).last
    let number = trainer?.int(3, default: 1) ?? 1
    guard let type = ModelType(rawValue: number) else {
      throw .unsupported(
        field: "\(name): model_type", value: "\(number)",
        supported: ["1 (unigram)", "2 (BPE)", "3 (word)", "4 (char)"])
    }
    self.type = type
    fallsBackToBytes = trainer?.bool(35, default: false) ?? false
    if !fallsBackToBytes, let byte = pieces.first(where: { $0.type == .byte }) {
      // As the library does: the file is cut, or put together wrongly.
      throw .malformed(
        field: "\(name): byte_fallback", expected: "true, since there are pieces of bytes",
        found: "false, and the piece \(String(decoding: byte.text, as: UTF8.self))")
    }
    unknownSurface = trainer?.string(44, default: unknownSurface) ?? unknownSurface
    normalizer.spaceIsSuffix = trainer?.bool(24, default: false) ?? false
    beginID = trainer?.int(41, default: 1) ?? 1
    endID = trainer?.int(42, default: 2) ?? 2
    paddingID = trainer?.int(43, default: -1) ?? -1
    try readNormalizer(root, name: name)
  }

  private mutating func readNormalizer(
    _ root: ProtobufFields, name: String
  ) throws(TokenizerError) {
    if let rules = try root.messages(3, name: name).last {
      normalizer.addsDummyPrefix = rules.bool(3, default: true)
      normalizer.removesExtraSpaces = rules.bool(4, default: true)
      normalizer.escapesSpaces = rules.bool(5, default: true)
      if let blob = rules.data(2), !blob.isEmpty {
        normalizer.map = try map(blob, "precompiled_charsmap", name: name)
      }
    }
    if let back = try root.messages(5, name: name).last, let blob = back.data(2), !blob.isEmpty {
      guard !back.bool(3, default: true), !back.bool(4, default: true),
        !back.bool(5, default: true)
      else {
        throw .unsupported(
          field: "\(name): denormalizer_spec", value: "changes to spaces", supported: ["a map"])
      }
      denormalizer = try map(blob, "denormalizer_spec", name: name)
    }
    for (id, piece) in pieces.enumerated() where piece.type == .userDefined {
      normalizer.userDefined.insert(piece.text, value: id)
      normalizer.hasUserDefined = true
    }
  }

  private func map(
    _ blob: [UInt8], _ field: String, name: String
  ) throws(TokenizerError) -> CharacterMap {
    guard let map = CharacterMap(blob) else {
      throw .malformed(
        field: "\(name): \(field)", expected: "a compiled character map",
        found: "\(blob.count) other bytes")
    }
    return map
  }
}
