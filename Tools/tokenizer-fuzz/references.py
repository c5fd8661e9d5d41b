"""The reference libraries behind one face: encode, decode, the special tokens and how many ids there are."""
import base64
import json
import os

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
CL100K = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
          r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s")
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace("{1,3}", "")
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + CONTRACTIONS + "?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + CONTRACTIONS + "?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+" + CONTRACTIONS + "?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*" + CONTRACTIONS + "?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
QWEN35 = (CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
          r"|\s*[\r\n]+|\s+(?!\S)|\s+")
# The patterns of well-known rank files, by how many ranks there are; nothing in such a file names one.
PATTERNS = {50256: R50K, 50257: R50K, 50280: R50K, 100256: CL100K, 128000: LLAMA3, 151643: QWEN, 163584: KIMI,
            199998: O200K, 200000: O200K, 248044: QWEN35}


class HuggingFace:
    def __init__(self, text=None, tokenizer=None):
        from tokenizers import Tokenizer
        self.tokenizer = tokenizer or Tokenizer.from_str(text)
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
        self.size = self.tokenizer.get_piece_size()
        self.special = [self.tokenizer.id_to_piece(i) for i in range(self.size)
                        if self.tokenizer.is_control(i) or self.tokenizer.is_unknown(i)]

    def encode(self, text, add_special_tokens):
        return None if add_special_tokens else self.tokenizer.encode(text)

    def decode(self, ids, skip):
        return self.tokenizer.decode(ids)


class LlamaCpp:
    """llama.cpp, for GGUF. Its tables of characters and its patterns are in parts its own."""

    def __init__(self, path):
        import llama_cpp
        self.library = llama_cpp
        self.model = llama_cpp.Llama(model_path=path, vocab_only=True, verbose=False)
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model._model.model)
        self.size = self.model.n_vocab()
        marked = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED
        self.special = [llama_cpp.llama_vocab_get_text(self.vocabulary, i).decode() for i in range(self.size)
                        if llama_cpp.llama_vocab_get_attr(self.vocabulary, i) & marked] or ["<s>"]

    def encode(self, text, add_special_tokens):
        data = text.encode()
        ids = (self.library.llama_token * (len(data) + 8))()
        count = self.library.llama_tokenize(self.vocabulary, data, len(data), ids, len(ids), add_special_tokens, True)
        return list(ids[:count])

    def decode(self, ids, skip):
        return None  # It takes English spaces and the first one out by rules of its own.


def tekken(path):
    document = json.load(open(path))
    config = document["config"]
    reserved = config["default_num_special_tokens"]
    limit = config["default_vocab_size"] - reserved
    if "vocab" in document:
        ranks = {base64.b64decode(t["token_bytes"]): t["rank"] for t in document["vocab"][:limit]}
    else:
        ranks = {}
        for line in document["bpe_ranks"].split("\n"):
            _, first, *tokens = line.split()
            ranks |= {base64.b64decode(t): int(first) + i for i, t in enumerate(tokens) if int(first) + i < limit}
    return Ranks(ranks, config["pattern"], reserved), []


def rank_file(path, pattern=None):
    ranks = {}
    with open(path, "rb") as file:
        for line in file:
            if line.strip():
                token, rank = line.split()
                ranks[base64.b64decode(token)] = int(rank)
    pattern = pattern or PATTERNS.get(len(ranks), CL100K)
    return Ranks(ranks, pattern), ["--pattern", pattern]


def of_file(path, pattern=None):
    """The reference of a tokenizer's file, whose kind its content tells, and arguments for the command."""
    with open(path, "rb") as file:
        head = file.read(4096)
    if head.startswith(b"GGUF"):
        return LlamaCpp(path), []
    if head.lstrip().startswith(b"{"):
        text = open(path, encoding="utf-8").read()
        document = json.loads(text)
        if "model" in document:
            return HuggingFace(text), []
        if "bpe_ranks" in document or isinstance(document.get("vocab"), list):
            return tekken(path)
        from tokenizers import ByteLevelBPETokenizer
        merges = os.path.join(os.path.dirname(path), "merges.txt")
        made = ByteLevelBPETokenizer.from_file(path, merges)
        return HuggingFace(tokenizer=made._tokenizer), []
    try:
        first = head.split(b"\n")[0].split()
        if len(first) == 2 and int(first[1]) >= 0:
            base64.b64decode(first[0], validate=True)
            return rank_file(path, pattern)
    except ValueError:
        pass
    if path.endswith(".txt"):
        from tokenizers import BertWordPieceTokenizer
        return HuggingFace(tokenizer=BertWordPieceTokenizer(path)._tokenizer), []
    return SentencePiece(path), []
