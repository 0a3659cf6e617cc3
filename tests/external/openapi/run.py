#!/usr/bin/env python3
"""The running gateway, fuzzed from its own OpenAPI document: no 500, no status or answer that it does not tell.

run.py --gateway target/debug/stargate --work FOLDER [--examples 20]

Twice: with the master key, and with the key of a user, who is refused much and reaches inference.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "shared"))

from gateway import MASTER_KEY, Gateway  # noqa: E402
from tools import installed  # noqa: E402

SCHEMATHESIS = "4.32.5"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "what_is_described_is_taken",
]


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--gateway", required=True)
    options.add_argument("--work", default=tempfile.mkdtemp())
    options.add_argument("--examples", type=int, default=20)
    options = options.parse_args()
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tool = str(installed(work / "venv", f"schemathesis=={SCHEMATHESIS}") / "schemathesis")
    gateway = Gateway(os.path.abspath(options.gateway), str(work))
    try:
        url = f"http://127.0.0.1:{gateway.port}"
        known, key = furnished(url)
        document = work / "openapi.json"
        document.write_text(json.dumps(asked(url, "/openapi.json", None)))
        runs = {"the master key": MASTER_KEY, "a user's key": key}
        failed = [who for who, secret in runs.items() if not fuzzed(tool, document, url, who, secret, known, options)]
    finally:
        gateway.stop()
    sys.exit(f"failed with {', '.join(failed)}" if failed else 0)


def furnished(url):
    """Things that are there, by the names that requests have for them; and the key of a user."""
    asked(url, "/user/new", {"user_id": "known", "user_email": "known@company.com"})
    asked(url, "/organization/new", {"organization_id": "known"})
    asked(url, "/team/new", {"team_id": "known", "members_with_roles": [{"role": "admin", "user_id": "known"}]})
    spare = asked(url, "/key/generate", {"user_id": "known", "key_alias": "known"})
    key = asked(url, "/key/generate", {"user_id": "known"})["key"]
    invitation = asked(url, "/invitation/new", {"user_id": "known"})["id"]
    known = {
        "user_id": "known",
        "user_email": "known@company.com",
        "team_id": "known",
        "organization_id": "known",
        "key": spare["token"],
        "key_alias": "known",
        "key_hash": spare["token"],
        "invitation_id": invitation,
        "invite_link": invitation,
        "invitation_link": invitation,
        "name": "claude-haiku-4-5",
        "model": "claude-haiku-4-5",
        "member": {"user_id": "known", "role": "user"},
        "messages": [{"role": "user", "content": "hi"}],
        "max_tokens": 50,
        "start_date": "2026-11-01",
        "end_date": "2026-11-30",
        "duration": "30d",
        "budget_duration": "1mo",
        "models": ["claude-haiku-4-5"],
        "model_max_budget": {"claude-haiku-4-5": 10},
        "model_rpm_limit": {"claude-haiku-4-5": 10},
        "model_tpm_limit": {"claude-haiku-4-5": 10000},
        "litellm_params": {"model": "bedrock/claude-haiku-4-5"},
        "model_info": {"id": "claude-haiku-4-5"},
        "password": "correct horse battery",
        "spend": 0,
    }
    return known, key


def asked(url, path, body):
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=30) as answer:
        return json.load(answer)


def fuzzed(tool, document, url, who, secret, known, options):
    command = [tool, "run", str(document), "--url", url, "-H", f"Authorization: Bearer {secret}"]
    command += ["--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--seed", "1"]
    # CPython 3.11 miscounts the depth of its parser where two threads parse: it ends one of some ten thousand cases.
    command += ["--workers", "1"]
    command += ["--max-examples", str(options.examples), "--continue-on-failure"]
    here = str(pathlib.Path(__file__).parent)
    env = os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": here, "STARGATE_FUZZ_KNOWN": json.dumps(known)}
    run = subprocess.run(command, env=env, cwd=options.work, capture_output=True, text=True, timeout=900)
    cases = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    operations = re.search(r"Tested: (\d+)", run.stdout)
    if run.returncode != 0 or not cases or not operations:
        print(run.stdout, run.stderr)
        return False
    print(f"measured: {operations[1]} operations asked {cases[1]} times with {who}: {cases[2]} answers as described")
    return True


if __name__ == "__main__":
    main()
