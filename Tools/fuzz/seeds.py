"""Writes the seeds that the fuzzers start from: small good files, one for each thing a reader knows.

    python3 Tools/fuzz/seeds.py

Made files only, no third party's; the folder Tools/fuzz/corpus is what it writes.
"""

import base64
import json
import pathlib
import random
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
random.seed(1)


def save(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


# ---- JSON ----

save("json", "values", '{"a": [1, -2.5e+3, true, false, null], "b": {"c": "d"}, "": []}')
save("json", "text", '"\\u00e9\\ud83d\\ude00\\n\\t\\"\\\\ é 日本 \\/"')
save("json", "numbers", "[0, -0, 0.5, 1E10, 1e-400, 123456789012345678901234567890, 1.0]")
save("json", "nested", "[" * 40 + "{}" + "]" * 40)
save("json", "space", "\ufeff \r\n\t[ 1 ,\n2 ] ")
save("json", "index", json.dumps({f"key{i}": i for i in range(12)}))
save("json", "marks", '{"a\u0301\u0323": 1, "a\u0323\u0301": 2, "\u00e1\u0323": 3}')

# ---- safetensors ----

WIDTHS = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "I16": 2, "F16": 2, "BF16": 2, "I32": 4,
          "F32": 4, "I64": 8, "F64": 8}


def safetensors(tensors, metadata=None, pad=True):
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, dtype, shape in tensors:
        count = WIDTHS[dtype]
        for size in shape:
            count *= size
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + count]}
        data += bytes(random.randrange(256) for _ in range(count))
    text = json.dumps(header).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


save("safetensors", "one", safetensors([("a", "F32", [2, 2])]))
save("safetensors", "types", safetensors([(t.lower(), t, [2]) for t in WIDTHS], {"format": "pt"}))
save("safetensors", "shapes", safetensors(
    [("scalar", "F32", []), ("empty", "F32", [0, 3]), ("deep", "U8", [1, 1, 2, 1])]))
save("safetensors", "unpadded", safetensors([("x", "BF16", [3, 1])], pad=False))
save("safetensors", "nothing", safetensors([]))

# ---- GGUF ----


class GGUF:
    def __init__(self, version=3, alignment=32):
        self.version, self.alignment = version, alignment
        self.pairs, self.tensors, self.data = [], [], b""

    def length(self, value):
        return struct.pack("<I" if self.version == 1 else "<Q", value)

    def string(self, text):
        raw = text.encode()
        return self.length(len(raw)) + raw

    def value(self, type_, value):
        formats = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B",
                   10: "<Q", 11: "<q", 12: "<d"}
        return self.string(value) if type_ == 8 else struct.pack(formats[type_], value)

    def add(self, key, type_, value):
        self.pairs.append(self.string(key) + struct.pack("<I", type_) + self.value(type_, value))
        return self

    def array(self, key, type_, values):
        body = struct.pack("<II", 9, type_) + self.length(len(values))
        self.pairs.append(
            self.string(key) + body + b"".join(self.value(type_, v) for v in values))
        return self

    def tensor(self, name, sizes, type_, size):
        self.data += b"\0" * (-len(self.data) % self.alignment)
        record = self.string(name) + struct.pack("<I", len(sizes))
        record += b"".join(self.length(s) for s in sizes)
        self.tensors.append(record + struct.pack("<IQ", type_, len(self.data)))
        self.data += bytes(random.randrange(256) for _ in range(size))
        return self

    def file(self):
        head = b"GGUF" + struct.pack("<I", self.version)
        head += self.length(len(self.tensors)) + self.length(len(self.pairs))
        head += b"".join(self.pairs) + b"".join(self.tensors)
        if self.tensors:
            head += b"\0" * (-len(head) % self.alignment)
        return head + self.data + b"\0" * (-len(self.data) % self.alignment)


for version in (1, 2, 3):
    save("gguf", f"version-{version}", GGUF(version).add("general.architecture", 8, "llama")
         .add("llama.embedding_length", 4, 4).tensor("w", [4, 2], 0, 32).file())

values = GGUF(alignment=64).add("general.architecture", 8, "x").add("general.alignment", 4, 64)
for type_ in range(13):
    if type_ in (8, 9):
        continue
    values.add(f"v{type_}", type_, 1).array(f"a{type_}", type_, [1, 0])
save("gguf", "values", values.array("strings", 8, ["", "é"]).tensor("t", [1], 0, 4).file())

