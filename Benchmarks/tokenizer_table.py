#!/usr/bin/env python3
"""The table of docs/experiments/0007-tokenizer-speed.md: each tokenizer against its fastest exact peers, in turns.

    swift build -c release --product apus
    python3 Benchmarks/tokenizer_table.py --shared ../shared [--rounds 5] [--core 0] [--rows qwen2,o200k]

--shared is the folder with tools/in_turns.py, tools/peer_tokenizers.py and data/. The peers come from PyPI into a
virtual environment under .build; --python takes an interpreter that has them already. Every measurement is a fresh
process on one core that reads its text once. Prints one line per tokenizer and peer with the ratio of the medians (of
our megabytes a second to the peer's) for each text, and below them loading, decoding and the batch.
"""
import argparse, json, os, statistics, subprocess, sys, venv

ROWS = [
    ("qwen2", ["fastokens", "gigatoken"]),
    ("o200k", ["fastokens", "gigatoken"]),
    ("gpt2-r50k", ["gigatoken"]),
    ("llama3", ["splintr"]),
    ("smollm-49k", ["splintr"]),
    ("llama2-sp", ["gigatoken"]),
    ("t5-small", ["splintr"]),
    ("bert-base-uncased", ["splintr"]),
]
TEXTS = ["english", "code", "mixed-script"]
PEERS = ["tiktoken", "tokenizers", "sentencepiece", "numpy", "gigatoken==0.10.0", "fastokens==0.3.5", "splintr-rs==0.22.0"]
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--shared", default=os.path.join(ROOT, "..", "shared"))
parser.add_argument("--binary", default=os.path.join(ROOT, ".build", "release", "apus"))
parser.add_argument("--python", help="an interpreter that has the peers")
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--core", default="0")
parser.add_argument("--rows", help="tokenizers, separated by commas")
parser.add_argument("--chunk", default="64k", choices=["64k", "4k", "big"])
arguments = parser.parse_args()


def peers_python():
    if arguments.python:
        return arguments.python
    folder = os.path.join(ROOT, ".build", "peers")
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


def in_turns(commands):
    script = os.path.join(arguments.shared, "tools", "in_turns.py")
    line = [sys.executable, script, "--json", "--rounds", str(arguments.rounds), *commands]
    result = subprocess.run(line, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(line)}: {result.stderr[-600:]}")
    return json.loads(result.stdout)["rows"]


def own(tokenizer, text, *options):
    folder = os.path.join(arguments.shared, "data", "tokenizers", tokenizer)
    path = os.path.join(arguments.shared, "data", "text", text + ".txt")
    return " ".join([arguments.binary, "tokenize", "--json", "--model", folder, "--bench", path, *options])


def values(tokenizer, text, key, *options, core=True):
    command = (f"taskset -c {arguments.core} " if core else "") + own(tokenizer, text, *options)
    found = []
    for _ in range(arguments.rounds):
        output = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True).stdout
        found.append(json.loads(output.strip().splitlines()[-1])[key])
    return statistics.median(found)


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")


python = peers_python()
tool = os.path.join(arguments.shared, "tools", "peer_tokenizers.py")
size = {"64k": "65536", "4k": "4096", "big": "1000000000"}[arguments.chunk]
wanted = arguments.rows.split(",") if arguments.rows else [row for row, _ in ROWS]
print(f"{processor()}, {arguments.rounds} rounds, chunks of {arguments.chunk}\n")
print("| tokenizer | peer | " + " | ".join(f"{text}: ours, peer, ratio" for text in TEXTS) + " |")
print("|---|---|" + "---|" * len(TEXTS))
for tokenizer, peers in ROWS:
    for peer in peers if tokenizer in wanted else []:
        cells = []
        for text in TEXTS:
            on_core = f"taskset -c {arguments.core}"
            theirs = f"{python} {tool} --peer {peer} --tokenizer {tokenizer} --text {text} --chunk {arguments.chunk}"
            rows = in_turns([
                f"peer mb_s {on_core} {theirs}", f"apus mb_s {on_core} {own(tokenizer, text, '--chunk', size)}"])
            ours, other = rows["apus"]["median"], rows["peer"]["median"]
            cells.append(f"{ours:.0f}, {other:.0f}, **{ours / other:.2f}**")
        print(f"| {tokenizer} | {peer} | " + " | ".join(cells) + " |", flush=True)

print("\n| tokenizer | load, ms | decode, MB/s: " + ", ".join(TEXTS) + " | two threads to one |")
print("|---|---|---|---|")
for tokenizer, _ in ROWS:
    if tokenizer not in wanted:
        continue
    load = values(tokenizer, "english", "load_s", "--operation", "load") * 1000
    decode = [f"{values(tokenizer, text, 'mb_s', '--operation', 'decode'):.0f}" for text in TEXTS]
    two = values(tokenizer, "english", "mb_s", "--chunk", size, "--threads", "2", core=False)
    one = values(tokenizer, "english", "mb_s", "--chunk", size, "--threads", "1", core=False)
    print(f"| {tokenizer} | {load:.0f} | {', '.join(decode)} | {two / one:.2f} |", flush=True)
