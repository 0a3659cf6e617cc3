"""CloudFront's function out of the template, run by Node: what passes, and what attackers try.

CloudFront Functions have no runtime outside of AWS; theirs is a subset of Node's language, and `edge.mjs` calls the handler with
events of theirs.
"""

import json
import subprocess
from pathlib import Path

from edge_attacks import PASSES, REFUSED, SELF_MANAGEMENT

HERE = Path(__file__).resolve().parent


def answers(code, requests):
    """What the function makes of each request, a method and a path."""
    asked = json.dumps({"code": code, "requests": requests})
    done = subprocess.run(
        ["node", HERE / "edge.mjs"], input=asked, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


def failures(template):
    """The requests that end otherwise than they must, with self-management and without."""
    yield from _wrong(template.edge(serves_themselves=True), PASSES + SELF_MANAGEMENT, REFUSED)
    yield from _wrong(template.edge(serves_themselves=False), PASSES, REFUSED + SELF_MANAGEMENT)


def count():
    return 2 * (len(PASSES) + len(REFUSED) + len(SELF_MANAGEMENT))


def _wrong(code, public, refused):
    requests = [*public, *refused]
    for request, answer in zip(requests, answers(code, requests)):
        shown = f"edge: {request[0]} {request[1][:80]!r}"
        if (answer["status"] == 403) != (request in refused):
            yield f"{shown}: {answer}"
        elif answer["status"] == 403:
            body = json.loads(answer["body"])
            if body["type"] != "error" or body["error"]["type"] != "permission_error" or not body["message"]:
                yield f"{shown}: no client reads {body}"
        elif answer["viewer"] != "203.0.113.9" or answer["uri"] != request[1]:
            yield f"{shown}: it passes as {answer}"