# One tensor of one block for each type: number, elements, bytes.
TYPES = [(0, 1, 4), (1, 1, 2), (2, 32, 18), (3, 32, 20), (6, 32, 22), (7, 32, 24), (8, 32, 34),
         (9, 32, 36), (10, 256, 84), (11, 256, 110), (12, 256, 144), (13, 256, 176), (14, 256, 210),
         (15, 256, 292), (16, 256, 66), (17, 256, 74), (18, 256, 98), (19, 256, 50), (20, 32, 18),
         (21, 256, 110), (22, 256, 82), (23, 256, 136), (24, 1, 1), (25, 1, 2), (26, 1, 4),
         (27, 1, 8), (28, 1, 8), (29, 256, 56), (30, 1, 2), (34, 256, 54), (35, 256, 66),
         (39, 32, 17), (40, 64, 36), (41, 128, 18)]
for number, elements, size in TYPES:
    save("gguf", f"type-{number}", GGUF().add("general.architecture", 8, "llama")
         .tensor("blk.0.attn_q.weight", [elements, 1], number, size).file())

byte_level = (GGUF().add("general.architecture", 8, "gpt2").add("tokenizer.ggml.model", 8, "gpt2")
              .add("tokenizer.ggml.pre", 8, "gpt-2").add("tokenizer.ggml.eos_token_id", 4, 4)
              .array("tokenizer.ggml.tokens", 8, ["l", "o", "lo", "Ġ", "<s>"])
              .array("tokenizer.ggml.token_type", 5, [1, 1, 1, 1, 3])
              .array("tokenizer.ggml.merges", 8, ["l o"]))
save("gguf", "byte-level", byte_level.file())
scored = (GGUF().add("general.architecture", 8, "llama").add("tokenizer.ggml.model", 8, "llama")
          .add("llama.attention.head_count", 4, 2).add("llama.embedding_length", 4, 8)
          .add("tokenizer.ggml.bos_token_id", 4, 1).add("tokenizer.ggml.unknown_token_id", 4, 0)
          .array("tokenizer.ggml.tokens", 8, ["<unk>", "<s>", "<0x41>", "▁", "l", "o", "lo", "▁lo"])
          .array("tokenizer.ggml.scores", 6, [0, 0, 0, -1, -2, -3, -4, -5])
          .array("tokenizer.ggml.token_type", 5, [2, 3, 6, 1, 1, 1, 1, 1])
          .tensor("token_embd.weight", [8, 8], 0, 256))
save("gguf", "scored", scored.file())

# ---- tokenizer.json ----

bpe = {"type": "BPE", "vocab": {"l": 0, "o": 1, "lo": 2, "Ġ": 3, "▁": 4, "H": 5, "<0x0A>": 6},
       "merges": ["l o"]}
