#!/usr/bin/env python3
"""Compares logits of Apus, llama.cpp and `transformers` on every GGUF file of Tests/Fixtures.

usage: APUS_DUMP_LOGITS=DIR swift test -c release --disable-testable-imports --filter LogitsDumpTests
       python3 Tools/oracle/peer_llama_cpp.py DIR

The test writes the logits of Apus, one file per GGUF file; this script asks llama.cpp for the same
prompt (float32 cache, no flash attention) and prints a table. Needs llama-cpp-python and numpy.

Exits with 1 where the root mean square of Apus's distance to llama.cpp is above 0.1% (float32), 1%
(bfloat16) or 2.5% (blocks) of the logits' standard deviation. In float32 llama.cpp itself is that
far from `transformers` for GPT-2, whose GELU it looks up in half precision.
"""
import ctypes
import json
import pathlib
import sys

import llama_cpp
import numpy

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "Tests" / "Fixtures"
RELATIVE = {"f32": 0.001, "bf16": 0.01}
BLOCKS = 0.025


def peer(path, ids):
    model = llama_cpp.Llama(
        str(path), n_ctx=256, logits_all=True, verbose=False, n_threads=2, flash_attn=False,
        type_k=0, type_v=0)
    model.eval(ids)
    return numpy.array(model.scores[:len(ids)])


def relative(found, expected):
    return float(numpy.sqrt(numpy.square(found - expected).mean()) / expected.std())


def main():
    silent = llama_cpp.llama_log_callback(lambda *_: None)  # kept alive: C calls it
    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    folder = pathlib.Path(sys.argv[1])
    failed = False
    print("| fixture | file | Apus to llama.cpp, greatest | root mean square, relative "
          "| llama.cpp to transformers | first tokens that agree |")
    print("|---|---|---|---|---|---|")
    for golden in sorted(FIXTURES.glob("*/golden.json")):
        name, truth = golden.parent.name, json.loads(golden.read_text())
        prompt = truth["prompts"][0]
        for path in sorted((golden.parent / "gguf").glob("*.gguf")):
            kind = path.stem
            theirs = peer(path, prompt["ids"])
            ours = numpy.array(json.loads((folder / f"{name}-{kind}.json").read_text()))
            ours = ours.reshape(theirs.shape)
            source = truth["bfloat16"] if kind == "bf16" else prompt
            # A block format is other weights than those of `transformers`.
            oracle = numpy.array(source["logits"]).reshape(theirs.shape) \
                if kind in ("f32", "bf16") else None
            greatest = float(abs(ours - theirs).max())
            error = relative(ours, theirs)
            agree = int((ours.argmax(-1) == theirs.argmax(-1)).sum())
            is_bad = error > RELATIVE.get(kind, BLOCKS)
            failed |= is_bad
            to_oracle = "" if oracle is None else f"{relative(theirs, oracle):.2g}"
            print(f"| {name} | {kind} | {greatest:.2g} | {error:.2g} | {to_oracle} "
                  f"| {agree} of {len(ours)} |{' FAILED' if is_bad else ''}")
    sys.exit(failed)


main()
