#!/usr/bin/env python3
"""Renders random template programs with jinja2 and with Apus and compares text, or failure.

    fuzz.py BENCH [--kind programs|integers|DIR] [--seed N] [--programs N] [--show N]

BENCH is the built `template-bench`. Needs jinja2 3.1.6. DIR is a folder with real templates
(`templates/*.jinja`, `cases.json`, `environment.json`), which are mutated. What is left out of the
comparison, and counted: texts that hold addresses of Python objects or the text of its generators,
random choices, complex numbers, and limits of ours.
"""

import argparse
import json
import re
import subprocess
import sys
import warnings

from integers import Integers
from mutants import Mutants, Source
from programs import Programs
from reference import environment, render

UNPRINTABLE = re.compile(
    r"0x[0-9a-f]{6,}|<generator|_iterator|reverseiterator|<Macro|<function|<jinja2|<reference"
    r"|built-in method|bound method|<builtin_|reversed object|<built-in|iterator object|frozenset",
    re.IGNORECASE,
)


class Apus:
    def __init__(self, command):
        self.command = command
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.command, "programs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def render(self, source, context):
        line = json.dumps({"template": source, "context": context})
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            code = self.process.wait()
            self.start()
            return {"crash": code}
        return json.loads(answer)


def excluded(text, answer):
    """Why a difference is no difference, or None."""
    error = answer.get("error", "")
    if answer.get("kind") == "limit":
        return "limit"
    if text is not None and UNPRINTABLE.search(text):
        return "unprintable"
    if "text" in answer and UNPRINTABLE.search(answer["text"]):
        return "unprintable"
    if answer.get("kind") == "forbidden" and ("random" in error or "no bytes" in error):
        return "random or bytes"
    if "to the power of a fraction" in error:
        return "complex"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("--kind", default="programs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--programs", type=int, default=10000)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    env = environment()
    if options.kind == "programs":
        make = Programs
    elif options.kind == "integers":
        make = Integers
    else:
        folder = Source(options.kind)
        make = lambda seed: Mutants(seed, folder)  # noqa: E731
    apus = Apus(options.bench)
    counts = {"same text": 0, "both fail": 0, "different": 0}
    for number in range(options.programs):
        programs = make(f"{options.seed}/{number}")
        context = programs.context()
        source = programs.program()
        text, error = render(env, source, context)
        if text is not None:
            try:
                text.encode()
            except UnicodeEncodeError:
                continue
        answer = apus.render(source, context)
        if text is not None and answer.get("text") == text:
            counts["same text"] += 1
        elif text is None and "error" in answer:
            counts["both fail"] += 1
        else:
            reason = excluded(text, answer)
            if reason:
                counts[reason] = counts.get(reason, 0) + 1
                continue
            counts["different"] += 1
            if counts["different"] <= options.show:
                print(f"--- {options.seed}/{number}")
                print("template ", json.dumps(source, ensure_ascii=False))
                print("context  ", json.dumps(context, ensure_ascii=False))
                print("reference", json.dumps(text, ensure_ascii=False) if error is None else error)
                print("apus     ", json.dumps(answer, ensure_ascii=False))
    print(json.dumps(counts))
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
