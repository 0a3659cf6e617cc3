#!/usr/bin/env python3
"""The functions as Lambda runs them: under its runtime interface, by `cargo lambda watch`, with stand-ins of AWS beside them.

    run.py --gateway target/debug/stargate --server target/debug/stargate-server --work FOLDER

cargo-lambda is installed under the folder. Through its own router, through a small API Gateway that sends what the real one sends, and as
the one server of a container.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import traceback
import urllib.request
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(1, str(HERE.parent / "shared"))

import container  # noqa: E402
from api_gateway import ApiGateway  # noqa: E402
from client import call, streams_as_it_is_made  # noqa: E402
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


def on_schedule(watch):
    """The event that EventBridge Scheduler sends, by `cargo lambda invoke`."""
    command = ["cargo", "lambda", "invoke", "budget-reset", "-A", "127.0.0.1", "-P", str(watch.port), "--data-ascii", "{}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and done.stdout.strip() == "null", (done.stdout, done.stderr)
    assert '"budget_reset"' in watch.log.read_text(), "it has not run"


def under_watch(services, folder):
    """Every try under `cargo lambda watch`, each with its name and the settings that it shares with those beside it."""
    template = Template(ROOT / "infra" / "template.yaml")
    public = {"STARGATE_ADMIN_AUTH": "none", "STARGATE_ORIGIN_SECRET": ORIGIN}
    for name, settings, tries in (
        ("master-key", {}, {"router": lambda watch: through_its_router(services, watch), "schedule": on_schedule}),
        ("iam", {"STARGATE_ADMIN_AUTH": "iam"}, {"admin API": lambda watch: by_iam(services, watch, template)}),
        ("public", public, {"public API": lambda watch: on_the_public_api(services, watch, template)}),
    ):
        watch = Watch(services, folder, name, settings)
        try:
            for what, attempt in tries.items():
                yield f"watch: {what}", lambda attempt=attempt: attempt(watch), watch.log
        finally:
            watch.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gateway", type=Path, required=True)
    options.add_argument("--server", type=Path, required=True)
    options.add_argument("--work", type=Path, default=None)
    asked = options.parse_args()
    folder = asked.work or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
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
