#!/usr/bin/env python3
"""Random strings through `apus tokenize --json-lines` and the reference libraries; prints every difference.

    pip install tokenizers==0.23.3 tiktoken==0.14.0 sentencepiece==0.2.3
    python3 Tools/tokenizer-fuzz/fuzz.py --command .build/release/apus --data ../shared/data/tokenizers --count 20000
    python3 Tools/tokenizer-fuzz/fuzz.py --command .build/release/apus --tiny 200 --count 400 [--seed 7]

With --data every real tokenizer there is compared: ids of random strings, ids with special tokens, the text of those
ids and of random ids (which is how invalid UTF-8 gets in, through byte tokens). With --tiny as many small tokenizers
are made at random, one feature beside the other.
"""
import argparse
import base64
import json
import os
import random
import subprocess
import sys
import tempfile

import strings

FILES = {"gpt2-r50k": "r50k_base.tiktoken", "o200k": "o200k_base.tiktoken", "llama3": "tokenizer.model",
         "llama2-sp": "tokenizer.model", "mistral-tekken-240718": "240718.json"}


class HuggingFace:
    def __init__(self, text):
        from tokenizers import Tokenizer
        self.tokenizer = Tokenizer.from_str(text)
        self.special = [t.content for t in self.tokenizer.get_added_tokens_decoder().values()]
        self.size = self.tokenizer.get_vocab_size() + 2

    def encode(self, text, add_special_tokens):
        return self.tokenizer.encode(text, add_special_tokens=add_special_tokens).ids

    def decode(self, ids, skip):
        return self.tokenizer.decode(ids, skip_special_tokens=skip)


class Ranks:
    """tiktoken; ids are the ranks and `shift`."""

    def __init__(self, ranks, pattern, shift=0):
        import tiktoken
        self.tokenizer = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        self.shift, self.special, self.ids = shift, ["<|endoftext|>", "<s>"], sorted(ranks.values())

    def encode(self, text, add_special_tokens):
        return None if add_special_tokens else [i + self.shift for i in self.tokenizer.encode_ordinary(text)]

    def decode(self, ids, skip):
        return self.tokenizer.decode([i - self.shift for i in ids])

    def random_id(self, r):
        return r.choice(self.ids) + self.shift


class SentencePiece:
    def __init__(self, path):
        import sentencepiece
        self.tokenizer = sentencepiece.SentencePieceProcessor(model_file=path)
        self.special, self.size = ["<s>", "</s>", "<unk>"], self.tokenizer.get_piece_size()

    def encode(self, text, add_special_tokens):
        return None if add_special_tokens else self.tokenizer.encode(text)

    def decode(self, ids, skip):
        return self.tokenizer.decode(ids)


def real(folder):
    """The reference of a folder of the shared data, its file, and arguments for the command."""
    name = os.path.basename(folder)
    path = os.path.join(folder, FILES.get(name, "tokenizer.json"))
    if name == "llama2-sp":
        return SentencePiece(path), path, []
    if name.startswith("mistral"):
        document = json.load(open(path))
        limit = document["config"]["default_vocab_size"] - document["config"]["default_num_special_tokens"]
        ranks = {}
        for line in document["bpe_ranks"].split("\n"):
            _, first, *tokens = line.split()
            ranks |= {base64.b64decode(t): int(first) + i for i, t in enumerate(tokens) if int(first) + i < limit}
        return Ranks(ranks, document["config"]["pattern"], 1000), path, []
    if name in FILES:
        ranks = {base64.b64decode(l.split()[0]): int(l.split()[1]) for l in open(path, "rb") if l.strip()}
        pattern = json.load(open(os.path.join(folder, "golden.json")))["pattern"]
        return Ranks(ranks, pattern), path, ["--pattern", pattern]
    return HuggingFace(open(path).read()), path, []


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
                if chosen:
                    ask({"ids": chosen, "skip_special_tokens": skip}, {"text": reference.decode(chosen, skip)})
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
    parser.add_argument("--data", help="a folder of tokenizers as in the shared data")
    parser.add_argument("--only", help="names of the data's tokenizers, with commas")
    parser.add_argument("--tiny", type=int, default=0, help="how many small tokenizers to make")
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

    folders = sorted(os.listdir(arguments.data)) if arguments.data else []
    for name in folders:
        if arguments.only and name not in arguments.only.split(","):
            continue
        reference, path, more = real(os.path.join(arguments.data, name))
        for start in range(0, arguments.count, 5000):
            texts = strings.strings(arguments.seed + start, min(5000, arguments.count - start), reference.special)
            asked, different = compare(name, reference, command, path, more, texts, arguments.seed + start, report)
            total, wrong = total + asked, wrong + different
        print(name, "done;", total, "comparisons,", wrong, "differences so far", flush=True)
    if arguments.tiny:
        import tiny
        for seed in range(arguments.seed, arguments.seed + arguments.tiny):
            try:
                text = tiny.make(seed)
                reference = HuggingFace(text)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                continue
            with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
                file.write(text)
            texts = strings.strings(seed, arguments.count, reference.special + ["<0xE2>", "▁"])
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
