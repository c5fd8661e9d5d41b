#!/usr/bin/env python3
"""Starts the server on a small trained model, asks it over HTTP, and stops it with SIGTERM.

usage: smoke.py APUS SHARED_DATA
"""
import json
import sys

from server import Server


def expect(condition, what):
    if not condition:
        raise SystemExit(f"smoke test: {what}")


def main(binary, data):
    folder = f"{data}/models/stories260K"
    with open(f"{folder}/golden.json") as file:
        golden = json.load(file)["greedy_ids"]
    with Server(binary, folder, "--quantization-encoding", "float32") as server:
        for path in ("/health", "/ready", "/version", "/v1/models"):
            expect(server.call(path)[0] == 200, f"{path} is not 200")
        status, text = server.call("/v1/completions", {
            "prompt": [1], "max_tokens": 200, "temperature": 0, "return_token_ids": True})
        expect(status == 200, f"status {status}: {text}")
        answer = json.loads(text)
        expect(answer["choices"][0]["prompt_token_ids"] == [1], "prompt ids differ")
        expect(answer["choices"][0]["token_ids"] == golden[1:], "ids differ from the golden ones")
        expect(answer["usage"]["completion_tokens"] == 200, f"usage {answer['usage']}")
        print(answer["choices"][0]["text"])
        status, text = server.call("/v1/chat/completions", {
            "messages": [{"role": "user", "content": "Hi"}]})
        expect(status == 400 and "--chat-template" in text, f"chat without a template: {text}")
        status, text = server.call("/v1/completions", {"prompt": "Hi", "wrong_field": 1})
        expect(status == 400 and "wrong_field" in text, f"unknown field: {text}")
        status, text = server.call("/v1/completions", {"prompt": "Hi", "model": "other"})
        expect(status == 404 and "model_not_found" in text, f"wrong model: {text}")
        metrics = server.metrics()
        expect(metrics["apus_generated_tokens_total"] >= 200, "generated tokens are not counted")
        expect(metrics["apus_cache_pages"] == metrics["apus_cache_pages_free"], "pages are held")
    print("smoke test: as expected")


main(*sys.argv[1:])
