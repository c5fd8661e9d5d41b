#!/usr/bin/env python3
"""Makes the models of Tests/Fixtures and their goldens with `transformers`.

usage: python3 Tools/oracle/make_fixtures.py [NAME ...]

Needs torch, transformers, safetensors and gguf. Each fixture is one folder: the model in float32 with
its golden, `bf16/` the same with matrices rounded to bfloat16, and `gguf/` both as GGUF, with the block
formats that its recipe asks for. A family adds one module to `recipes/`.

A gate must be able to fail. For every fixture this script leaves out rope, rope scaling, the
attention scale, the order of grouped heads, each bias, each activation and each norm, one at a time,
and refuses to write the fixture unless every one of them fails the gate (logits within 1e-3 and the same 64 greedy tokens)
by a factor of ten. The table of what each fault does is part of the golden.
"""
import json
import pathlib
import sys

import torch
from safetensors.torch import save_file

import gguf_file
import recipe as recipes
import ropes

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"
PROMPT_LENGTHS = (21, 9, 1)
NEW_TOKENS = 64
TOLERANCE = 1e-3
MARGIN = 3e-3  # between the two greatest logits of every greedy step: above what the gate allows
NOISE = 0.0085  # of bfloat16 activations; the gate allows 0.01, and the cache is rounded too
EIGHT_BIT_NOISE = 0.021  # the gate allows 0.025
DEVIATION = 2.0
BYTES = 640_000  # of a folder


@torch.no_grad()
def logits(model, ids):
    return model(torch.tensor([ids])).logits[0]


def greedy(model, prompt):
    """The greedy continuation, the smallest margin, and the five best ids of each step."""
    ids, margin, best = list(prompt), float("inf"), []
    for _ in range(NEW_TOKENS):
        top = logits(model, ids)[-1].topk(5)
        margin = min(margin, float(top.values[0] - top.values[1]))
        best.append(top.indices.tolist())
        ids.append(best[-1][0])
    return ids[len(prompt):], margin, best


def taps(model, prompt):
    """The embedding, what each layer adds up to, and the last norm, by name."""
    decoder = getattr(model, "model", None) or model.transformer
    layers = getattr(decoder, "layers", None) or decoder.h
    norm = getattr(decoder, "norm", None) or decoder.ln_f
    found, hooks = {}, []

    def keep(name):
        def hook(_, inputs, output):
            found[name] = (output[0] if isinstance(output, tuple) else output).detach()
        return hook

    def before(_, inputs):
        found["embedding"] = inputs[0].detach()

    hooks.append(layers[0].register_forward_pre_hook(before))
    for index, layer in enumerate(layers):
        hooks.append(layer.register_forward_hook(keep(f"layers.{index}")))
    hooks.append(norm.register_forward_hook(keep("norm")))
    logits(model, prompt)
    for hook in hooks:
        hook.remove()
    return {name: value.reshape(len(prompt), -1) for name, value in found.items()}


@torch.no_grad()
def uniformity(model, prompt):
    """Mean entropy of attention over that of uniform attention; rows of one key left out."""
    maps = model(torch.tensor([prompt]), output_attentions=True).attentions
    ratios = []
    for weights in maps:
        for row in range(1, len(prompt)):
            part = weights[0, :, row, :row + 1].clamp_min(1e-12)
            entropy = -(part * part.log()).sum(-1)
            ratios.append(entropy / torch.log(torch.tensor(row + 1.0)))
    return float(torch.cat(ratios).mean())


def check_faults(faults, model, prompts, reference, tokens):
    """The table of faults; each must fail the gate."""
    table = []
    for name, fault in faults(model):
        with fault:
            worst = max(
                float((logits(model, prompt) - expected).abs().max())
                for prompt, expected in zip(prompts, reference))
            found, _, _ = greedy(model, prompts[0])
        first = next((i for i, (a, b) in enumerate(zip(found, tokens)) if a != b), None)
        assert worst > 10 * TOLERANCE, f"the gate does not notice a model {name}: {worst}"
        table.append({"fault": name, "max_difference": round(worst, 4), "first_wrong_token": first})
    assert max(
        float((logits(model, prompt) - expected).abs().max())
        for prompt, expected in zip(prompts, reference)) == 0, "a fault was not taken out again"
    return table


@torch.no_grad()
def rounded(model):
    """Rounds every matrix to bfloat16, as a checkpoint stored in it would be."""
    for parameter in model.parameters():
        parameter.copy_(parameter.to(torch.bfloat16).float())
    return model


def to_bfloat16(x):
    return x.to(torch.bfloat16).float()


def to_eight_bits(x):
    """Blocks of 32 with one scale each; a rest stays as it is."""
    if x.shape[-1] % 32:
        return x
    blocks = x.reshape(-1, 32)
    scale = (blocks.abs().amax(-1, keepdim=True) / 127).clamp_min(1e-12)
    return (scale * (blocks / scale).round()).reshape(x.shape)


