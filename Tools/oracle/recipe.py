"""What a fixture's recipe says, and how its random weights are scaled.

A family has one module in `recipes/`, whose `RECIPES` are made by make_fixtures.py.
"""
import dataclasses
import importlib
import pathlib
import typing

import torch

import faults
import gguf_file

CONTEXT = 128

# What all fixtures have in common; `transformers` knows these keys for every family.
SHAPE = dict(
    vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
    max_position_embeddings=CONTEXT, bos_token_id=1, eos_token_id=2, attn_implementation="eager",
    dtype="float32")

# Standard deviation of a product with a normalised input, by the ending of the weight's name. The
# usual 0.02 would make attention uniform and logits indifferent to it.
GAINS = {
    "q_proj": 1.7, "k_proj": 1.7, "c_attn": 1.7, "v_proj": 1.0, "o_proj": 1.0, "gate_proj": 1.2,
    "up_proj": 1.2, "down_proj": 1.2, "c_fc": 1.4, "c_proj": 1.2, "lm_head": 3.0,
    "embed_tokens": 3.0, "wte": 3.0, "wpe": 3.0}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A fixture: the folder `name` of Tests/Fixtures."""
    name: str
    #: Makes the model; its weights are filled afterwards.
    model: typing.Callable
    #: Faults of `faults.py` that the gate must notice.
    faults: typing.Callable = faults.of_decoder
    #: How llama.cpp's converter would write it.
    gguf: gguf_file.Layout = gguf_file.Layout()
    #: Other gains than those above; for a norm, the mean of its weights, which is 1 otherwise.
    gains: dict = dataclasses.field(default_factory=dict)
    #: Block formats that a GGUF file is written in beside float32 and bfloat16.
    quantised: tuple = ()


def every():
    """All recipes by name."""
    folder = pathlib.Path(__file__).parent / "recipes"
    modules = [importlib.import_module(f"recipes.{path.stem}")
               for path in sorted(folder.glob("[a-z]*.py"))]
    return {recipe.name: recipe for module in modules for recipe in module.RECIPES}


@torch.no_grad()
def fill(model, seed, gains):
    """Fills the model with random weights; vectors are rounded to bfloat16, so that a checkpoint
    stored in bfloat16 differs in its matrices alone."""
    gains = GAINS | gains
    random = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        values = torch.randn(parameter.shape, generator=random)
        part = name.rsplit(".", 2)[-2]
        if parameter.dim() == 1:
            is_norm_weight = name.endswith("weight")
            values = gains.get(part, 1) + 0.25 * values if is_norm_weight else 0.4 * values
            parameter.copy_(values.to(torch.bfloat16).float())
        else:
            inputs = model.config.hidden_size if part in ("lm_head", "embed_tokens", "wte", "wpe") \
                else parameter.shape[0 if part.startswith("c_") else 1]
            parameter.copy_(values * gains[part] / inputs ** 0.5)
    return model
