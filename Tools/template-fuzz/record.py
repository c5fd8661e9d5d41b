#!/usr/bin/env python3
"""Writes the fixture that the tests compare with: the hand-written cases and some random programs, with
what jinja2 makes of them. `record.py OUT`."""

import json
import sys
import warnings

from cases import CASES, CONTEXT
from fuzz import UNPRINTABLE
from programs import Programs
from reference import environment, render


def main():
    warnings.simplefilter("ignore")
    env = environment()
    cases = []
    for source in CASES:
        text, error = render(env, source, CONTEXT)
        if text is not None and UNPRINTABLE.search(text):
            text = UNPRINTABLE.sub("", text)
            cases.append({"template": source, "renders": True})
            continue
        cases.append({"template": source, "text": text} if error is None else {"template": source})
    programs = []
    number = 0
    while len(programs) < 400:
        generator = Programs(f"fixture/{number}")
        number += 1
        context, source = generator.context(), generator.program()
        text, error = render(env, source, context)
        if len(source) > 500 or (text is not None and UNPRINTABLE.search(text)):
            continue
        if error is not None and ("complex" in error or number % 4):
            continue
        if text is not None and ("j)" in text or any(len(word) > 18 for word in text.split())):
            continue
        used = {name: value for name, value in context.items() if name in source}
        entry = {"template": source, "context": used}
        programs.append(entry if error is not None else entry | {"text": text})
    with open(sys.argv[1], "w") as out:
        rows = lambda entries: ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)  # noqa: E731
        out.write('{"context": ' + json.dumps(CONTEXT, ensure_ascii=False) + ',\n"cases": [\n')
        out.write(rows(cases) + '\n],\n"programs": [\n' + rows(programs) + "\n]}\n")


if __name__ == "__main__":
    main()
