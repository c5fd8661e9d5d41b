#!/usr/bin/env python3
"""The official `openai` client against the server: completions, chat of four turns, streams, errors.

usage: openai_client.py APUS SHARED_DATA SMOLLM2_GGUF
"""
import sys

import openai

from server import Server

QUESTIONS = [
    "What is the capital of France?",
    "And of Italy?",
    "Which of the two cities is larger?",
    "Name one famous building there.",
]


def expect(condition, what):
    if not condition:
        raise SystemExit(f"openai client: {what}")


def conversation(client, model):
    messages = [{"role": "system", "content": "You are a helpful assistant."}]
    for question in QUESTIONS:
        messages.append({"role": "user", "content": question})
        whole = client.chat.completions.create(
            model=model, messages=messages, temperature=0, max_completion_tokens=96)
        text = whole.choices[0].message.content
        pieces, usage = [], None
        for chunk in client.chat.completions.create(
                model=model, messages=messages, temperature=0, max_completion_tokens=96,
                stream=True, stream_options={"include_usage": True}):
            if chunk.choices:
                pieces.append(chunk.choices[0].delta.content or "")
            usage = chunk.usage or usage
        expect("".join(pieces) == text, f"streamed {''.join(pieces)!r}, whole {text!r}")
        counts = [(u.prompt_tokens, u.completion_tokens, u.total_tokens) for u in (usage, whole.usage)]
        expect(counts[0] == counts[1], f"usage {usage} and {whole.usage}")
        # The same prompt again: all but what its last token needs is in the cache.
        cached = usage.prompt_tokens_details.cached_tokens
        expect(usage.prompt_tokens - 16 <= cached < usage.prompt_tokens, f"usage {usage}")
        expect(whole.choices[0].finish_reason in ("stop", "length"), "no finish reason")
        print(f"> {question}\n{text}\n")
        messages.append({"role": "assistant", "content": text})
    expect("Paris" in messages[2]["content"], "the capital of France is Paris")


def main(binary, data, smollm2):
    with Server(binary, smollm2, "--api-key", "secret", "--served-model-name", "smollm2") as server:
        client = openai.OpenAI(base_url=server.url + "/v1", api_key="secret", max_retries=0)
        expect([m.id for m in client.models.list()] == ["smollm2"], "models differ")
        conversation(client, "smollm2")
        answer = client.completions.create(
            model="smollm2", prompt="The capital of France is", max_tokens=8, temperature=0, stop=["."])
        expect(answer.choices[0].text == " Paris", f"completion {answer.choices[0].text!r}")
        for call, kind in [
            (lambda: client.chat.completions.create(model="x", messages=[]), openai.NotFoundError),
            (lambda: client.chat.completions.create(model="smollm2", messages=[]),
             openai.BadRequestError),
            (lambda: openai.OpenAI(base_url=server.url + "/v1", api_key="wrong", max_retries=0)
             .models.list(), openai.AuthenticationError),
        ]:
            try:
                call()
            except kind:
                continue
            raise SystemExit(f"openai client: expected {kind.__name__}")
    print("openai client: as expected")


main(*sys.argv[1:])