save("tokenizer", "byte-level", json.dumps({
    "model": bpe, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": True},
    "decoder": {"type": "ByteLevel"},
    "added_tokens": [{"id": 7, "content": "<s>", "special": True, "lstrip": True}],
    "post_processor": {"type": "TemplateProcessing", "single": [
        {"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [7], "tokens": ["<s>"]}}}},
    ensure_ascii=False))
save("tokenizer", "sentencepiece", json.dumps({
    "model": dict(bpe, byte_fallback=True, fuse_unk=True, unk_token="H", merges=[["l", "o"]]),
    "normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    "decoder": {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
        {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}},
    ensure_ascii=False))
save("tokenizer", "metaspace", json.dumps({
    "model": dict(bpe, ignore_merges=True),
    "normalizer": {"type": "NFKC"},
    "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"},
    "decoder": {"type": "Metaspace", "replacement": "▁"},
    "post_processor": {"type": "BertProcessing", "cls": ["H", 5], "sep": ["l", 0]}},
    ensure_ascii=False))
save("tokenizer", "strip", json.dumps({
    "model": bpe, "decoder": {"type": "Sequence", "decoders": [
        {"type": "Strip", "content": "l", "start": 1, "stop": 0}, {"type": "Metaspace"}]},
    "post_processor": {"type": "RobertaProcessing", "cls": ["H", 5], "sep": ["l", 0]}},
    ensure_ascii=False))
for name, pattern in {
    "gpt2": "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    "llama3": "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
              " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
}.items():
    save("tokenizer", f"split-{name}", json.dumps({
        "model": bpe,
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFC"}, {"type": "Strip"},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}]},
        "added_tokens": [{"id": 8, "content": "wor", "single_word": True, "normalized": True},
                         {"id": 9, "content": " ", "rstrip": True}]}, ensure_ascii=False))

# ---- Templates: a context in JSON, a zero byte and the source ----

fixture = json.loads((CORPUS / "../../../Tests/Fixtures/templates/programs.json").read_text())
context = json.dumps(fixture["context"], ensure_ascii=False, separators=(",", ":"))
sources = [case["template"] for case in fixture["cases"] if "text" in case or "renders" in case]
for number in range(0, len(sources), 8):
    save("template", f"features-{number // 8:02}", context + "\0" + "\n".join(sources[number:number + 8]))
for number, case in enumerate(fixture["programs"][:24]):
    program = json.dumps(case["context"], ensure_ascii=False, separators=(",", ":"))
    save("template", f"program-{number:02}", program + "\0" + case["template"])


# ---- SentencePiece ----


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value if isinstance(value, bytes) else value.encode()
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def character_map(entries):
    """A double array of one-byte keys, as Darts-clone lays it out, and the texts."""
    units = [0] * 256
    units[0] = 1 << 10  # the children of the root are at 1 ^ byte
    texts = b""
    for byte, text in entries.items():
        leaf = 2 * byte + 300
        units += [0] * (leaf + 4 - len(units))
        # Its own child for the end of the key is at its place ^ the offset.
        units[1 ^ byte] = ((1 ^ byte) ^ leaf) << 10 | 1 << 8 | byte
        units[leaf] = 1 << 31 | len(texts)
        texts += text.encode() + b"\0"
    units += [0] * (-len(units) % 256)
    return struct.pack(f"<I{len(units)}I", len(units) * 4, *units) + texts


def sentencepiece(pieces, trainer, normalizer=b"", denormalizer=b""):
    special = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    data = b"".join(
        field(1, field(1, text) + field(2, score) + field(3, kind)) for text, score, kind in special + pieces)
    data += field(2, b"".join(field(number, value) for number, value in trainer.items()))
    data += field(3, normalizer)
    return data + (field(5, denormalizer) if denormalizer else b"")


words = [("▁", -2.0, 1), ("l", -3.0, 1), ("o", -3.5, 1), ("lo", -2.5, 1), ("▁Hel", -4.0, 1), ("H", -5.0, 1),
         ("e", -3.0, 1), ("日", -6.0, 1), ("ab", 0.0, 4), ("zz", -1.0, 5)]
byte_pieces = [(f"<0x{b:02X}>", 0.0, 6) for b in range(256)]
save("sentencepiece", "unigram", sentencepiece(words, {3: 1}))
save("sentencepiece", "bpe", sentencepiece(words[:-2], {3: 2}, field(4, 0)))
save("sentencepiece", "bpe-bytes", sentencepiece(words[:4] + byte_pieces, {3: 2, 35: 1}, field(3, 0) + field(4, 0)))
save("sentencepiece", "unigram-bytes", sentencepiece(words[:5] + byte_pieces, {3: 1, 35: 1, 24: 1}))
save("sentencepiece", "words", sentencepiece(words, {3: 3, 44: " ? "}))
save("sentencepiece", "characters", sentencepiece(words, {3: 4, 41: 1, 42: 2, 43: 0}))
save("sentencepiece", "map", sentencepiece(
    words, {3: 1}, field(2, character_map({0x41: "a", 0x12: "", 0x32: "lo"})),
    field(2, character_map({0x61: "A", 0x6F: "oo"})) + field(3, 0) + field(4, 0) + field(5, 0)))

# ---- ranks ----

tokens = [bytes([b]) for b in range(256)] + [b"lo", b"he", b"hello", b" a", "日".encode(), b"  ", b"12"]


def base64_of(token):
    return base64.b64encode(token).decode()


save("ranks", "lines", "".join(f"{base64_of(t)} {i}\n" for i, t in enumerate(tokens)))
save("ranks", "gap", "".join(f"{base64_of(t)} {i + i // 256 * 9}\r\n" for i, t in enumerate(tokens)) + "= 300\n")
config = {"pattern": "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|\\s+|.", "num_vocab_tokens": 263, "default_vocab_size": 273,
          "default_num_special_tokens": 10, "version": "v3"}
save("ranks", "tekken-lines", json.dumps({
    "config": config, "bpe_ranks": "! 0 " + " ".join(map(base64_of, tokens[:200])) + "\n! 200 "
                                   + " ".join(map(base64_of, tokens[200:]))}))
save("ranks", "tekken-vocab", json.dumps({
    "config": config,
    "vocab": [{"rank": i, "token_bytes": base64_of(t)} for i, t in enumerate(tokens[:150])],
    "special_tokens": [{"rank": 0, "token_str": "<unk>", "is_control": True},
                       {"rank": 1, "token_str": "<s>", "is_control": True}]}, separators=(",", ":")))
