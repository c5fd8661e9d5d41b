#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers: small tokenizers of every feature, and what the reference libraries make of texts.

    pip install tokenizers==0.23.3 sentencepiece==0.2.3
    python3 Tools/tokenizer-fuzz/make_vectors.py
"""
import base64
import io
import json
import os
import random
import tempfile

os.environ.update(TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, pre_tokenizers

import strings
import tiny

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Tests", "Fixtures", "tokenizers")


def features(count=44, texts=14):
    result = []
    corpus = [" ".join(strings.WORDS[:40]), "Hello world , the functions of the naïve café"] * 20
    seed = 20000
    while len(result) < count:
        seed += 1
        try:
            text = tiny.make(seed, sizes=(90, 290), corpus=corpus)
            tokenizer = Tokenizer.from_str(text)
            document = json.loads(text)
            model = document["model"]
            # Without an unknown token the library drops characters, and counts offsets as if they had not been there.
            has_offsets = model["type"] != "BPE" or (model["unk_token"] is not None and not model["byte_fallback"])
            if len(text) > 16000:
                continue
            r = random.Random(seed)
            special = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
            vectors = []
            for string in strings.strings(seed, 8 + texts, special):
                if len(string) > 120:
                    continue
                pair = strings.string(r)[:40] if r.random() < .2 else None
                adds = r.random() < .6
                e = tokenizer.encode(string, pair, add_special_tokens=adds)
                vector = {"text": string, "add": adds, "ids": e.ids, "skip": r.random() < .5}
                if pair is not None:
                    vector["pair"] = pair
                if has_offsets:
                    vector["offsets"] = [x for o in e.offsets for x in o]
                    vector["types"], vector["words"] = e.type_ids, e.word_ids
                if e.ids:
                    vector["decoded"] = tokenizer.decode(e.ids, skip_special_tokens=vector["skip"])
                vectors.append(vector)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            continue
        result.append({"tokenizer": document, "vectors": vectors})
    return result


def patterns():
    """Pieces that Oniguruma makes of texts."""
    r = random.Random(5)
    result = []
    more = [r"(a|b)*?c", r"x{2,3}?", r"x{2}+", r"(?i)straße|ΣΊΣ", r"[^\S\n]+", r"(?=a)\w+(?<!b)", r"\p{Lu}\p{Ll}*|\p{N}{1,3}",
            r"[a-c[x-z]&&[^by]]+", r"\Aa|z\z", r"(?<n>\d+)(?:px)?", r"(?x) a  b # comment", r"\R", r"[\]\-\\]", r"\P{L}+", r"(?m:a.b)",
            r"[[:upper:]][[:lower:]]+", r"(?>\s+)(?=\S)", r"[^\r\n\p{L}\p{N}]?+\p{L}++", r"\u00e9|\x{1F44D}", r"(?:(?:a*)*)*b"]
    for pattern in tiny.PATTERNS + more:
        for behavior in r.sample(tiny.BEHAVIORS, 2):
            inverted = r.random() < .3
            split = pre_tokenizers.Split(Regex(pattern), behavior, inverted)
            cases = [strings.string(r)[:60] for _ in range(3)] + ["aab abc xxxx\na.b xyzb Straße 12345px"]
            result.append({"pattern": pattern, "behavior": behavior.title().replace("_", ""), "invert": inverted, "cases": [
                {"text": text, "pieces": [piece for piece, _ in split.pre_tokenize_str(text)]} for text in cases]})
    return result


def pieces():
    """SentencePiece models with what the library makes of texts."""
    result = []
    r = random.Random(3)
    corpus = [" ".join(r.choice(strings.WORDS) for _ in range(9)) for _ in range(500)]
    rules = tempfile.NamedTemporaryFile("w", suffix=".tsv")
    rules.write("61 62\t41\n61\t62 62\n65 301\tE9\n65E5\t65E5 672C\n20 2E\t2E\n")  # ab is A, a is bb, ...
    rules.flush()
    options = [dict(model_type="bpe", byte_fallback=True), dict(model_type="unigram"), dict(model_type="char"),
               dict(model_type="word", vocab_size=90), dict(model_type="bpe", user_defined_symbols="<x>,ab,日本", byte_fallback=True),
               dict(model_type="unigram", byte_fallback=True, user_defined_symbols="<x>,the", split_digits=True),
               dict(model_type="unigram", treat_whitespace_as_suffix=True), dict(model_type="bpe", add_dummy_prefix=False),
               dict(model_type="unigram", remove_extra_whitespaces=False, control_symbols="<mask>"),
               dict(model_type="bpe", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True),
               dict(model_type="unigram", byte_fallback=True, user_defined_symbols="<x>,ll,abab", denormalization_rule_tsv=rules.name)]
    for index, option in enumerate(options):
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(corpus), model_writer=model, normalization_rule_name="identity", minloglevel=2,
            hard_vocab_limit=False, character_coverage=.98, **(dict(vocab_size=700) | option))
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        r = random.Random(index)
        vectors = []
        for text in strings.strings(index, 26, ["<x>", "<s>", "<mask>", "▁"]):
            ids = processor.encode(text)
            chosen = [r.randrange(processor.get_piece_size()) for _ in range(6)]
            vectors.append({"text": text, "ids": ids, "decoded": processor.decode(ids), "some": chosen, "someDecoded": processor.decode(chosen)})
        result.append({"name": str({k: v for k, v in option.items() if "tsv" not in k}), "model": base64.b64encode(model.getvalue()).decode(), "vectors": vectors})
    return result


def long_sums():
    """Models of near ties whose scores are large: as of 0.2.3 sums beyond 100,000 begin anew, which moves their last place."""
    result = []
    for sign in (-1, 1):
        r = random.Random(8 + sign)
        model = sentencepiece_model_pb2.ModelProto()
        model.normalizer_spec.name, model.normalizer_spec.remove_extra_whitespaces = "identity", False
        model.normalizer_spec.add_dummy_prefix = False
        model.trainer_spec.model_type = sentencepiece_model_pb2.TrainerSpec.UNIGRAM
        letters = {letter: sign * r.uniform(900, 1100) for letter in "abcd"}
        # Whole tokens differ from their letters by less than the last place of a float at 100,000, which is 1/128.
        longer = {word: sum(letters[letter] for letter in word) + r.uniform(-.004, .004)
                  for word in ("ab", "ba", "bc", "cd", "dd", "abc", "cda", "dab")}
        for piece, score, kind in [("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), ("<x>", 0, 4),
                                   *((piece, score, 1) for piece, score in (letters | longer).items())]:
            model.pieces.add(piece=piece, score=score, type=kind)
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        vectors = []
        for count in (90, 300, 300, 2000):
            text = "".join(r.choice(["a", "b", "c", "d", "ab", "abc", "<x>", "é"] if r.random() < .1 else "abcd") for _ in range(count))
            ids = processor.encode(text)
            vectors.append({"text": text, "ids": ids, "decoded": processor.decode(ids), "some": ids[:6], "someDecoded": processor.decode(ids[:6])})
        result.append({"name": f"sums of {'' if sign > 0 else '-'}1000", "model": base64.b64encode(model.SerializeToString()).decode(), "vectors": vectors})
    return result


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for name, make in (("patterns", patterns), ("pieces", lambda: pieces() + long_sums()), ("features", features)):
        entries = make()
        with open(os.path.join(FOLDER, name + ".json"), "w") as file:
            file.write("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in entries) + "\n]\n")
        print(name, len(entries), os.path.getsize(os.path.join(FOLDER, name + ".json")))
