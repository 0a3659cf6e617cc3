"""Requests as the tries send them, and what came of them."""

import json
import time
import urllib.error
import urllib.request


def call(url, method, path, key=None, body=None, headers=None):
    """The status, the headers and the JSON of an answer."""
    sent = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, sent, method=method)
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read() or b"{}")


def asked(deltas, pause_ms, **script):
    """A streamed request to the scripted Bedrock: so many deltas with so long a pause before each."""
    usage = {"input_tokens": 10, "output_tokens": 20}
    script = {"text": "x" * deltas * 4, "deltas": deltas, "delay_ms": pause_ms, **usage, **script}
    message = {"role": "user", "content": f"Say it. <<fake {json.dumps(script)}>>"}
    return {"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": True, "messages": [message]}


def streamed(url, key, deltas=20, pause_ms=100, headers=None):
    """Each event's name, and how long after the request it came, as it comes."""
    sent = {"content-type": "application/json", "x-api-key": key, **(headers or {})}
    request = urllib.request.Request(f"{url}/v1/messages", json.dumps(asked(deltas, pause_ms)).encode(), sent)
    begun = time.monotonic()
    with urllib.request.urlopen(request, timeout=600) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.headers
        for line in answer:
            if line.startswith(b"event: "):
                yield line[7:].strip().decode(), time.monotonic() - begun


def streams_as_it_is_made(url, key, headers=None):
    """Two seconds of deltas: the first is here long before the last is made."""
    events = list(streamed(url, key, headers=headers))
    deltas = [at for name, at in events if name == "content_block_delta"]
    assert len(deltas) == 20 and events[-1][0] == "message_stop", events
    spread = deltas[-1] - deltas[0]
    assert spread > 1.5, f"the first delta came {spread:.2f} s before the last, of 1.9"
    return f"the first delta came {deltas[0] * 1000:.0f} ms after the request, {spread:.2f} s before the last"
