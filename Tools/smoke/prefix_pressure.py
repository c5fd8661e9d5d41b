#!/usr/bin/env python3
"""One answer when pages are short: 32 streamed requests with shared prefixes on a quarter of the pages that they need,
some of them cancelled at random, give the texts that each gives alone; the metrics show that all ran in one step, in
chunks, with hits, evictions and preemptions, and no more than a quarter as many steps as tokens; and in the end no
request holds a page.

usage: prefix_pressure.py APUS MODEL [-- SERVE_FLAGS...]
"""
import random
import sys
import threading
import time

from concurrency import expect, stream, together, wait_until_free
from server import Server

COUNT, PAGE_SIZE, NEW_TOKENS = 32, 8, 56
VOCABULARY = 100


def tokens(rng, count):
    return [rng.randrange(3, VOCABULARY) for _ in range(count)]


def requests(seed):
    """32 prompts of two families: 48 tokens that are shared, and 1 to 7 of their own."""
    rng = random.Random(seed)
    families = [tokens(rng, 48), tokens(rng, 48)]
    for index in range(COUNT):
        yield {
            "prompt": families[index % 2] + tokens(rng, rng.randint(1, 7)), "seed": index,
            "max_tokens": NEW_TOKENS - index % 5, "temperature": 0 if index % 3 else 0.9, "stream": True,
            "return_token_ids": True, "ignore_eos": True,
        }


def pages_needed(bodies):
    """Pages of all of them together, if nothing were shared."""
    return sum(-(-(len(body["prompt"]) + body["max_tokens"] - 1) // PAGE_SIZE) for body in bodies)


def cancelled_at_random(url, bodies, rng):
    """Drops the connection of each after a random number of events; returns what came until then."""
    answers = [None] * len(bodies)

    def run(index, limit):
        answers[index] = stream(url, bodies[index], limit)

    threads = [
        threading.Thread(target=run, args=(index, rng.randint(1, NEW_TOKENS // 2))) for index in range(len(bodies))
    ]
    for thread in threads:
        thread.start()
        time.sleep(rng.random() * 0.01)
    return threads, answers


def main(arguments):
    binary, model, *rest = arguments
    flags = rest[rest.index("--") + 1:] if "--" in rest else []
    bodies = list(requests(5))
    needed = pages_needed(bodies)
    rng = random.Random(13)
    with Server(binary, model, "--max-batch-size", str(COUNT), "--kv-cache-page-size", str(PAGE_SIZE),
                "--kv-cache-pages", str(needed // 4), "--max-length", "128", "--max-batch-input-tokens", "40",
                *flags) as server:
        alone = [stream(server.url, body) for body in bodies]
        before = server.metrics()
        answers = together(server.url, bodies)
        for index, (one, other) in enumerate(zip(alone, answers)):
            expect(one == other, f"request {index} differs: {one[0][:80]!r} and {other[0][:80]!r}")
        after = wait_until_free(server)
        # The same again, while others come and go.
        threads, parts = cancelled_at_random(server.url, bodies[:20], rng)
        for index, other in enumerate(together(server.url, bodies)):
            expect(alone[index] == other, f"request {index} differs among cancelled ones")
        for thread in threads:
            thread.join()
        for index, (text, ids) in enumerate(parts):
            expect(alone[index][1][:len(ids)] == ids, f"cancelled request {index} differs before its end")
        last = wait_until_free(server)

    def grown(name):
        return after[f"apus_{name}_total"] - before[f"apus_{name}_total"]

    steps, new = grown("engine_steps"), grown("generated_tokens")
    expect(last["apus_batch_size_peak"] == COUNT, f"at most {last['apus_batch_size_peak']} ran in one step")
    expect(steps <= new / 4, f"{steps} steps for {new} tokens")
    for name in ("prefill_chunks", "prefix_cache_hit_tokens", "cache_evictions", "preemptions"):
        expect(grown(name) > 0, f"no {name}")
    print(f"{model.rsplit('/', 1)[-1]}: {COUNT} requests on {needed // 4} of {needed} pages: {steps:.0f} steps for"
          f" {new:.0f} tokens, {grown('prefill_chunks'):.0f} chunks, {grown('prefix_cache_hit_tokens'):.0f} tokens"
          f" found in the cache, {grown('cache_evictions'):.0f} evictions, {grown('preemptions'):.0f} preemptions")


if __name__ == "__main__":
    main(sys.argv[1:])
