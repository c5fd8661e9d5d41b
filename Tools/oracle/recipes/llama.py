"""Llama: rows of queries and keys in llama.cpp's order, Llama 3's scaling as divisors."""
import math

import numpy
from transformers import LlamaConfig, LlamaForCausalLM

import gguf_file
from recipe import SHAPE, Recipe


def llama(**sizes):
    return LlamaForCausalLM(
        LlamaConfig(intermediate_size=48, rms_norm_eps=1e-5, **sizes, **SHAPE))


def tied():
    """One KV head, a head size that is not hidden / heads, a tied head, no bias."""
    return llama(
        num_key_value_heads=1, head_dim=24, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0})


def scaled():
    """Llama 3 rope scaling that begins at 8 tokens, every bias there is, an untied head."""
    scaling = {
        "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
    return llama(
        num_key_value_heads=2, head_dim=12, tie_word_embeddings=False, attention_bias=True,
        mlp_bias=True, rope_parameters=scaling)


def paired_rows(name, array, config):
    """Of queries and keys: from halves (i, i + n/2) to neighbours (2i, 2i + 1), head by head."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    part = name.rsplit(".", 2)[-2]
    if part not in heads:
        return array
    shape = array.shape
    pairs = array.reshape(heads[part], 2, shape[0] // heads[part] // 2, *shape[1:])
    return pairs.swapaxes(1, 2).reshape(shape)


def divisors(config):
    """What llama.cpp divides each frequency by."""
    scaling = config.rope_parameters
    if scaling["rope_type"] != "llama3":
        return {}
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
    return {"rope_freqs.weight": numpy.array(result, dtype=numpy.float32)}


GGUF = gguf_file.Layout(vocabulary="llama", pre="default", arrange=paired_rows, extra=divisors)

RECIPES = [Recipe("llama-tied", tied, gguf=GGUF), Recipe("llama-scaled", scaled, gguf=GGUF)]
