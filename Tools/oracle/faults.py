"""Faults that an implementation could have, each put into a `transformers` model and taken out.

A fault is a pair (name, context manager): inside it the model computes as an implementation would
that left something out.
"""
import contextlib
import sys

import torch


@contextlib.contextmanager
def attribute(owner, name, value):
    """Sets an attribute of an object or module, then puts the old one back."""
    old = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, old)


@contextlib.contextmanager
def values(parameter, replacement):
    old = parameter.data.clone()
    parameter.data.copy_(replacement.expand_as(parameter.data))
    try:
        yield
    finally:
        parameter.data.copy_(old)


def identity(x):
    return x


def zero(parameter):
    return values(parameter, torch.zeros(1))


def one(parameter):
    return values(parameter, torch.ones(1))


def is_norm(module):
    return "Norm" in type(module).__name__


def common(model, layers):
    """Biases, norms, activations and the attention scale: one layer and one part at a time."""
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            yield f"without {name}", zero(parameter)
    for name, module in model.named_modules():
        if is_norm(module):
            yield f"without the norm {name}", attribute(module, "forward", identity)
            yield f"without the weight of {name}", one(module.weight)
    for index, layer in enumerate(layers):
        attention = getattr(layer, "self_attn", None) or layer.attn
        activation = "act_fn" if hasattr(layer.mlp, "act_fn") else "act"
        yield f"without the attention scale of layer {index}", attribute(attention, "scaling", 1.0)
        yield f"without the activation of layer {index}", attribute(
            layer.mlp, activation, torch.nn.Identity())


def no_rotation(x, position_ids):
    shape = (*position_ids.shape, 1)
    return torch.ones(shape), torch.zeros(shape)


def tiled(x, count):
    """Query heads share key heads in turns, instead of the neighbours one key head."""
    return x.repeat(1, count, 1, 1)


def of_decoder(model):
    """Of models that are built as Llama is."""
    decoder = model.model
    rotary = decoder.rotary_emb
    yield "without rope", attribute(rotary, "forward", no_rotation)
    plain, _ = type(rotary).compute_default_rope_parameters(model.config)
    if not torch.equal(plain, rotary.inv_freq):
        yield "without rope scaling", attribute(rotary, "inv_freq", plain)
    module = sys.modules[type(model).__module__]

    def interleaved(x):
        return torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)

    yield "with the other rope pairing", attribute(module, "rotate_half", interleaved)
    if 1 < model.config.num_key_value_heads < model.config.num_attention_heads:
        yield "with grouped heads in another order", attribute(module, "repeat_kv", tiled)
    yield from common(model, decoder.layers)
