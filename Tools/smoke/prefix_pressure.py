#!/usr/bin/env python3
"""One answer when pages are short: 32 streamed requests with shared prefixes on a quarter of the pages that they need,
some of them cancelled at random, give the texts that each gives alone on a server that shares nothing; the metrics show
that all ran in one step, in chunks, with hits, evictions and preemptions, and no more than a quarter as many steps as
tokens; and in the end no request holds a page.

usage: prefix_pressure.py APUS MODEL [-- SERVE_FLAGS...]
"""
import random
import sys
import threading
import time

from concurrency import WORDS, expect, stream, together, wait_until_free
from server import Server

COUNT, PAGE_SIZE, NEW_TOKENS, CONTEXT = 32, 8, 56, 192
FAMILIES = [
    "Once upon a time there was a little girl who had a red ball and ",
    "One day a boy went to the park with his dog and they saw that ",
]


def requests(seed):
    """32 prompts of two families, each with an end of its own; a quarter of them greedy, the others drawn."""
    rng = random.Random(seed)
    for index in range(COUNT):
        yield {
            "prompt": FAMILIES[index % 2] + rng.choice(WORDS), "seed": index,
            "max_tokens": NEW_TOKENS - index % 5, "temperature": 0.8 if index % 4 else 0, "stream": True,
            "return_token_ids": True, "ignore_eos": True, "stream_options": {"include_usage": True},
        }


def alone(binary, model, bodies, flags):
    """Answers of each request when nothing else is there, and the pages of all of them if nothing is shared."""
    pages = 0
    with Server(binary, model, "--no-enable-prefix-caching", "--kv-cache-page-size", str(PAGE_SIZE), "--max-length",
                str(CONTEXT), *flags) as server:
        answers = []
        for body in bodies:
            before = server.metrics()["apus_prompt_tokens_total"]
            text, ids = stream(server.url, body)
            expect(text and len(ids) == body["max_tokens"], f"{len(ids)} ids and {len(text)} characters came")
            answers.append((text, ids))
            prompt = int(server.metrics()["apus_prompt_tokens_total"] - before)
            pages += -(-(prompt + body["max_tokens"] - 1) // PAGE_SIZE)
        expect(server.metrics()["apus_prefix_cache_hit_tokens_total"] == 0, "the cache is off and was hit")
    expect(len({text for text, _ in answers}) > COUNT // 2, "too many give the same text")
    return answers, pages


def cancelled(url, bodies, rng):
    """Requests whose connections drop after a random number of events; returns what came until then."""
    parts = [None] * len(bodies)

    def run(index, limit):
        parts[index] = stream(url, bodies[index], limit)

    threads = [
        threading.Thread(target=run, args=(index, rng.randint(1, NEW_TOKENS // 2))) for index in range(len(bodies))
    ]
    for thread in threads:
        thread.start()
        time.sleep(rng.random() * 0.01)
    return threads, parts


def main(arguments):
    binary, model, *rest = arguments
    flags = rest[rest.index("--") + 1:] if "--" in rest else []
    bodies = list(requests(5))
    expected, needed = alone(binary, model, bodies, flags)
    with Server(binary, model, "--max-batch-size", str(COUNT), "--kv-cache-page-size", str(PAGE_SIZE),
                "--kv-cache-pages", str(needed // 4), "--max-length", str(CONTEXT), "--max-batch-input-tokens", "40",
                *flags) as server:
        before = server.metrics()
        for index, answer in enumerate(together(server.url, bodies)):
            expect(answer == expected[index], f"request {index}: {expected[index][0]!r} alone, {answer[0]!r} together")
        after = wait_until_free(server)
        # The same again, while others come and go.
        threads, parts = cancelled(server.url, bodies[:20], random.Random(13))
        for index, answer in enumerate(together(server.url, bodies)):
            expect(answer == expected[index], f"request {index} differs among cancelled ones")
        for thread in threads:
            thread.join()
        for index, (text, ids) in enumerate(parts):
            expect(ids and expected[index][1][:len(ids)] == ids, f"cancelled request {index} differs before its end")
        wait_until_free(server)

    def grown(name):
        return after[f"apus_{name}_total"] - before[f"apus_{name}_total"]

    steps, new = grown("engine_steps"), grown("generated_tokens")
    expect(after["apus_batch_size_peak"] == COUNT, f"at most {after['apus_batch_size_peak']:.0f} ran in one step")
    expect(steps <= new / 4, f"{steps} steps for {new} tokens")
    for name in ("prefill_chunks", "prefix_cache_hit_tokens", "cache_evictions", "preemptions"):
        expect(grown(name) > 0, f"no {name}")
    print(f"{model.rsplit('/', 1)[-1]}: {COUNT} requests on {needed // 4} of {needed} pages: {steps:.0f} steps for"
          f" {new:.0f} tokens, {grown('prefill_chunks'):.0f} chunks, {grown('prefix_cache_hit_tokens'):.0f} tokens"
          f" found in the cache, {grown('cache_evictions'):.0f} evictions, {grown('preemptions'):.0f} preemptions")


if __name__ == "__main__":
    main(sys.argv[1:])
