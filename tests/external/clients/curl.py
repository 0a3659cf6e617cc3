"""curl as a client: what a shell script does with the three API formats, and nothing done for it."""

import json
import subprocess

from formats import sse
from frames import Reader


class Curl:
    """Asks by curl. `paths` has the path of each operation; `{model}` stands in it where the model belongs there."""

    def __init__(self, paths):
        self.paths = paths

    def stop(self):
        pass

    def ask(self, op, *, url, key, header, model=None, body=None, leave=False, **_):
        path = self.paths[op].format(model=model)
        if op in ("models", "model"):
            return self._listed(op, self._run(url + path, key, header))
        if op == "count":
            body = {name: value for name, value in body.items() if name != "max_tokens"}
        if op == "stream" and not path.endswith("-stream"):
            body = {**body, "stream": True}
            if "chat" in path:
                body["stream_options"] = {"include_usage": True}
        asked = self._run(url + path, key, header, body, until=_begun(path) if leave else None)
        if "error" in asked:
            return asked
        if op == "count":
            return {"tokens": json.loads(asked["text"])["input_tokens"]}
        if op == "whole":
            return {"message": json.loads(asked["text"])}
        return _streamed(path, asked["bytes"], leave)

    def _listed(self, op, asked):
        if "error" in asked:
            return asked
        told = json.loads(asked["text"])
        return {"models": [model["id"] for model in told["data"]]} if op == "models" else {"model": told["id"]}

    def _run(self, address, key, header, body=None, until=None):
        """curl's output, as far as `until` says if it does; an error if the status or curl says so."""
        command = ["curl", "-sSN", "--max-time", "60", "-D", "/dev/fd/2", address]
        if header in ("bearer", "both"):
            command += ["-H", f"Authorization: Bearer {key}"]
        if header in ("x-api-key", "both"):
            command += ["-H", f"x-api-key: {key}"]
        if body is not None:
            command += ["-H", "content-type: application/json", "--data-binary", "@-"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, **pipes) as curl:
            curl.stdin.write(json.dumps(body).encode() if body is not None else b"")
            curl.stdin.close()
            read = b""
            while piece := curl.stdout.read1(65536):
                read += piece
                if until and until(read):
                    curl.terminate()
                    return {"bytes": read}
            head = curl.stderr.read().decode()
            code = curl.wait()
        return _judged(code, head, read)


def _judged(code, head, read):
    statuses = [int(line.split(" ")[1]) for line in head.splitlines() if line.startswith("HTTP/")]
    status = statuses[-1] if statuses else None
    text = read.decode(errors="replace")
    if code != 0:
        return {"error": {"raised": f"curl {code}", "status": status, "message": head + text}}
    if status != 200:
        return {"error": {"raised": "status", "status": status, "message": text}}
    return {"bytes": read, "text": text}


def _begun(path):
    """Whether a first piece of text is there."""
    if path.endswith("-stream"):
        return lambda read: any("delta" in json.dumps(event) for _, event in Reader().feed(read))
    return lambda read: b'"text_delta"' in read or b'"content":"' in read.split(b'"content":""')[-1]


def _streamed(path, read, leave):
    """What a stream told, or the error that it ended with."""
    if path.endswith("-stream"):
        events = []
        for headers, payload in Reader().feed(read):
            if headers[":message-type"] != "event":
                return {"error": {"raised": headers[":exception-type"], "status": 200, "message": payload["message"]}}
            events.append({headers[":event-type"]: payload})
        return {"events": events}
    events = sse.events(read.decode().rpartition("\n\n")[0])
    wrong = [event for event in events if "error" in event]
    if wrong:
        return {"error": {"raised": "in the stream", "status": 200, "message": json.dumps(wrong[0])}}
    if "chat" in path:
        return {"chunks": events}
    if leave:
        return {"deltas": [event["delta"].get("text") for event in events if "delta" in event]}
    message, deltas = sse.message(events)
    return {"message": message, "deltas": deltas}
