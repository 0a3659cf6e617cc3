#!/usr/bin/env python3
"""The functions as Lambda runs them: under its runtime interface, by `cargo lambda watch`, with stand-ins of AWS beside them.

    run.py --gateway target/debug/stargate --work FOLDER

cargo-lambda must be on the PATH. Through its own router, and through a small API Gateway that sends what the real one sends.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "shared"))

from api_gateway import ApiGateway  # noqa: E402
from template import Template  # noqa: E402
from watch import ROOT, Services, Watch  # noqa: E402

ADMIN = "arn:aws:sts::111122223333:assumed-role/Admin/mario@company.com"
ORIGIN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:origin"


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


def say(deltas, pause_ms, tokens=20):
    script = {"text": "x" * deltas * 4, "deltas": deltas, "delay_ms": pause_ms, "input_tokens": 10, "output_tokens": tokens}
    return f"Say it. <<fake {json.dumps(script)}>>"


def streamed(url, key, deltas=20, pause_ms=100, **headers):
    """How long after the request each event came, by its name."""
    ask = {"model": "claude-haiku-4-5", "max_tokens": 1000, "stream": True}
    ask["messages"] = [{"role": "user", "content": say(deltas, pause_ms)}]
    sent = {"content-type": "application/json", "x-api-key": key, **headers}
    request = urllib.request.Request(f"{url}/v1/messages", json.dumps(ask).encode(), sent)
    begun, events = time.monotonic(), []
    with urllib.request.urlopen(request, timeout=600) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream"), answer.headers
        for line in answer:
            if line.startswith(b"event: "):
                events.append((line[7:].strip().decode(), time.monotonic() - begun))
    return events


def streams_as_it_is_made(url, key, **headers):
    """Two seconds of deltas: the first is here long before the last is made."""
    events = streamed(url, key, **headers)
    deltas = [at for name, at in events if name == "content_block_delta"]
    assert len(deltas) == 20 and events[-1][0] == "message_stop", events
    spread = deltas[-1] - deltas[0]
    assert spread > 1.5, f"the first delta came {spread:.2f} s before the last, of 1.9"
    return deltas[0], spread


def through_its_router(services, watch):
    status, _, told = call(watch.url, "GET", "/v1/models", services.demo_key)
    assert status == 200 and told["data"], (status, told)
    first, spread = streams_as_it_is_made(watch.url, services.demo_key)
    user = {"user_id": "router", "max_budget": 5}
    assert call(watch.url, "POST", "/user/new", services.master_key, user)[0] == 200
    status, _, told = call(watch.url, "POST", "/user/new", "sk-wrong", user)
    assert status == 401 and told["error"]["type"] == "invalid_api_key", (status, told)
    spent = call(watch.url, "GET", "/user/info?user_id=demo", services.master_key)[2]
    assert float(spent["user_info"]["spend"]) > 0, spent
    print(f"measured: through the router the first delta came {first * 1000:.0f} ms after the request, {spread:.2f} s before the last")


def by_iam(services, watch, template):
    """REST events of the admin API: the signature's identity administers, and nobody else does."""
    functions = {"Management": "management"}
    signed = ApiGateway(template, "AdminApi", watch.port, functions, {"userArn": ADMIN, "accountId": "111122223333"})
    unsigned = ApiGateway(template, "AdminApi", watch.port, functions)
    try:
        status, _, told = call(signed.url, "POST", "/user/new", body={"user_id": "signed", "max_budget": 5})
        assert status == 200, (status, told)
        audit = json.dumps(call(signed.url, "GET", "/audit")[2])
        assert "mario@company.com" in audit, audit[:2000]
        for key in (None, services.master_key, services.demo_key):
            status, _, told = call(unsigned.url, "POST", "/user/new", key, {"user_id": "unsigned"})
            assert status == 401, (key and "a key", status, told)
    finally:
        signed.stop()
        unsigned.stop()


def on_the_public_api(services, watch, template):
    """REST events with CloudFront's secret: inference streams, users serve themselves, nobody comes around it."""
    functions = {"Inference": "inference", "SelfManagement": "management"}
    by_cloudfront = ApiGateway(template, "PublicApi", watch.port, functions, sent={"x-stargate-origin": "of-cloudfront"})
    around = ApiGateway(template, "PublicApi", watch.port, functions)
    try:
        first, spread = streams_as_it_is_made(by_cloudfront.url, services.demo_key)
        status, headers, told = call(by_cloudfront.url, "POST", "/key/generate", services.demo_key, {"key_alias": "own"})
        assert status == 200 and told["key"].startswith("sk-"), (status, told)
        status, _, told = call(by_cloudfront.url, "POST", "/user/new", services.master_key, {"user_id": "public"})
        assert status == 404, (status, told)
        status, _, told = call(by_cloudfront.url, "POST", "/v1/messages", services.demo_key, {"model": "x" * (7 << 20)})
        assert (status, told["error"]["type"]) == (413, "request_too_large"), status
        for method, path in (("GET", "/v1/models"), ("GET", "/key/list"), ("GET", "/nowhere")):
            status, _, told = call(around.url, method, path, services.demo_key)
            assert status == 403, (path, status, told)
        print(f"measured: on the public API the first delta came {first * 1000:.0f} ms after the request, {spread:.2f} s before the last")
    finally:
        by_cloudfront.stop()
        around.stop()


def on_schedule(watch):
    """The event that EventBridge Scheduler sends, by `cargo lambda invoke`."""
    command = ["cargo", "lambda", "invoke", "budget-reset", "-A", "127.0.0.1", "-P", str(watch.port), "--data-ascii", "{}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and done.stdout.strip() == "null", (done.stdout, done.stderr)
    assert '"budget_reset"' in watch.log.read_text(), "it has not run"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", type=Path, required=True)
    options.add_argument("--work", type=Path, default=None)
    asked = options.parse_args()
    folder = asked.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    template = Template(ROOT / "infra" / "template.yaml")
    services = Services(asked.gateway.resolve(), folder)
    failed = 0
    try:
        urllib.request.urlopen(
            urllib.request.Request(
                services.environment()["AWS_ENDPOINT_URL_SECRETS_MANAGER"],
                json.dumps({"SecretId": ORIGIN, "SecretString": "of-cloudfront"}).encode(),
                {"x-amz-target": "secretsmanager.PutSecretValue"},
            )
        ).read()
        for name, settings, tries in (
            ("master-key", {}, (lambda w: through_its_router(services, w), on_schedule)),
            ("iam", {"STARGATE_ADMIN_AUTH": "iam"}, (lambda w: by_iam(services, w, template),)),
            (
                "public",
                {"STARGATE_ADMIN_AUTH": "none", "STARGATE_ORIGIN_SECRET": ORIGIN},
                (lambda w: on_the_public_api(services, w, template),),
            ),
        ):
            watch = Watch(services, folder, name, settings)
            try:
                for attempt in tries:
                    try:
                        attempt(watch)
                        print(f"ok       {name}")
                    except Exception:
                        failed += 1
                        print(f"FAILED   {name}: {traceback.format_exc()}\n{watch.log.read_text(errors='replace')[-2000:]}")
            finally:
                watch.stop()
    finally:
        services.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
