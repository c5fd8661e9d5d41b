"""Tiny tokenizers of every feature of the Hugging Face format, made with its own library."""
import functools
import io
import json
import random
import tempfile

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)

import strings

CORPUS = [strings.string(random.Random(i)) for i in range(400)] + [" ".join(strings.WORDS)] * 20
# Unigram's trainer wants room for every character.
WORD_CORPUS = ["".join(c for c in text if c in set("".join(strings.WORDS) + " \n") or c < "\x7f") for text in CORPUS]
ALPHABET = pre_tokenizers.ByteLevel.alphabet()
PATTERNS = [r"\s+", r"[0-9][0-9][0-9]", r"\p{Han}+", r"[^\r\n\p{L}\p{N}]?\p{L}+", r"\w+|[^\w\s]+", r"(?<=\d)(?=\D)",
            r"\d{1,3}(?=(?:\d{3})*\b)", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)", r"[\p{P}&&[^']]+", r"\p{L}*?\p{N}", r"^\s|\s$",
            r"(?>a+|b)c?", r"[A-Z]?[a-z]++", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"\b", r"\S+\n*", r"(?:ab|cd)*e",
            r"[[:punct:]]|[[:^alnum:]]{2,}", r"(?<!\p{L})\p{Lu}", r"[\x{300}-\x{36F}\u0410-\u044F]", r".", r"\h+"]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]


def normalizer(r):
    steps = [normalizers.NFC(), normalizers.NFD(), normalizers.NFKC(), normalizers.NFKD(), normalizers.Lowercase(),
             normalizers.StripAccents(), normalizers.Nmt(), normalizers.Strip(r.random() < .5, r.random() < .5),
             normalizers.Replace(" ", "▁"), normalizers.Replace(Regex(r.choice(PATTERNS)), r.choice(["", " ", "é", "##"])),
             normalizers.Replace(r.choice(["a", "the", "\n", "é"]), r.choice(["", "b", "αβ"])), normalizers.Prepend("▁"),
             normalizers.BertNormalizer(r.random() < .7, r.random() < .7, r.choice([None, True, False]), r.random() < .7),
             normalizers.ByteLevel()]
    count = r.choice([0, 0, 1, 1, 2, 3])
    chosen = [r.choice(steps) for _ in range(count)]
    return None if not chosen else chosen[0] if count == 1 else normalizers.Sequence(chosen)


def pre_tokenizer(r):
    def metaspace():
        return pre_tokenizers.Metaspace("▁", r.choice(["always", "first", "never"]), r.random() < .7)

    def split():
        pattern = Regex(r.choice(PATTERNS)) if r.random() < .8 else r.choice([" ", "a", "the"])
        return pre_tokenizers.Split(pattern, r.choice(BEHAVIORS), r.random() < .4)

    makers = [lambda: pre_tokenizers.ByteLevel(r.random() < .5, use_regex=r.random() < .6), pre_tokenizers.Whitespace,
              pre_tokenizers.WhitespaceSplit, pre_tokenizers.BertPreTokenizer,
              lambda: pre_tokenizers.Punctuation(r.choice(BEHAVIORS)), lambda: pre_tokenizers.Digits(r.random() < .5),
              metaspace, metaspace, split, split, split, lambda: pre_tokenizers.CharDelimiterSplit(r.choice("-a \n")),
              pre_tokenizers.UnicodeScripts, lambda: pre_tokenizers.FixedLength(r.randint(1, 6))]
    count = r.choice([0, 1, 1, 1, 2, 3])
    chosen = [r.choice(makers)() for _ in range(count)]
    return None if not chosen else chosen[0] if count == 1 else pre_tokenizers.Sequence(chosen)


def decoder(r):
    makers = [lambda: decoders.ByteLevel(), lambda: decoders.BPEDecoder("</w>"), lambda: decoders.WordPiece("##", r.random() < .5),
              lambda: decoders.Metaspace("▁", r.choice(["always", "first", "never"])),
              lambda: decoders.CTC("<pad>", "|", r.random() < .5), lambda: decoders.Replace("▁", " "),
              lambda: decoders.Replace(Regex(r.choice(PATTERNS)), r.choice(["", "_"])), decoders.Fuse,
              lambda: decoders.Strip(r.choice(" ▁a"), r.randint(0, 2), 0), decoders.ByteFallback]
    kind = r.random()
    if kind < .1:
        return None
    if kind < .3:
        return decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    chosen = [r.choice(makers)() for _ in range(r.choice([1, 1, 2, 3, 4]))]
    return chosen[0] if len(chosen) == 1 else decoders.Sequence(chosen)


