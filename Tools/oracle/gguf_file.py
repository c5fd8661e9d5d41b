"""Writes a Llama as llama.cpp's converter does: its names, rows of q and k in its rope order, and
Llama 3's rope scaling as a tensor of divisors."""
import math

import gguf
import numpy
import torch


def permuted(weight, heads):
    """From halves (i, i + n/2) to neighbours (2i, 2i + 1), head by head."""
    shape = weight.shape
    pairs = weight.reshape(heads, 2, shape[0] // heads // 2, *shape[1:])
    return pairs.swapaxes(1, 2).reshape(shape)


def divisors(config):
    """What llama.cpp divides each frequency by."""
    scaling = config.rope_parameters
    if scaling["rope_type"] != "llama3":
        return None
    size, old = config.head_dim, scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    result = []
    for i in range(0, size, 2):
        wavelength = 2 * math.pi * scaling["rope_theta"] ** (i / size)
        if wavelength < old / high:
            result.append(1.0)
        elif wavelength > old / low:
            result.append(scaling["factor"])
        else:
            smooth = (old / wavelength - low) / (high - low)
            result.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return numpy.array(result, dtype=numpy.float32)


NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down"}


def translated(name):
    stem, ending = name.rsplit(".", 1)
    if stem.startswith("model.layers."):
        _, _, index, rest = stem.split(".", 3)
        return f"blk.{index}.{NAMES[rest]}.{ending}"
    return f"{NAMES[stem]}.{ending}"


def tokens(count):
    """A vocabulary of single characters, so that the file is a whole model."""
    texts = ["<unk>", "<s>", "</s>"] + [chr(ord("!") + i) for i in range(count - 3)]
    return texts, [0.0] * count, [2, 3, 3] + [1] * (count - 3)


def write_llama(model, path):
    config = model.config
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("fixture")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(0)
    texts, scores, kinds = tokens(config.vocab_size)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    factors = divisors(config)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", factors)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = value.to(torch.float32).numpy()
        part = name.rsplit(".", 2)[-2]
        if part in heads:
            array = permuted(array, heads[part])
        writer.add_tensor(translated(name), numpy.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