def noise(model, prompt, to_stored):
    """What rounding the inputs of every projection does to the logits, relative to their
    deviation."""
    def before(_, inputs):
        return (to_stored(inputs[0]), *inputs[1:])

    exact = logits(model, prompt)
    hooks = [module.register_forward_pre_hook(before) for module in model.modules()
             if type(module).__name__ in ("Linear", "Conv1D")]
    changed = logits(model, prompt)
    for hook in hooks:
        hook.remove()
    return float((changed - exact).square().mean().sqrt() / exact.std())


def candidate(recipe, seed):
    """The model of this seed with its greedy continuations, or None where a margin is too small,
    or where rounded activations would use up what the gates allow."""
    model = recipes.fill(recipe.model(), seed, recipe.gains).eval()
    random = torch.Generator().manual_seed(seed + 1)
    prompts = [torch.randint(3, 64, (n,), generator=random).tolist() for n in PROMPT_LENGTHS]
    if noise(model, prompts[0], to_bfloat16) > NOISE:
        return None
    if recipe.quantised and noise(model, prompts[0], to_eight_bits) > EIGHT_BIT_NOISE:
        return None
    tokens = []
    for prompt in prompts:
        ids, margin, _ = greedy(model, prompt)
        if margin < MARGIN or len(set(ids)) < 12:
            return None
        tokens.append(ids)
    return model, prompts, tokens


def numbers(tensor):
    return [float(f"{value:.7g}") for value in tensor.flatten().tolist()]


def golden(recipe):
    name = recipe.name
    for seed in range(1000):
        found = candidate(recipe, seed)
        if found:
            break
    else:
        sys.exit(f"{name}: no seed gives margins and noise that suit the gates; change its gains")
    model, prompts, tokens = found
    reference = [logits(model, prompt) for prompt in prompts]
    deviation = float(torch.cat(reference).std())
    uniform = uniformity(model, prompts[0])
    assert deviation >= DEVIATION, f"logits deviate by {deviation} only"
    assert uniform <= 0.75, f"attention is {uniform} of uniform"
    activations = taps(model, prompts[0])
    result = {
        "seed": seed, "logits_deviation": round(deviation, 4),
        "attention_uniformity": round(uniform, 4),
        "faults": check_faults(recipe.faults, model, prompts, reference, tokens[0]),
        "prompts": [
            {"ids": prompt, "greedy_ids": ids, "logits": numbers(values)}
            for prompt, ids, values in zip(prompts, tokens, reference)],
        "activations": {key: numbers(value) for key, value in activations.items()},
    }
    folder = FIXTURES / name
    (folder / "gguf").mkdir(parents=True, exist_ok=True)
    (folder / "bf16").mkdir(exist_ok=True)
    write_safetensors(model, folder, torch.float32)
    for kind in ("f32", *recipe.quantised):
        gguf_file.write(model, folder / "gguf" / f"{kind}.gguf", recipe.gguf, kind)
    rounded(model)
    write_safetensors(model, folder / "bf16", torch.bfloat16)
    gguf_file.write(model, folder / "gguf" / "bf16.gguf", recipe.gguf, "bf16")
    ids, _, best = greedy(model, prompts[0])
    values = logits(model, prompts[0])
    result["bfloat16"] = {
        "logits": numbers(values), "logits_deviation": round(float(values.std()), 4),
        "greedy_ids": ids, "best": best}
    write_json(folder / "golden.json", result)
    size = sum(file.stat().st_size for file in folder.rglob("*"))
    assert size <= BYTES, f"{name} has {size} bytes"
    print(f"{name}: seed {seed}, deviation {deviation:.2f}, attention {uniform:.2f} of uniform, "
          f"{len(result['faults'])} faults fail, {size} bytes")


def tensors(model):
    result = {}
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        if not name.endswith((".attn.bias", ".attn.masked_bias")):
            result[name] = value.clone().contiguous()
    return result


def write_config(model, folder, dtype):
    config = model.config.to_dict()
    config["architectures"] = [type(model).__name__]
    for key in ("_name_or_path", "transformers_version", "dtype", "torch_dtype"):
        config.pop(key, None)
    config["torch_dtype"] = dtype
    write_json(folder / "config.json", config, indent=1)
    write_json(folder / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2}, indent=1)


def write_safetensors(model, folder, dtype):
    values = {name: value.to(dtype) for name, value in tensors(model).items()}
    path = folder / "model.safetensors"
    save_file(values, str(path), metadata={"format": "pt"})
    path.chmod(0o644)
    write_config(model, folder, str(dtype).removeprefix("torch."))


def write_json(path, value, indent=None):
    separators = (",", ": ") if indent else (",", ":")
    path.write_text(json.dumps(value, indent=indent, separators=separators) + "\n")


def main():
    torch.set_num_threads(1)
    known = recipes.every()
    names = sys.argv[1:] or [*known, "ropes"]
    for name in names:
        if name == "ropes":
            write_json(FIXTURES / "ropes.json", ropes.table())
        else:
            golden(known[name])


main()
