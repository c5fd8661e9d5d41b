"""Qwen3: queries and keys are normalised per head, and heads are larger than hidden / heads."""
import contextlib
import sys

from transformers import Qwen3Config, Qwen3ForCausalLM

import faults
import gguf_file
from recipe import SHAPE, Recipe


def qwen3():
    return Qwen3ForCausalLM(Qwen3Config(
        intermediate_size=64, num_key_value_heads=2, head_dim=16, tie_word_embeddings=False,
        rms_norm_eps=1e-6, rope_parameters={"rope_type": "default", "rope_theta": 1000.0}, **SHAPE))


@contextlib.contextmanager
def norms_after_rope(model):
    """Queries and keys are rotated first: a norm's weights do not commute with that."""
    module = sys.modules[type(model).__module__]
    rotate = module.apply_rotary_pos_emb
    with contextlib.ExitStack() as stack:
        layers = iter(())
        norms = [(layer.self_attn.q_norm.forward, layer.self_attn.k_norm.forward)
                 for layer in model.model.layers]

        def restart(*_):
            nonlocal layers
            layers = iter(norms)

        def changed(query, key, *rest):
            of_query, of_key = next(layers)
            query, key = rotate(query, key, *rest)
            return of_query(query), of_key(key)

        stack.callback(model.register_forward_pre_hook(restart).remove)
        for layer in model.model.layers:
            for norm in (layer.self_attn.q_norm, layer.self_attn.k_norm):
                stack.enter_context(faults.attribute(norm, "forward", faults.identity))
        stack.enter_context(faults.attribute(module, "apply_rotary_pos_emb", changed))
        yield


def qwen3_faults(model):
    yield "with the norms of queries and keys after rope", norms_after_rope(model)
    yield from faults.of_decoder(model)


# The norms set the scale of attention, whatever the projections' is. The rest is gentler than
# usual, so that rounding to 8 bits stays far below what the gate allows.
GAINS = {"q_norm": 1.4, "k_norm": 1.4, "gate_proj": 1.0, "up_proj": 1.0, "down_proj": 0.9}

RECIPES = [Recipe(
    "qwen3", qwen3, faults=qwen3_faults, gguf=gguf_file.Layout(pre="qwen2"), gains=GAINS,
    quantised=("q8_0", "q4_0", "q4_1"))]
