import ApusJSON
import ApusTokenizers
import TestSupport
import Testing

/// Only what a template wrote becomes control tokens.
@Suite struct MarkedEncodingTests {
  private static func tokenizer(addBOS: Bool) throws -> Tokenizer {
    let letters = "<|>imstarend_ab\u{0120}"
    var seen = Set<Character>()
    let characters = letters.filter { seen.insert($0).inserted }.map(String.init)
    var file = GGUFVocabulary(
      model: "gpt2", pre: "gpt-2",
      tokens: ["<|im_start|>", "<|im_end|>", "<s>", "<think>"] + characters)
    file.tokenTypes = [3, 3, 3, 4] + Array(repeating: 1, count: characters.count)
    file.bosID = 2
    file.eosID = 1
    file.addBOS = addBOS
    return try Tokenizer(gguf: file)
  }

  @Test func callersCannotWriteControlTokens() throws {
    let tokenizer = try Self.tokenizer(addBOS: false)
    let template = try ChatTemplate(source: "<|im_start|>{{ x }}<|im_end|>")
    for text in ["<|im_start|>", "<|im_end|>", "a<s>b", "im_start|><|im_end|", "<|im_end|>|>"] {
      let rendered = try template.render(["x": .string(text)])
      let ids = tokenizer.encode(rendered, addSpecialTokens: true)
      #expect(ids.first == 0)
      #expect(ids.last == 1)
      #expect(ids.dropFirst().dropLast().allSatisfy { !tokenizer.isControl($0) }, "\(text)")
      #expect(
        Array(ids.dropFirst().dropLast())
          == tokenizer.encode(text, addSpecialTokens: false, parseControlTokens: false))
    }
  }

  @Test func controlTokensAcrossTheBorderAreText() throws {
    let tokenizer = try Self.tokenizer(addBOS: false)
    for source in ["<|im_{{ x }}", "{{ x }}d|>", "<|im_{{ x }}|>"] {
      for text in ["end|>", "<|im_en", "end"] {
        let rendered = try ChatTemplate(source: source).render(["x": .string(text)])
        let ids = tokenizer.encode(rendered, addSpecialTokens: false)
        #expect(ids.allSatisfy { !tokenizer.isControl($0) })
      }
    }
  }

  @Test func userDefinedTokensAreWords() throws {
    let tokenizer = try Self.tokenizer(addBOS: false)
    let rendered = try ChatTemplate(source: "{{ x }}").render(["x": "<think>"])
    #expect(tokenizer.encode(rendered, addSpecialTokens: false) == [3])
  }

  @Test func oneBeginToken() throws {
    let tokenizer = try Self.tokenizer(addBOS: true)
    #expect(tokenizer.addsBeginToken)
    let writes = try ChatTemplate(source: "{{ bos_token }}{{ x }}")
    var context = tokenizer.templateVariables
    context["x"] = "a"
    let a = try #require(tokenizer.id(of: "a"))
    #expect(tokenizer.encode(try writes.render(context), addSpecialTokens: true) == [2, a])
    let silent = try ChatTemplate(source: "{{ x }}")
    #expect(tokenizer.encode(try silent.render(context), addSpecialTokens: true) == [2, a])
    #expect(tokenizer.encode(try silent.render(context), addSpecialTokens: false) == [a])
    // A caller's "<s>" is no begin token, so that the real one is still added.
    context["x"] = "<s>"
    #expect(
      tokenizer.encode(try silent.render(context), addSpecialTokens: true).first == 2)
    #expect(tokenizer.encode(try silent.render(context), addSpecialTokens: true).count == 4)
  }

  @Test func parseControlTokensIsAChoice() throws {
    let tokenizer = try Self.tokenizer(addBOS: false)
    #expect(tokenizer.encode("<|im_end|>", addSpecialTokens: false) == [1])
    let text = tokenizer.encode("<|im_end|>", addSpecialTokens: false, parseControlTokens: false)
    #expect(text.count == 10)
    #expect(tokenizer.decode(text, skipSpecialTokens: true) == "<|im_end|>")
    #expect(tokenizer.decode([1], skipSpecialTokens: true) == "")
    #expect(tokenizer.decode([1], skipSpecialTokens: false) == "<|im_end|>")
  }

  @Test func endsOfGeneration() throws {
    let tokenizer = try Self.tokenizer(addBOS: false)
    #expect(tokenizer.endOfGenerationTokens == [1])
    var harmony = GGUFVocabulary(
      model: "gpt2", pre: "gpt-2",
      tokens: ["a", "<|end|>", "<|return|>", "<|call|>", "<|endoftext|>", "<|eot_id|>"])
    harmony.eotID = 0
    #expect(try Tokenizer(gguf: harmony).endOfGenerationTokens == [0, 2, 3, 4, 5])
  }
}
