/// Which tokens end a generation besides the end token that a file names.
///
/// Chat models end a turn with a token of their own, and files name it in many ways or not at all,
/// so the tokens are also known by their text.
///
/// - Source: llama.cpp, `llama-vocab.cpp`: end-of-turn, end-of-message and fill-in-the-middle
///   tokens.
enum EndOfGeneration {
  static let names: Set<String> = [
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>",
    "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
    "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
    "<｜end▁of▁sentence｜>", "[e~[",
    // What ends a piece of code or a file in fill-in-the-middle training.
    "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]", "<|fim_repo|>", "<|repo_name|>",
    "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
  ]

  static func tokens(_ special: SpecialTokens, id: (String) -> Int32?) -> Set<Int32> {
    var ends = Set(special.otherEnds)
    if let end = special.end { ends.insert(end) }
    for name in names {
      if let found = id(name) { ends.insert(found) }
    }
    // Harmony's `<|end|>` ends a message and not the answer: the model goes on to its next channel.
    if let end = id("<|end|>"), id("<|return|>") != nil, id("<|call|>") != nil { ends.remove(end) }
    if let end = id("<|end|>"), id("<|flush|>") != nil, id("<|calls|>") != nil { ends.remove(end) }
    // Gemma 4 lists `</s>` among its words.
    if let end = id("</s>"), id("<|tool_response>") != nil, end != special.end { ends.remove(end) }
    return ends
  }
}
