#!/usr/bin/env python3
"""Writes Sources/TextKernels/split/unicode_ranges.inc, the classes that split patterns tell apart, and
Sources/TextKernels/normal/normal_ranges.inc and compositions.inc, for a quick test of normal form C.

    pip install unicodedata2==16.0.0
    python3 Tools/make_unicode_classes.py

Unicode 16, which is the version of the regular expressions in `tokenizers` (Oniguruma) and `tiktoken` (the Rust crate
`regex`) at the time of writing: with --check the file is compared with what both libraries match, scalar by scalar
(pip install tokenizers tiktoken).
"""
import argparse
import os

import unicodedata2

OTHER, UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, PUNCTUATION = range(8)
SPACES = {*range(0x9, 0xE), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
END = 0x32400
CATEGORIES = {"Lu": UPPER, "Lt": UPPER, "Ll": LOWER, "Lm": LETTER, "Lo": LETTER}


def class_of(value):
    if value in SPACES:
        return SPACE
    category = unicodedata2.category(chr(value))
    by_group = {"M": MARK, "N": NUMBER, "P": PUNCTUATION, "S": PUNCTUATION}
    return CATEGORIES.get(category, by_group.get(category[0], OTHER))


def ranges():
    result, last = [], None
    for value in range(END):
        if class_of(value) != last:
            last = class_of(value)
            result.append(value << 3 | last)
    return result


def composing_pairs():
    """(first, second, composed) of every canonical composition but Hangul's."""
    pairs = []
    for value in range(0x110000):
        parts = unicodedata2.decomposition(chr(value)).split() if not 0xD800 <= value < 0xE000 else []
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata2.normalize("NFC", chr(value)) == chr(value):
            pairs.append((int(parts[0], 16), int(parts[1], 16)))
    return pairs


def normal_ranges(pairs):
    """(first, last, combining class | 0x100 where form C has no such scalar | 0x200 where it may compose)."""
    seconds = {second for _, second in pairs} | {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}
    result = []
    for value in range(0x110000):
        if 0xD800 <= value < 0xE000:
            continue
        change = unicodedata2.normalize("NFC", chr(value)) != chr(value)
        flags = unicodedata2.combining(chr(value)) | (0x100 if change else 0) | (0x200 if value in seconds else 0)
        if flags and result and result[-1][1:] == [value - 1, flags]:
            result[-1][1] = value
        elif flags:
            result.append([value, value, flags])
    return result


def write(name, comment, entries, per_line):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    with open(os.path.join(root, "Sources/TextKernels", name), "w") as file:
        file.write(f"// Written by Tools/make_unicode_classes.py from Unicode 16:\n// {comment}.\n")
        for i in range(0, len(entries), per_line):
            file.write(", ".join(entries[i:i + per_line]) + ",\n")
    print(name, len(entries))


def check():
    import tiktoken
    from tokenizers import Regex, pre_tokenizers

    scalars = [v for v in range(0x110000) if not 0xD800 <= v < 0xE000]
    text = "".join(map(chr, scalars))
    ranks = {bytes([i]): i for i in range(256)}
    patterns = {r"[\p{Lu}\p{Lt}]": UPPER, r"\p{Ll}": LOWER, r"[\p{Lm}\p{Lo}]": LETTER, r"\p{M}": MARK, r"\p{N}": NUMBER,
                r"\s": SPACE, r"[\p{P}\p{S}]": PUNCTUATION}
    for pattern, expected in patterns.items():
        ours = {v for v in scalars if class_of(v) == expected}
        split = pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True)
        onig = {ord(c) for i in range(0, len(text), 4096) for part, _ in split.pre_tokenize_str(text[i:i + 4096]) for c in part}
        encoding = tiktoken.Encoding("check", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        rust = {ord(c) for i in range(0, len(text), 4096) for c in bytes(encoding.encode_ordinary(text[i:i + 4096])).decode()}
        print(pattern, len(ours), "differ:", sorted(map(hex, ours ^ onig))[:9], sorted(map(hex, ours ^ rust))[:9])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true")
    if options.parse_args().check:
        return check()
    assert unicodedata2.unidata_version == "16.0.0", unicodedata2.unidata_version
    write("split/unicode_ranges.inc", "first scalar << 3 | class of each range", [f"0x{v:X}" for v in ranges()], 10)
    pairs = composing_pairs()
    write("normal/normal_ranges.inc", "first, last, flags", ["{0x%X, 0x%X, 0x%X}" % tuple(r) for r in normal_ranges(pairs)], 4)
    write("normal/compositions.inc", "first << 32 | second", [f"0x{a:X}{b:08X}" for a, b in sorted(pairs)], 6)


main()
