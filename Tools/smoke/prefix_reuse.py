#!/usr/bin/env python3
"""A second request with the same 1,000-token prefix computes only its tail, and its first token comes sooner.

Each round takes a prefix that the server has not seen, asks for it with one tail and then with another, and compares
the times to the first token; prints their medians and the ratio.

usage: prefix_reuse.py APUS MODEL [--rounds N] [--at-least RATIO] [-- SERVE_FLAGS...]
"""
import argparse
import http.client
import json
import random
import statistics
import sys
import time
import urllib.parse

from server import Server

PREFIX, TAIL = 1000, 8


def expect(condition, what):
    if not condition:
        raise SystemExit(f"prefix reuse: {what}")


def first_token(url, ids):
    """Seconds to the first event, the ids, and the usage of one streamed request."""
    address = urllib.parse.urlparse(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=300)
    body = json.dumps({
        "prompt": ids, "max_tokens": 4, "temperature": 0, "stream": True, "return_token_ids": True,
        "ignore_eos": True, "stream_options": {"include_usage": True}})
    start = time.perf_counter()
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"prefix reuse: status {answer.status}: {answer.read()[:300]}")
    seconds, found, usage = None, [], None
    for line in answer:
        if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
            continue
        seconds = seconds or time.perf_counter() - start
        event = json.loads(line[6:])
        usage = event.get("usage") or usage
        for choice in event["choices"]:
            found += choice.get("token_ids", [])
    connection.close()
    return seconds, found, usage


def measure(server, rounds):
    """Times of misses and of hits."""
    rng = random.Random(3)
    misses, hits = [], []

    def ids(count):
        return [rng.randrange(1000, 40000) for _ in range(count)]

    first_token(server.url, ids(PREFIX))
    for _ in range(rounds):
        prefix, tail = ids(PREFIX), ids(TAIL)
        miss, _, _ = first_token(server.url, prefix + ids(TAIL))
        before = server.metrics()
        hit, found, usage = first_token(server.url, prefix + tail)
        after = server.metrics()
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        counted = "apus_prefix_cache_hit_tokens_total"
        expect(after[counted] - before[counted] == cached, "usage and metrics differ")
        expect(PREFIX - 16 <= cached <= PREFIX, f"{cached} tokens of {PREFIX} were taken from the cache")
        _, again, _ = first_token(server.url, prefix + tail)
        expect(len(found) == 4 and found == again, f"the same request gives {found} and {again}")
        misses.append(miss)
        hits.append(hit)
    return misses, hits


def main():
    arguments = sys.argv[1:]
    flags = arguments[arguments.index("--") + 1:] if "--" in arguments else []
    own = arguments[:arguments.index("--")] if "--" in arguments else arguments
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--at-least", type=float, default=8)
    options = parser.parse_args(own)
    with Server(options.binary, options.model, *flags) as server:
        misses, hits = measure(server, options.rounds)
    ratio = statistics.median(misses) / statistics.median(hits)
    print(f"first token: {statistics.median(misses):.4f} s without, {statistics.median(hits):.4f} s with the prefix"
          f" in the cache: {ratio:.1f} times sooner")
    expect(ratio >= options.at_least, f"expected at least {options.at_least} times")


main()
