#!/usr/bin/env python3
"""The administrator's scripts against a real gateway: ours, under both of its names, and the two of document 000, verbatim;
and `stargate import`.

run.py --gateway target/debug/stargate --work FOLDER
"""

import argparse
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parents[2] / "infra" / "scripts"
sys.path.insert(0, str(HERE.parent / "shared"))

from gateway import MASTER_KEY, Gateway  # noqa: E402
from importing import Imports  # noqa: E402
from values import Values  # noqa: E402


def bare(**more):
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **more}


class Suite(Values, Imports):
    def __init__(self, binary, gateway, work):
        self.binary, self.gateway, self.work, self.scripts = binary, gateway, work, SCRIPTS
        self.url = f"http://127.0.0.1:{gateway.port}"

    @staticmethod
    def environment(**more):
        return bare(**more)

    def script(self, *arguments, name="stargate-users.sh", **environment):
        """One call of our script, without a terminal."""
        return subprocess.run(
            ["bash", str(SCRIPTS / name), *arguments], env=bare(**environment), cwd=self.work, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def users(self, *arguments, name="stargate-users.sh", status=0, **environment):
        """One call of our script: its answer as JSON where it has one, and what it printed."""
        environment = environment or {"STARGATE_URL": self.url, "STARGATE_MASTER_KEY": MASTER_KEY}
        ended = self.script(*arguments, name=name, **environment)
        assert ended.returncode == status, (arguments, ended.returncode, ended.stdout, ended.stderr)
        return json.loads(ended.stdout) if ended.stdout.startswith("{") else ended.stdout + ended.stderr

    def document(self, script, *arguments):
        """A script of document 000, as it stands there but for the example's address."""
        text = (HERE / script).read_text().replace("https://sandbox.cloudfront.net", self.url)
        copy = self.work / script
        copy.write_text(text)
        secrets = {"LITELLM_MASTER_KEY": MASTER_KEY, "ADMIN_HEADER_SECRET": "not configured, so not asked for"}
        ended = subprocess.run(
            ["bash", str(copy), *arguments], env=bare(**secrets), capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 0 and not ended.stderr, (script, ended.stdout, ended.stderr)
        return ended.stdout

    def test_the_status_line_of_the_documents_shows_the_budget(self):
        documents = (HERE.parents[2] / "docs" / "API.md").read_text()
        line = next(line for line in documents.splitlines() if line.startswith('{"statusLine"'))
        command = json.loads(line)["statusLine"]["command"]
        self.users("create-user", "--email", "line@example.com", "--budget", "20")
        key = self.gateway.call("POST", "/key/generate", {"user_id": "line@example.com"})[1]["key"]
        for secret in ["ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"]:
            for base in [self.url, f"{self.url}/v1"]:
                environment = bare(ANTHROPIC_BASE_URL=base, **{secret: key})
                shown = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60)
                assert shown.stdout == "$0.00 of $20.00 spent (user line@example.com)\n", (shown.stdout, shown.stderr)

    def test_users_are_made_shown_changed_and_deleted(self):
        made = self.users(
            "create-user", "--email", "dev@example.com", "--budget", "10", "--duration", "monthly",
            "--models", '["claude-haiku-4-5"]',
        )  # fmt: skip
        assert made["user_id"] == "dev@example.com" and made["max_budget"] == 10 and made["models"] == ["claude-haiku-4-5"]
        assert self.users("update-budget", "--user-id", "dev@example.com", "--budget", "12.5")["data"]["max_budget"] == 12.5
        info = self.users("get-user", "dev@example.com")
        assert info["max_budget"] == 12.5 and info["budget_duration"] == "monthly"
        assert "dev@example.com" in [user["user_id"] for user in self.users("list-users")["users"]]
        assert self.users("delete-user", "dev@example.com")["deleted_users"] == 1
        assert "not found" in self.users("get-user", "dev@example.com", status=1)

    def test_keys_are_made_listed_and_deleted(self):
        made = self.users("create-key", "--alias", 'a "quoted" \\ key', "--budget", "5", "--duration", "monthly")
        assert made["key"].startswith("sk-") and made["key_alias"] == 'a "quoted" \\ key'
        # The document's `--duration` is the budget's, not the key's.
        assert made["budget_duration"] == "monthly" and made["expires"] is None
        assert made["key_alias"] in [key["key_alias"] for key in self.users("list-keys")["keys"]]
        assert self.users("delete-key", made["key"])["deleted_keys"] == [made["key"]]
        # By its alias, and by its hash.
        self.users("create-key", "--alias", "ci")
        assert self.users("delete-key", "ci")["deleted_keys"] == ["ci"]
        hashed = self.users("create-key", "--alias", "ci")["token_id"]
        assert self.users("delete-key", hashed)["deleted_keys"] == [hashed]
        assert "No keys found" in self.users("delete-key", "ci", status=1)

    def test_it_answers_to_litellms_names(self):
        old = {"LITELLM_URL": self.url + "/", "LITELLM_MASTER_KEY": MASTER_KEY, "ADMIN_HEADER_SECRET": "x"}
        assert "users" in self.users("list-users", name="litellm-users.sh", **old)

    def test_mistakes_are_told_and_send_nothing(self):
        for arguments, part in [
            (["create-user"], "--email must be given"),
            (["create-user", "--mail", "x"], "unknown option: --mail"),
            (["create-user", "--email", "a\nb"], "control characters"),
            (["get-user"], "USER_ID must be given\n  get-user USER_ID"),
            (["fly"], "unknown command: fly"),
        ]:
            assert part in self.users(*arguments, status=2), arguments
        assert "Usage" in self.users("help") and "Usage" in self.users()
        assert "set STARGATE_MASTER_KEY" in self.users("list-users", status=2, STARGATE_URL=self.url)
        wrong = self.users("list-users", status=1, STARGATE_URL=self.url, STARGATE_MASTER_KEY="sk-wrong")
        assert "Invalid API key" in wrong
        bad = self.users("create-user", "--email", "x@y", "--budget", '5, "user_role": "proxy_admin"', status=2)
        assert "--budget must be a plain number" in bad
        assert "litellm-users.sh COMMAND" in self.users("help", name="litellm-users.sh")

    def test_without_a_master_key_calls_are_signed(self):
        seen = []

        class Echo(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(dict(self.headers))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"users": []}')

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}"
            self.users(
                "list-users", STARGATE_URL=url, AWS_ACCESS_KEY_ID="AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY="secret/+",
                AWS_SESSION_TOKEN="token", AWS_REGION="eu-west-1",
            )  # fmt: skip
            server.shutdown()
        (headers,) = seen
        signature = headers["Authorization"]
        assert signature.startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/") and "/eu-west-1/execute-api/" in signature
        assert headers["x-amz-security-token"] == "token" and "x-amz-security-token" in signature

    def test_document_000_create_user(self):
        printed = self.document("create-user.sh", "mario@company.com", "100")
        user, key = [json.loads(line) for line in printed.splitlines()]
        assert user["user_id"] == "mario@company.com" and user["max_budget"] == 100
        assert user["models"] == ["claude-haiku-4-5", "claude-sonnet-4-5"] and user["budget_duration"] == "monthly"
        assert key["key_alias"] == "mario-default" and key["expires"] and key["user_id"] == "mario@company.com"

    def test_document_000_usage_report(self):
        self.gateway.admin("POST", "/user/new", {"user_id": "half", "max_budget": 50})
        self.gateway.admin("POST", "/user/new", {"user_id": "unlimited"})
        printed = self.document("usage-report.sh")
        assert printed.startswith("=== User Spend Report ===\n\n")
        assert "half: $0/50 (0%)" in printed, printed
        assert "unlimited: $0/1000000000000 (0%)" in printed, printed


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--gateway", required=True)
    arguments.add_argument("--work", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    binary, work = os.path.abspath(options.gateway), options.work.resolve()
    gateway = Gateway(binary, str(work))
    failed = 0
    try:
        suite = Suite(binary, gateway, work)
        tests = [name for name in dir(Suite) if name.startswith("test_")]
        for name in tests:
            try:
                getattr(suite, name)()
                print(f"ok      {name}")
            except Exception as error:
                failed += 1
                print(f"FAILED  {name}: {error!r}")
    finally:
        gateway.stop()
    print(f"measured: scripts: {len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
