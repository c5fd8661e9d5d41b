import ApusJSON
import Synchronization

/// Lets an architecture read a configuration that was not written for it, and notes what it asks
/// for: a value that is missing gets a stand-in, one that is masked is treated as absent.
package final class ConfigProbe: Sendable {
  /// What a number that is missing is read as; 1 where none is given.
  private let standIns: [String: Int]
  /// Keys whose values the architecture has refused before.
  private let masked: Set<String>

  private struct State {
    var asked: Set<String> = []
    var required: Set<String> = []
    var missing: Set<String> = []
  }
  private let state = Mutex(State())

  package init(standIns: [String: Int], masked: Set<String>) {
    (self.standIns, self.masked) = (standIns, masked)
  }

  /// Keys that were asked for and have no default.
  package var required: Set<String> { state.withLock { $0.required } }
  /// Those of them that the file does not have.
  package var missing: Set<String> { state.withLock { $0.missing } }

  /// - Returns: whether the file may answer.
  func ask(_ key: String) -> Bool {
    state.withLock { _ = $0.asked.insert(key) }
    return !masked.contains(key)
  }

  func require(_ key: String) { state.withLock { _ = $0.required.insert(key) } }

  /// A value of any type, for a key that the file does not have.
  func standIn<Value: ConfigValue>(for key: String, file: String) -> Value? {
    state.withLock { _ = $0.missing.insert(key) }
    let number = standIns[key] ?? 1
    return Value.read(.int(number), key: key, file: file)
      ?? Value.read(.bool(false), key: key, file: file)
      ?? Value.read(.string(""), key: key, file: file)
  }

  /// Whether a member of the file is one that was asked for, by whatever name.
  func knows(_ member: String) -> Bool {
    state.withLock { state in
      state.asked.contains { key in
        ([key] + ConfigAliases.others(of: key)).contains {
          $0 == member || $0.hasPrefix(member + ".")
        }
      }
    }
  }
}

extension ConfigProbe: Hashable {
  package static func == (a: ConfigProbe, b: ConfigProbe) -> Bool { a === b }
  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension ConfigFile {
  /// Members of the file that nothing asked for and that could change what a model computes.
  package func unknownKeys(to probe: ConfigProbe) -> [String] {
    object.keys.filter {
      !Self.neutralKeys.contains($0) && !$0.hasPrefix("summary_") && !probe.knows($0)
    }.sorted()
  }

  /// Keys that say how a model was trained, stored or is called, and nothing about its logits.
  private static let neutralKeys: Set<String> = [
    "architectures", "model_type", "transformers_version", "torch_dtype", "dtype",
    "_name_or_path", "_attn_implementation", "use_cache", "initializer_range", "bos_token_id",
    "eos_token_id", "pad_token_id", "unk_token_id", "decoder_start_token_id",
    "attention_dropout", "hidden_dropout", "resid_dropout", "embd_pdrop", "attn_pdrop",
    "resid_pdrop", "pretraining_tp", "output_attentions", "output_hidden_states",
    "return_dict", "return_dict_in_generate", "id2label", "label2id", "problem_type",
    "chunk_size_feed_forward", "is_encoder_decoder", "is_decoder", "torchscript",
    "tokenizer_class", "task_specific_params", "auto_map", "use_bfloat16", "finetuning_task",
    "gradient_checkpointing", "prefix", "reorder_and_upcast_attn", "v_head_dim",
  ]
}
