#!/usr/bin/env python3
"""Random strings through `apus tokenize --json-lines` and the reference libraries; prints every difference.

    pip install tokenizers==0.23.3 tiktoken==0.14.0 sentencepiece==0.2.3
    python3 Tools/tokenizer-fuzz/fuzz.py --command .build/release/apus --data ../shared/data/tokenizers --count 20000
    python3 Tools/tokenizer-fuzz/fuzz.py --command .build/release/apus --tiny 200 --count 400 [--seed 7]

With --data every real tokenizer there is compared: ids of random strings, ids with special tokens, the text of those
ids and of random ids (which is how invalid UTF-8 gets in, through byte tokens). With --tiny as many small tokenizers
are made at random, one feature beside the other; with --tiny-words WordPiece and Unigram that encode word by word.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import references
import strings

# Of several files in a folder the first of these is the tokenizer.
NAMES = ["tokenizer.json", "tokenizer.model", "240718.json", "tekken.json", "vocab.json", "vocab.txt"]


def file_in(folder):
    """A tokenizer's file in a folder, and the pattern that its golden vectors name."""
    here = sorted(os.listdir(folder))
    endings = (".tiktoken", ".model", ".gguf", ".spm")
    name = next((n for n in NAMES if n in here), None) or next((n for n in here if n.endswith(endings)), None)
    if name is None:
        return None, None
    golden = os.path.join(folder, "golden.json")
    pattern = json.load(open(golden)).get("pattern") if os.path.exists(golden) else None
    return os.path.join(folder, name), pattern


def answers(command, path, arguments, requests):
    result = subprocess.run([*command, path, *arguments], input="\n".join(map(json.dumps, requests)) + "\n",
                            capture_output=True, text=True)
    lines = result.stdout.split("\n")[:-1]
    if result.returncode or len(lines) != len(requests):
        return None, (result.stderr or result.stdout)[-500:]
    return [json.loads(line) for line in lines], None


def random_ids(r, reference, known):
    count = r.choice([1, 2, 5, 12])
    if hasattr(reference, "random_id"):
        return [reference.random_id(r) for _ in range(count)]
    return [r.choice(known) if known and r.random() < .5 else r.randrange(reference.size) for _ in range(count)]


def compare(name, reference, command, path, arguments, texts, seed, report):
    r = random.Random(seed)
    requests, expected = [], []

    def ask(request, value):
        if value is not None:
            requests.append(request)
            expected.append(value)

    for text in texts:
        with_special = r.random() < .5
        try:
            ids = reference.encode(text, with_special)
            if ids is None:
                with_special, ids = False, reference.encode(text, False)
        except BaseException as error:  # The library panics on some of its own tokenizers.
            if isinstance(error, KeyboardInterrupt):
                raise
            continue
        ask({"text": text, "add_special_tokens": with_special}, {"ids": ids})
        for chosen in (ids, random_ids(r, reference, ids)):
            skip = r.random() < .5
            try:
                decoded = reference.decode(chosen, skip) if chosen else None
                if decoded is not None:
                    ask({"ids": chosen, "skip_special_tokens": skip}, {"text": decoded})
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
    got, problem = answers(command, path, arguments, requests)
    if got is None:
        report(name, "no answers", problem, "")
        return len(requests), len(requests)
    different = 0
    for request, value, answer in zip(requests, expected, got):
        if answer != value:
            different += 1
            report(name, request, value, answer)
    return len(requests), different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=".build/release/apus", help="apus, or words that a tokenizer's path follows")
    parser.add_argument("files", nargs="*", help="tokenizers' files of any kind")
    parser.add_argument("--pattern", help="the pattern of rank files")
    parser.add_argument("--data", help="a folder of folders with one tokenizer each")
    parser.add_argument("--only", help="names of the data's tokenizers, with commas")
    parser.add_argument("--tiny", type=int, default=0, help="how many small tokenizers to make")
    parser.add_argument("--tiny-words", type=int, default=0, help="how many small tokenizers of words to make")
    parser.add_argument("--count", type=int, default=1000, help="strings for each tokenizer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=3, help="differences shown for each tokenizer")
    arguments = parser.parse_args()
    command = arguments.command.split()
    if len(command) == 1:
        command += ["tokenize", "--json-lines", "--tokenizer"]
    shown, total, wrong = {}, 0, 0

    def report(name, request, value, answer):
        shown[name] = shown.get(name, 0) + 1
        if shown[name] <= arguments.show:
            print(f"{name}: {json.dumps(request, ensure_ascii=True)}\n  reference {value}\n  apus      {answer}", flush=True)

    found = [(os.path.basename(path) if len(arguments.files) > 1 else path, path, arguments.pattern)
             for path in arguments.files]
    for name in sorted(os.listdir(arguments.data)) if arguments.data else []:
        path, pattern = file_in(os.path.join(arguments.data, name))
        if path and (not arguments.only or name in arguments.only.split(",")):
            found.append((name, path, pattern or arguments.pattern))
    for name, path, pattern in found:
        before = time.monotonic()
        try:
            reference, more = references.of_file(path, pattern)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            print(f"{name}: the reference does not load it: {str(error)[:200]}", flush=True)
            continue
        asked_here, wrong_here = 0, 0
        for start in range(0, arguments.count, 5000):
            texts = strings.strings(arguments.seed + start, min(5000, arguments.count - start), reference.special)
            asked, different = compare(name, reference, command, path, more, texts, arguments.seed + start, report)
            asked_here, wrong_here = asked_here + asked, wrong_here + different
        total, wrong = total + asked_here, wrong + wrong_here
        print(f"{name}: {arguments.count} strings, {asked_here} comparisons, {wrong_here} differences, "
              f"{time.monotonic() - before:.0f} s", flush=True)
    for of_words, many in ((False, arguments.tiny), (True, arguments.tiny_words)):
        if many:
            import tiny
        for seed in range(arguments.seed, arguments.seed + many):
            try:
                text = tiny.make(seed, of_words=of_words)
                reference = references.HuggingFace(text)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                continue
            with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
                file.write(text)
            texts = list(strings.strings(seed, arguments.count, reference.special + ["<0xE2>", "▁"]))
            if of_words:  # Words that come again are known by then.
                texts += [" ".join(texts[i:i + 20] * 2) for i in range(0, len(texts), 20)]
            asked, different = compare(f"tiny {seed}", reference, command, file.name, [], texts, seed, report)
            total, wrong = total + asked, wrong + different
            if different:
                print(f"tiny {seed}: {different} of {asked}; {file.name}", flush=True)
            else:
                os.unlink(file.name)
    print(f"{total} comparisons, {wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
