#!/usr/bin/env python3
"""The functions as Lambda runs them: under its runtime interface, by `cargo lambda watch`, with stand-ins of AWS beside them.

    run.py --gateway target/debug/stargate --server target/debug/stargate-server --work FOLDER

cargo-lambda is installed under the folder; PyYAML must be there. Through its own router, through a small API Gateway that sends what the real one sends, and as
the one server of a container.
"""

import argparse
import itertools
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "shared"))

import container  # noqa: E402
from api_gateway import ApiGateway  # noqa: E402
from client import call, streamed, streams_as_it_is_made  # noqa: E402
from iam import Gatekeeper  # noqa: E402
from template import Template  # noqa: E402
from tools import with_cargo_lambda  # noqa: E402
from watch import ROOT, Services, Watch  # noqa: E402

ADMIN = "arn:aws:sts::111122223333:assumed-role/Admin/mario@company.com"
ORIGIN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:origin"


def through_its_router(services, watch):
    status, _, told = call(watch.url, "GET", "/v1/models", services.demo_key)
    assert status == 200 and told["data"], (status, told)
    print(f"measured: through the router {streams_as_it_is_made(watch.url, services.demo_key)}")
    user = {"user_id": "router", "max_budget": 5}
    assert call(watch.url, "POST", "/user/new", services.master_key, user)[0] == 200
    status, _, told = call(watch.url, "POST", "/user/new", "sk-wrong", user)
    assert status == 401 and told["error"]["type"] == "invalid_api_key", (status, told)
    spent = call(watch.url, "GET", "/user/info?user_id=demo", services.master_key)[2]
    assert float(spent["user_info"]["spend"]) > 0, spent


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
        print(f"measured: on the public API {streams_as_it_is_made(by_cloudfront.url, services.demo_key)}")
        status, headers, told = call(by_cloudfront.url, "POST", "/key/generate", services.demo_key, {"key_alias": "own"})
        assert status == 200 and told["key"].startswith("sk-"), (status, told)
        status, _, told = call(by_cloudfront.url, "POST", "/user/new", services.master_key, {"user_id": "public"})
        assert status == 404, (status, told)
        status, _, told = call(by_cloudfront.url, "POST", "/v1/messages", services.demo_key, {"model": "x" * (7 << 20)})
        assert (status, told["error"]["type"]) == (413, "request_too_large"), status
        for method, path in (("GET", "/v1/models"), ("GET", "/key/list"), ("GET", "/nowhere")):
            status, _, told = call(around.url, method, path, services.demo_key)
            assert status == 403, (path, status, told)
    finally:
        by_cloudfront.stop()
        around.stop()


def dies_in_the_middle(services, watch):
    """A client that leaves ends the function here, as Lambda's own end of one would: the sweep charges what had left."""

    def spent():
        told = call(watch.url, "GET", "/user/info?user_id=demo", services.master_key)[2]
        return float(told["user_info"]["spend"])

    before = spent()
    events = streamed(watch.url, services.demo_key, deltas=100)
    assert [next(events)[0] for _ in range(5)][-1] == "content_block_delta"
    events.close()
    assert spent() == before, "it was settled"
    end = time.monotonic() + 60
    while spent() == before:
        assert time.monotonic() < end, watch.log.read_text()[-3000:]
        on_schedule(watch)
    swept = re.findall(r'"message":"budget_reset".*"swept":(\d+)', watch.log.read_text())
    assert any(int(count) > 0 for count in swept), swept
    print(f"measured: a function died in its stream; the sweep charged {spent() - before:.9f} dollars for what had left")


def periods_end(services, watch):
    """A budget of a second, spent from and gone by."""
    key = {"user_id": "of-a-second", "max_budget": 5, "budget_duration": "1s"}
    assert call(watch.url, "POST", "/user/new", services.master_key, key)[0] == 200
    key = call(watch.url, "POST", "/key/generate", services.master_key, {"user_id": "of-a-second"})[2]["key"]
    count = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "How long?"}]}
    assert call(watch.url, "POST", "/v1/messages/count_tokens", key, count)[0] == 200
    assert list(streamed(watch.url, key, deltas=1))[-1][0] == "message_stop"
    time.sleep(2)
    on_schedule(watch)
    rolled = re.findall(r'"message":"budget_reset".*"rolled":(\d+)', watch.log.read_text())
    assert any(int(count) > 0 for count in rolled), rolled


def on_schedule(watch):
    """The event that EventBridge Scheduler sends, by `cargo lambda invoke`."""
    command = ["cargo", "lambda", "invoke", "budget-reset", "-A", "127.0.0.1", "-P", str(watch.port), "--data-ascii", "{}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and done.stdout.strip() == "null", (done.stdout, done.stderr)
    assert '"budget_reset"' in watch.log.read_text(), "it has not run"


def under_watch(services, folder):
    """Every try under `cargo lambda watch`, each with its name and the settings that it shares with those beside it."""
    template = Template(ROOT / "infra" / "template.yaml")
    gatekeeper = Gatekeeper(template, services.environment()["AWS_ENDPOINT_URL_DYNAMODB"])
    by_key = {
        "router": lambda watch: through_its_router(services, watch),
        "schedule": lambda watch: periods_end(services, watch),
        "a function that dies": lambda watch: dies_in_the_middle(services, watch),
    }
    public = {"STARGATE_ADMIN_AUTH": "none", "STARGATE_ORIGIN_SECRET": ORIGIN}
    for name, settings, tries in (
        ("master-key", {"STARGATE_LEASE_MS": "3000"}, by_key),
        ("iam", {"STARGATE_ADMIN_AUTH": "iam"}, {"admin API": lambda watch: by_iam(services, watch, template)}),
        ("public", public, {"public API": lambda watch: on_the_public_api(services, watch, template)}),
    ):
        # The public API's management is another function, with a role of its own.
        gatekeeper.judge("management", template, "SelfManagementRole" if name == "public" else "ManagementRole")
        watch = Watch(services, folder, name, {"AWS_ENDPOINT_URL_DYNAMODB": gatekeeper.url, **settings})
        try:
            for what, attempt in tries.items():
                yield f"watch: {what}", lambda attempt=attempt: attempt(watch), watch.log
        finally:
            watch.stop()
    yield "roles", lambda: asks_for_what_it_may(gatekeeper), services.log
    gatekeeper.stop()


def asks_for_what_it_may(gatekeeper):
    """Nobody was refused. Those that do the same every day have done all that they may."""
    assert not gatekeeper.denied, gatekeeper.denied
    for function in ("inference", "budget-reset"):
        unasked = gatekeeper.unasked(function)
        assert not unasked, f"{function} may do what it never does: {sorted(unasked)}"
    print(f"measured: asked of the table: { {name: sorted(asked) for name, asked in gatekeeper.asked.items()} }")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", type=Path, required=True)
    options.add_argument("--server", type=Path, required=True)
    options.add_argument("--work", type=Path, default=None)
    asked = options.parse_args()
    folder = asked.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with_cargo_lambda(folder)
    services = Services(asked.gateway.resolve(), folder)
    failed = 0
    try:
        services.put_secret(ORIGIN, "of-cloudfront")
        of_the_server = container.tries(asked.server.resolve(), services, folder, ORIGIN)
        in_the_server = ((name, attempt, services.log) for name, attempt in of_the_server)
        for name, attempt, log in itertools.chain(in_the_server, under_watch(services, folder)):
            try:
                attempt()
                print(f"ok       {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED   {name}: {traceback.format_exc()}\n{log.read_text(errors='replace')[-2000:]}", flush=True)
    finally:
        services.stop()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
