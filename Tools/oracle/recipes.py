"""The fixtures: which model each one is, and how its random weights are scaled."""
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

CONTEXT = 128

LLAMA_SHAPE = dict(
    vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
    max_position_embeddings=CONTEXT, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2,
    attn_implementation="eager", dtype="float32")


def llama_tied():
    """One KV head, a head size that is not hidden / heads, a tied head, no bias."""
    return LlamaForCausalLM(LlamaConfig(
        num_attention_heads=4, num_key_value_heads=1, head_dim=24, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, **LLAMA_SHAPE))


def llama_scaled():
    """Llama 3 rope scaling that begins at 8 tokens, every bias there is, an untied head."""
    scaling = {
        "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    return LlamaForCausalLM(LlamaConfig(
        num_attention_heads=4, num_key_value_heads=2, head_dim=12, tie_word_embeddings=False,
        attention_bias=True, mlp_bias=True, rope_parameters=scaling, **LLAMA_SHAPE))


def gpt2():
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=64, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=4, bos_token_id=1,
        eos_token_id=2, attn_implementation="eager", dtype="float32"))


RECIPES = {"llama-tied": llama_tied, "llama-scaled": llama_scaled, "gpt2": gpt2}

# Standard deviation of a product with a normalised input, by the ending of the weight's name. The
# usual 0.02 would make attention uniform and logits indifferent to it.
GAINS = {
    "q_proj": 1.7, "k_proj": 1.7, "c_attn": 1.7, "v_proj": 1.0, "o_proj": 1.0, "gate_proj": 1.2,
    "up_proj": 1.2, "down_proj": 1.2, "c_fc": 1.4, "c_proj": 1.2, "lm_head": 3.0,
    "embed_tokens": 3.0, "wte": 3.0, "wpe": 3.0}


@torch.no_grad()
def fill(model, seed):
    """Fills the model with random weights; vectors are rounded to bfloat16, so that a checkpoint
    stored in bfloat16 differs in its matrices alone."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        values = torch.randn(parameter.shape, generator=random)
        part = name.rsplit(".", 2)[-2]
        if parameter.dim() == 1:
            is_norm_weight = name.endswith("weight")
            values = 1 + 0.25 * values if is_norm_weight else 0.4 * values
            parameter.copy_(values.to(torch.bfloat16).float())
        else:
            inputs = model.config.hidden_size if part in ("lm_head", "embed_tokens", "wte", "wpe") \
                else parameter.shape[0 if part.startswith("c_") else 1]
            parameter.copy_(values * GAINS[part] / inputs ** 0.5)
    return model
