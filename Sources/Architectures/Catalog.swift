public import ApusPipelines

/// The architectures that are built in: one line each.
public let builtInArchitectures: [SupportedArchitecture] = [
  llama,
  llama.named("MistralForCausalLM"),
  gpt2,
  qwen2,
  qwen3,
]
