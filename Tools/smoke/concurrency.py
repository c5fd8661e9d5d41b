#!/usr/bin/env python3
"""One answer under load: 16 streamed requests together give the texts that they give one at a time, the metrics
show that they ran together and in chunks, and every page is free afterwards, also after 50 cancelled requests.

usage: concurrency.py APUS MODEL... [-- SERVE_FLAGS...]
"""
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse

from server import Server

COUNT = 16
WORDS = "the cat sat on a mat and looked at the moon while rain fell over the old town".split()


def expect(condition, what):
    if not condition:
        raise SystemExit(f"concurrency: {what}")


def requests(seed):
    """16 prompts of different lengths, some greedy and some sampled with a seed."""
    rng = random.Random(seed)
    for index in range(COUNT):
        words = [rng.choice(WORDS) for _ in range(rng.randint(1, 28))]
        yield {
            "prompt": " ".join(words), "max_tokens": rng.randint(90, 110), "seed": index,
            "temperature": 0 if index % 2 else 0.8, "stream": True, "return_token_ids": True,
            "ignore_eos": True,
        }


def stream(url, body, limit=None):
    """Text and ids of one streamed request; drops the connection after `limit` events."""
    address = urllib.parse.urlparse(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=300)
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"concurrency: status {answer.status}: {answer.read()[:300]}")
    text, ids, events = "", [], 0
    for line in answer:
        if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
            continue
        for choice in json.loads(line[6:])["choices"]:
            text += choice["text"]
            ids += choice.get("token_ids", [])
        events += 1
        if limit is not None and events >= limit:
            break
    connection.close()
    return text, ids


def together(url, bodies):
    answers = [None] * len(bodies)
    barrier = threading.Barrier(len(bodies))

    def run(index):
        barrier.wait()
        answers[index] = stream(url, bodies[index])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def wait_until_free(server):
    for _ in range(100):
        metrics = server.metrics()
        if metrics["apus_cache_pages"] == metrics["apus_cache_pages_free"]:
            return metrics
        time.sleep(0.05)
    raise SystemExit(f"concurrency: pages are held: {metrics}")


def check(binary, model, flags):
    bodies = list(requests(7))
    with Server(binary, model, "--max-batch-size", str(COUNT), *flags) as server:
        alone = [stream(server.url, body) for body in bodies]
        for body, (text, ids) in zip(bodies, alone):
            expect(text and len(ids) == body["max_tokens"], f"{len(ids)} ids and {len(text)} characters came")
        before = server.metrics()
        answers = together(server.url, bodies)
        for index, (one, other) in enumerate(zip(alone, answers)):
            expect(one == other, f"request {index} differs: {one[0][:80]!r} and {other[0][:80]!r}")
        after = wait_until_free(server)
        steps = after["apus_engine_steps_total"] - before["apus_engine_steps_total"]
        tokens = after["apus_generated_tokens_total"] - before["apus_generated_tokens_total"]
        chunks = after["apus_prefill_chunks_total"]
        peak = after["apus_batch_size_peak"]
        expect(peak == COUNT, f"at most {peak} ran in one step")
        expect(steps <= tokens / 4, f"{steps} steps for {tokens} tokens")
        rng = random.Random(11)
        threads = [
            threading.Thread(target=stream, args=(server.url, body, rng.randint(1, 40)))
            for body in (bodies * 4)[:50]
        ]
        for thread in threads:
            thread.start()
            time.sleep(rng.random() * 0.02)
        for thread in threads:
            thread.join()
        wait_until_free(server)
        return f"peak {peak:.0f}, {steps:.0f} steps for {tokens:.0f} tokens, {chunks:.0f} chunks", alone, chunks


def main(arguments):
    binary, *rest = arguments
    models = rest[:rest.index("--")] if "--" in rest else rest
    flags = rest[rest.index("--") + 1:] if "--" in rest else []
    for model in models:
        answers = {}
        for threads in ("1", "2"):
            for name, budget in (("whole", "512"), ("chunked", "48")):
                extra = ["--threads", threads, "--max-batch-input-tokens", budget, *flags]
                summary, alone, chunks = check(binary, model, extra)
                expect(name == "whole" or chunks > 0, "no chunks happened")
                answers[threads, name] = alone
                print(f"{model.rsplit('/', 1)[-1]} threads {threads} {name}: {summary}")
        expect(len({json.dumps(a) for a in answers.values()}) == 1,
               "texts depend on threads or chunks")


if __name__ == "__main__":
    main(sys.argv[1:])