@functools.cache
def character_map(name):
    """SentencePiece's compiled rules of that name, or of the characters' own: "65 301=E9 65E5=65E5 672C"."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as rules:
        own = {}
        if "=" in name:
            for rule in name.split(","):
                rules.write(rule.replace("=", "\t") + "\n")
            rules.flush()
            own = {"normalization_rule_tsv": rules.name}
        file = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c"] * 9), model_writer=file, vocab_size=8, minloglevel=2,
                                                 hard_vocab_limit=False, **(own or {"normalization_rule_name": name}))
    return sentencepiece_model_pb2.ModelProto.FromString(file.getvalue()).normalizer_spec.precompiled_charsmap


def word_normalizer(r):
    kind = r.random()
    if kind < .25:
        return None
    if kind < .6:
        return normalizers.BertNormalizer(r.random() < .7, r.random() < .7, r.choice([None, True, False]), r.random() < .7)
    return normalizers.Precompiled(character_map(r.choice(
        ["nfkc", "nmt_nfkc", "nmt_nfkc_cf", "61 62=41,61=62 62,65 301=E9,65E5=65E5 672C,2E=20,1F44D=", "2C 20=2C,20 61=62,41=20 61,E9=3000"])))


def word_pre_tokenizer(r):
    """What cuts at white space first, with what may follow."""
    more = [pre_tokenizers.Metaspace(r.choice("▁▁▁_"), r.choice(["always", "always", "first"]), r.random() < .7),
            pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(True)]
    chosen = r.choice([None, None, more[0], more[0], more[0], more[1], more[2]])
    first = pre_tokenizers.WhitespaceSplit()
    return r.choice([first, pre_tokenizers.BertPreTokenizer()]) if chosen is None else pre_tokenizers.Sequence([first, chosen])


def model(r, tokenizer, sizes, kinds=("bpe", "bpe", "bpe", "unigram", "unigram", "wordpiece", "wordlevel")):
    kind = r.choice(kinds)
    size = r.choice(sizes)
    special = ["<unk>", "<s>", "</s>", "<pad>"]
    if kind == "bpe":
        fallback = r.random() < .4
        arguments = {}
        if r.random() < .25:
            arguments["end_of_word_suffix"] = "</w>"
        if r.random() < .2:
            arguments["continuing_subword_prefix"] = "##"
        tokenizer.model = models.BPE(unk_token=r.choice([None, "<unk>"]), fuse_unk=r.random() < .5, byte_fallback=fallback, **arguments)
        if fallback:
            special = special + [f"<0x{b:02X}>" for b in range(256)]
        alphabet = ALPHABET if r.random() < .6 else []
        trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False,
                                      limit_alphabet=r.choice([100, 400]), **arguments)
    elif kind == "unigram":
        tokenizer.model = models.Unigram()
        trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=special, unk_token="<unk>", show_progress=False,
                                          initial_alphabet=ALPHABET if r.random() < .3 else [])
    elif kind == "wordpiece":
        tokenizer.model = models.WordPiece(unk_token="<unk>", max_input_chars_per_word=r.choice([5, 100]))
        trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    else:
        tokenizer.model = models.WordLevel(unk_token="<unk>")
        trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=special, show_progress=False)
    return trainer


def make(seed, sizes=(300, 600, 1200), corpus=None, of_words=False):
    """A tokenizer as JSON text; `of_words`: WordPiece or Unigram, and every word may be encoded by itself."""
    r = random.Random(seed)
    tokenizer = Tokenizer(models.BPE())
    chosen_normalizer = word_normalizer(r) if of_words else normalizer(r)
    if chosen_normalizer is not None:
        tokenizer.normalizer = chosen_normalizer
    chosen = word_pre_tokenizer(r) if of_words else pre_tokenizer(r)
    if chosen is not None:
        tokenizer.pre_tokenizer = chosen
    trainer = model(r, tokenizer, sizes, **({"kinds": ("unigram", "wordpiece")} if of_words else {}))
    tokenizer.train_from_iterator(corpus or (WORD_CORPUS if isinstance(trainer, trainers.UnigramTrainer) else CORPUS), trainer)
    tokens = []
    for content in r.sample(["<x>", "Hello", "the", "<|im_start|>", "日本", " a", "é", "[MASK]", "İ", "AB", "\n"], r.randint(0, 4)):
        special = r.random() < .4
        # Since 0.22 the library does not leave a special token out of decoded text whose normal form is another.
        tokens.append(AddedToken(content, single_word=r.random() < .3, lstrip=r.random() < .3, rstrip=r.random() < .3,
                                 normalized=not special and r.random() < .6, special=special))
    # A token whose normal form is nothing is found everywhere, and the library then panics in the middle of characters.
    tokenizer.add_tokens([t for t in tokens if not t.normalized or chosen_normalizer is None
                          or chosen_normalizer.normalize_str(t.content)])
    chosen = decoder(r)
    if chosen is not None:
        tokenizer.decoder = chosen
    kind = r.random()
    begin, end = ("<s>", tokenizer.token_to_id("<s>")), ("</s>", tokenizer.token_to_id("</s>"))
    if kind < .25:
        tokenizer.post_processor = processors.BertProcessing(end, begin)
    elif kind < .45:
        tokenizer.post_processor = processors.RobertaProcessing(end, begin, r.random() < .5, r.random() < .5)
    elif kind < .7:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=r.random() < .5, add_prefix_space=r.random() < .5),
            processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[begin, end])])
    if r.random() < .1:
        tokenizer.enable_truncation(r.randint(3, 30), stride=r.randint(0, 2), direction=r.choice(["left", "right"]))
    if r.random() < .1:
        tokenizer.enable_padding(direction=r.choice(["left", "right"]), pad_id=3, pad_token="<pad>", length=r.choice([None, 20]))
    text = tokenizer.to_str()
    if kind > .95:
        # The other way to write merges.
        document = json.loads(text)
        if "merges" in document["model"]:
            document["model"]["merges"] = [" ".join(pair) if isinstance(pair, list) else pair for pair in document["model"]["merges"]]
            if all(" " not in merge.replace(" ", "", 1) for merge in document["model"]["merges"]):
                text = json.dumps(document)
    return text
