#!/usr/bin/env python3
"""Drives `apus render --json-lines` over a folder of templates and what jinja2 renders.

    goldens.py APUS DIR

DIR holds `templates/*.jinja`, `cases.json`, `environment.json` and `expected.json`, such as
../shared/data/chat-templates.
"""

import json
import pathlib
import subprocess
import sys


def main(apus, folder):
    folder = pathlib.Path(folder)
    cases = json.loads((folder / "cases.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    exact = errors = 0
    for name, results in expected.items():
        lines = "".join(json.dumps(cases[case]) + "\n" for case in results)
        command = [
            apus, "render", "--json-lines", "--template", folder / "templates" / name,
            "--variables", folder / "environment.json",
        ]
        run = subprocess.run(command, input=lines, capture_output=True, text=True, check=True)
        answers = [json.loads(line) for line in run.stdout.split("\n") if line]
        wrong = [
            case for (case, result), answer in zip(results.items(), answers, strict=True)
            if ("error" in answer) != ("error" in result) or answer.get("text") != result.get("text")
        ]
        exact += not wrong
        errors += sum("error" in answer for answer in answers)
        for case in wrong:
            print(f"{name}, {case}: differs")
    print(f"{exact} of {len(expected)} templates exact, {errors} cases fail as they must")
    sys.exit(exact != len(expected))


main(*sys.argv[1:])
