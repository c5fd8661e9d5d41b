"""GPT-2: linear weights are stored `[in, out]`, and llama.cpp's converter turns them."""
from transformers import GPT2Config, GPT2LMHeadModel

import faults
import gguf_file
from recipe import SHAPE, Recipe


def gpt2():
    return GPT2LMHeadModel(GPT2Config(**SHAPE))


def turned(name, array, config):
    is_linear = name.split(".")[-2].startswith("c_") and name.endswith(".weight")
    return array.T if is_linear else array


def gpt2_faults(model):
    """Positions are learned, and query, key and value lie in one matrix."""
    decoder = model.transformer
    yield "without learned positions", faults.zero(decoder.wpe.weight)
    yield from faults.common(model, decoder.h)
    size = model.config.n_embd
    for index, layer in enumerate(decoder.h):
        fused = layer.attn.c_attn
        parts = fused.weight.data.split(size, dim=1)
        for order in ((1, 0, 2), (0, 2, 1)):
            names = [("query", "key", "value")[part] for part in order]
            replacement = faults.torch.cat([parts[part] for part in order], dim=1)
            yield (f"with {', '.join(names)} in this order in layer {index}",
                   faults.values(fused.weight, replacement))


RECIPES = [Recipe(
    "gpt2", gpt2, faults=gpt2_faults,
    gguf=gguf_file.Layout(pre="gpt-2", arrange=turned, dense=("position_embd",)),
    quantised=("q8_0", "q4_0", "q4_1"))]
