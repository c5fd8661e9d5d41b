import ApusCheckpoints
import ApusTokenizers

extension GGUFVocabulary {
  /// The vocabulary in the metadata of a GGUF file, or nil where it carries none.
  init?(_ metadata: GGUFMetadata) {
    guard let model = metadata.string("tokenizer.ggml.model"),
      let tokens = metadata.strings("tokenizer.ggml.tokens")
    else { return nil }
    /// Some writers put -1, signed or not, for none. What no `Int32` holds is out of range too.
    func id(_ name: String) -> Int32? {
      guard let id = metadata.integer("tokenizer.ggml.\(name)_token_id"), id != -1,
        id != Int(UInt32.max)
      else { return nil }
      return Int32(clamping: id)
    }
    self.init(
      model: model, pre: metadata.string("tokenizer.ggml.pre"), tokens: tokens,
      scores: metadata.floats("tokenizer.ggml.scores") ?? [],
      tokenTypes: metadata.integers("tokenizer.ggml.token_type") ?? [],
      merges: metadata.strings("tokenizer.ggml.merges") ?? [])
    bosID = id("bos")
    eosID = id("eos")
    eotID = id("eot")
    eomID = id("eom")
    unknownID = id("unknown")
    separatorID = id("seperator")
    paddingID = id("padding")
    fillInTheMiddleIDs = ["fim_pad", "fim_rep", "fim_sep"].compactMap(id)
    addBOS = metadata.bool("tokenizer.ggml.add_bos_token")
    addEOS = metadata.bool("tokenizer.ggml.add_eos_token")
    addSEP = metadata.bool("tokenizer.ggml.add_sep_token")
    removeExtraSpaces = metadata.bool("tokenizer.ggml.remove_extra_whitespaces")
    characterMap = (metadata.integers("tokenizer.ggml.precompiled_charsmap") ?? [])
      .map { UInt8(truncatingIfNeeded: $0) }
    lowercase = metadata.bool("tokenizer.ggml.normalizer.lowercase")
    stripAccents = metadata.bool("tokenizer.ggml.normalizer.strip_accents")
    addSpacePrefix = metadata.bool("tokenizer.ggml.add_space_prefix")
    modelName = metadata.string("general.name")
    architecture = metadata.string("general.architecture")
    let prefix = "tokenizer.chat_template"
    for key in metadata.keys where key.hasPrefix(prefix) {
      let name = key.dropFirst(prefix.count)
      guard name.isEmpty || name.hasPrefix("."), let text = metadata.string(key) else { continue }
      chatTemplates[name.isEmpty ? "default" : String(name.dropFirst())] = text
    }
  }
}
