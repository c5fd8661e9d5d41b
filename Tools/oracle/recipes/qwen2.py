"""Qwen2: biases on queries, keys and values alone, grouped heads."""
from transformers import Qwen2Config, Qwen2ForCausalLM

import gguf_file
from recipe import SHAPE, Recipe


def qwen2():
    return Qwen2ForCausalLM(Qwen2Config(
        intermediate_size=64, num_key_value_heads=2, tie_word_embeddings=False, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1000.0}, **SHAPE))


# Gentler than the usual gains, so that rounding to 8 bits stays below what the gate allows.
GAINS = {"q_proj": 1.4, "k_proj": 1.4, "gate_proj": 1.0, "up_proj": 1.0, "down_proj": 0.9}

RECIPES = [Recipe(
    "qwen2", qwen2, gguf=gguf_file.Layout(pre="qwen2"), gains=GAINS,
    quantised=("q8_0", "q4_0", "q4_1"))]
