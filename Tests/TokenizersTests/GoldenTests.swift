import ApusJSON
import ApusTokenizers
import Foundation
import TestSupport
import Testing

/// Real tokenizers against the ids of their reference libraries.
@Suite(.enabled(if: SharedData.isPresent, "../shared is absent"))
struct GoldenTests {
  @Test(arguments: SharedTokenizer.names)
  func libraries(_ name: String) throws {
    let tokenizer = try SharedTokenizer.named(name)
    let vectors = try GoldenVectors("tokenizers/\(name)/golden.json")
    #expect(vectors.cases.count > 50)
    for vector in vectors.cases {
      #expect(tokenizer.encode(vector.text, addSpecialTokens: false) == vector.ids)
      let decoded = tokenizer.decode(vector.ids, skipSpecialTokens: false)
      #expect(Array(decoded.utf8) == Array(vector.decoded.utf8))
      if let withSpecial = vector.idsWithSpecial {
        #expect(tokenizer.encode(vector.text, addSpecialTokens: true) == withSpecial)
      }
    }
  }

  @Test(arguments: [
    "bert-bge", "deepseek-llm", "falcon", "gpt-2", "llama-spm", "phi-3", "starcoder",
  ])
  func ggufVocabulary(_ name: String) throws {
    let path = "gguf-vocab/ggml-vocab-\(name).gguf"
    let tokenizer = try Tokenizer(
      gguf: GGUFMetadata(path: SharedFile.path(path)).vocabulary)
    try expectLines(of: path, tokenizer)
  }

  @Test(arguments: [("qwen2", "qwen2"), ("llama-bpe", "llama3")])
  func withoutVocabulary(_ vectors: String, _ name: String) throws {
    let tokenizer = try SharedTokenizer.named(name)
    try expectLines(of: "gguf-vocab/ggml-vocab-\(vectors).gguf", tokenizer)
  }

  private func expectLines(of path: String, _ tokenizer: Tokenizer) throws {
    let texts = String(decoding: try SharedFile.bytes(path + ".inp"), as: UTF8.self)
      .components(separatedBy: "\n__ggml_vocab_test__\n")
    let lines = String(decoding: try SharedFile.bytes(path + ".out"), as: UTF8.self)
      .components(separatedBy: "\n")
    #expect(texts.count > 40)
    for (text, line) in zip(texts, lines) {
      let ids = line.split(separator: " ").compactMap { Int32($0) }
      let found = tokenizer.encode(text, addSpecialTokens: false, parseControlTokens: false)
      #expect(found == ids, "\(text.debugDescription)")
    }
  }

  @Test func smollmCases() throws {
    let tokenizer = try SharedTokenizer.named("smollm-49k")
    let root = try SharedFile.json("real/tokenizers.json")
    let cases = root["models"]?["smollm2-135m-instruct-q4_1"]?["cases"]?.arrayValue ?? []
    #expect(cases.count == 10)
    for entry in cases {
      let text = entry["text"]?.stringValue ?? ""
      #expect(
        tokenizer.encode(text, addSpecialTokens: false) == SharedFile.ids(entry["ids"]),
        "\(text.debugDescription)")
    }
  }

  /// SmolLM2's prompts, with a template that writes what its own does.
  @Test func smolLM2Prompts() throws {
    let tokenizer = try SharedTokenizer.named("smollm-49k")
    let template = try ChatTemplate(
      source: """
        {%- if messages[0].role != 'system' -%}
        {{ '<|im_start|>system\\nYou are a helpful AI assistant ' }}
        {{- 'named SmolLM, trained by Hugging Face' }}
        {{- '<|im_end|>\\n' }}
        {%- endif -%}
        {%- for message in messages -%}
        {{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
        {%- endfor -%}
        {{ '<|im_start|>assistant\\n' if add_generation_prompt }}
        """)
    let root = try SharedFile.json("real/smollm2-135m-instruct-q4_1.json")
    let prompts = root["prompts"]?.arrayValue ?? []
    #expect(prompts.count == 6)
    for prompt in prompts {
      let ids = SharedFile.ids(prompt["prompt_ids"])
      if let messages = prompt["messages"] {
        let rendered = try template.render(["messages": messages, "add_generation_prompt": true])
        #expect(rendered.text == prompt["rendered_prompt"]?.stringValue)
        #expect(tokenizer.encode(rendered, addSpecialTokens: true) == ids)
      } else {
        let text = try #require(prompt["prompt"]?.stringValue)
        #expect(tokenizer.encode(text, addSpecialTokens: true) == ids)
      }
      let text = try #require(prompt["text"]?.stringValue)
      let greedy = SharedFile.ids(prompt["greedy_ids"])
      #expect(tokenizer.decode(greedy, skipSpecialTokens: false) == text)
    }
    #expect(tokenizer.endOfGenerationTokens.isSuperset(of: [0, 2]))
  }
}
