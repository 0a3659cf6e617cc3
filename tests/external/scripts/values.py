"""Values of the script's options: hostile ones are refused or arrive as the text that they are, and nothing else is sent."""

import http.server
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import threading
import time
import urllib.parse

from gateway import MASTER_KEY

HASH = "0123456789abcdef" * 4

# For every option of every command.
HOSTILE = [
    '5, "user_role": "proxy_admin"', '"', '"}', '", "user_role": "proxy_admin', "\\", '\\"', "'", "{}", '{"a": 1}', "null", "true",
    "$(touch injected)", "`touch injected`", "; touch injected", "a & touch injected", "${master_key}", "%s%n", "@/etc/passwd",
    "x&user_role=proxy_admin", "x#y", "../user/delete", "a b", "é€", "-", "*", "a\nb", "a\r\nX-Injected: 1", "a\tb", "\x01", "\x7f", "",
    "--budget", "--models", "fifty", "50,5", "$50", "-1", "+5", "NaN", "Infinity", "1e400", "1e3", "5.", ".5", "007", "0x10", " 5", "5 ",
    "30days", "1month", "0d", "-1d", "1.5h", "monthly ", "Monthly", "1d; 2d",
    '["a"], "user_role": "proxy_admin"', '["a", 5]', '["a",]', "[a]", '["a"', '["a\\"", "b"]', '["a" "b"]', '["a", "a"]', "a,,b", ",a", "a,",
    "a,a", '[["a"]]', '["a"]]', '[""]', 'a"b,c', "sk-...abcd", "sk-", "sk-a b c d e f g h", "A" * 600,
]  # fmt: skip

# The options of each command, with good values, and the fields in which they are sent.
COMMANDS = {
    "create-user": {
        "--email": ("dev@example.com", "user_id"), "--budget": ("5", "max_budget"), "--duration": ("1mo", "budget_duration"),
        "--models": ("a", "models"),
    },
    "update-budget": {"--user-id": ("dev", "user_id"), "--budget": ("5", "max_budget")},
    "create-key": {
        "--alias": ("laptop", "key_alias"), "--budget": ("5", "max_budget"), "--duration": ("1mo", "budget_duration"),
        "--user-id": ("dev", "user_id"), "--models": ("a", "models"),
    },
}  # fmt: skip
FIELDS = {"user_id", "user_email", "key_alias", "max_budget", "budget_duration", "models", "user_ids", "keys", "key_aliases"}


class Recorder:
    """A gateway that notes every request, and answers each alike."""

    def __init__(self):
        self.seen = []
        seen = self.seen

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                url = urllib.parse.urlsplit(self.path)
                query = urllib.parse.parse_qs(url.query, keep_blank_values=True, errors="strict")
                seen.append((self.command, url.path, query, body, self.headers))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Values:
    """Tests of the suite. `self.script` runs the script; see run.py."""

    def recorded(self, recorder, *arguments):
        """What a call of the script sent, and how it ended."""
        recorder.seen.clear()
        ended = self.script(*arguments, STARGATE_URL=recorder.url, STARGATE_MASTER_KEY=MASTER_KEY)
        assert not (self.work / "injected").exists(), arguments
        for *_, headers in recorder.seen:
            assert headers["X-Injected"] is None and headers["Authorization"] == f"Bearer {MASTER_KEY}", arguments
        return ended, list(recorder.seen)

    def check_body(self, arguments, ended, seen, field, value):
        """Refused before anything was sent; or sent as it is, in its field. Which of both is answered."""
        if not seen:
            assert ended.returncode == 2 and ended.stderr.startswith("stargate-users.sh: "), (arguments, ended)
            assert not ended.stdout, (arguments, ended)
            return False
        assert ended.returncode == 0, (arguments, ended)
        body = json.loads(seen[-1][3])
        assert set(body) <= FIELDS, (arguments, body)
        if field == "max_budget":
            assert isinstance(body[field], (int, float)), (arguments, body)
        elif field == "models":
            assert all(isinstance(name, str) for name in body[field]), (arguments, body)
            assert len(set(body[field])) == len(body[field]), (arguments, body)
        else:
            assert body[field] == value, (arguments, body)
        return True

    def test_hostile_values_of_options_are_refused_or_stay_what_they_are(self):
        recorder = Recorder()
        for command, options in COMMANDS.items():
            for option, (_, field) in options.items():
                for value in HOSTILE:
                    given = {name: good for name, (good, _) in options.items()} | {option: value}
                    arguments = [command, *(word for pair in given.items() for word in pair)]
                    ended, seen = self.recorded(recorder, *arguments)
                    is_sent = self.check_body(arguments, ended, seen, field, value)
                    assert not is_sent or field not in ("max_budget", "budget_duration"), (arguments, seen)
        recorder.stop()

    def test_hostile_arguments_are_refused_or_stay_what_they_are(self):
        recorder = Recorder()
        for value in HOSTILE:
            ended, seen = self.recorded(recorder, "get-user", value)
            if seen:
                assert seen == [("GET", "/user/info", {"user_id": [value]}, "", seen[0][4])], seen
            else:
                assert ended.returncode == 2, (value, ended)
            for command, fields in [("delete-user", ["user_ids"]), ("delete-key", ["keys", "key_aliases"])]:
                ended, seen = self.recorded(recorder, command, value)
                if seen:
                    body = json.loads(seen[0][3])
                    assert list(body) in [[field] for field in fields] and list(body.values()) == [[value]], (command, value, body)
                else:
                    assert ended.returncode == 2, (command, value, ended)
        recorder.stop()

    def test_good_values_arrive(self):
        recorder = Recorder()
        for option, value, field, want in [
            *[("--budget", text, "max_budget", number) for text, number in [("0", 0), ("50", 50), ("12.5", 12.5), ("0.000001", 1e-6)]],
            *[("--duration", text, "budget_duration", text) for text in
              "30s 30m 24h 7d 30d 2w 1mo 1y hourly daily weekly monthly yearly".split()],
            ("--models", '["a"]', "models", ["a"]),
            ("--models", '[ "a" , "claude-sonnet-4-5[1m]" ]', "models", ["a", "claude-sonnet-4-5[1m]"]),
            ("--models", "[]", "models", []),
            ("--models", "a, bedrock/anthropic.* ,claude-sonnet-4-5[1m]", "models", ["a", "bedrock/anthropic.*", "claude-sonnet-4-5[1m]"]),
        ]:  # fmt: skip
            ended, seen = self.recorded(recorder, "create-user", "--email", "x@y", option, value)
            assert ended.returncode == 0 and json.loads(seen[0][3]) == {"user_id": "x@y", "user_email": "x@y", field: want}, (value, ended)
        for key, field in [("sk-litellm-xxx", "keys"), (HASH, "keys"), ("laptop", "key_aliases"), (HASH[1:], "key_aliases")]:
            ended, seen = self.recorded(recorder, "delete-key", key)
            assert json.loads(seen[0][3]) == {field: [key]}, (key, ended)
        recorder.stop()

    def test_arguments_that_a_command_does_not_take_fail_with_its_usage(self):
        recorder = Recorder()
        for arguments, part in [
            (["list-users", "--page", "2"], "unexpected argument: --page\n  list-users\n"),
            (["list-keys", "x"], "unexpected argument: x\n  list-keys\n"),
            (["get-user"], "USER_ID must be given\n  get-user USER_ID\n"),
            (["get-user", "a", "b"], "unexpected argument: b\n  get-user USER_ID\n"),
            (["delete-user", "--force"], "unknown option: --force\n  delete-user USER_ID\n"),
            (["delete-key"], "KEY must be given\n  delete-key KEY\n"),
            (["delete-key", "sk-...abcd"], "is what a list shows of a key"),
            (["create-user", "dev@x"], "unexpected argument: dev@x\n  create-user --email EMAIL"),
            (["create-user", "--email"], "--email needs a value\n  create-user"),
            (["create-user", "--email", "--budget", "5"], "--email needs a value, and --budget is an option\n"),
            (["create-user", "--email", "x", "--email", "y"], "--email is given twice\n"),
            (["create-user", "--email", "x", "--alias", "y"], "unknown option: --alias\n  create-user"),
            (["create-user", "--email", "x", "--budget", "$50"], "--budget must be a plain number of US dollars"),
            (["create-user", "--email", "x", "--budget", "50,5"], "such as 50 or 12.5, not '50,5'"),
            (["create-user", "--email", "x", "--duration", "30days"], "--duration must be a period such as 30s 30m 24h"),
            (["create-user", "--email", "x", "--models", '{"a"}'], "--models must be names of models, such as claude-haiku-4-5,"),
            (["create-user", "--email", "x", "--models", "a,a"], "--models has a twice"),
            (["update-budget", "--user-id", "x"], "--user-id and --budget must be given\n  update-budget"),
            (["create-key", "--create-user"], "--create-user needs --user-id\n  create-key"),
            (["help", "x"], "unexpected argument: x"),
        ]:
            ended, seen = self.recorded(recorder, *arguments)
            assert ended.returncode == 2 and part in ended.stderr and not seen, (arguments, ended, seen)
        recorder.stop()

    def test_secrets_of_the_environment_stay_what_they_are(self):
        recorder = Recorder()
        for secret in ['a"\nurl = "http://127.0.0.1:1', "a\r\nX-Injected: 1"]:
            for name in ["STARGATE_MASTER_KEY", "STARGATE_ADMIN_SECRET", "AWS_SESSION_TOKEN", "STARGATE_URL"]:
                environment = {"STARGATE_URL": recorder.url, "STARGATE_MASTER_KEY": MASTER_KEY, name: secret}
                ended = self.script("list-users", **environment)
                assert ended.returncode == 2 and f"{name}: control characters" in ended.stderr, (name, ended)
        assert not recorder.seen
        quoted = 'a"\\b'
        ended = self.script("list-users", STARGATE_URL=recorder.url, STARGATE_MASTER_KEY=MASTER_KEY, STARGATE_ADMIN_SECRET=quoted)
        assert ended.returncode == 0 and recorder.seen[0][4]["X-Admin-Secret"] == quoted, ended
        recorder.stop()

    def test_without_bash_it_says_so(self):
        shell = next((shell for shell in ["/bin/dash", "/bin/busybox"] if os.path.exists(shell)), None)
        assert shell, "a shell that is not bash"
        arguments = [shell, "sh"] if shell.endswith("busybox") else [shell]
        script = pathlib.Path(self.scripts) / "stargate-users.sh"
        ended = subprocess.run([*arguments, str(script), "help"], capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended
        assert "this script needs bash: run it as" in ended.stderr, ended

    def test_a_missing_user_is_made_only_by_consent(self):
        user = "ghost@example.com"
        unknown = lambda: self.gateway.call("GET", f"/user/info?user_id={user}")[0] == 404  # noqa: E731
        ended = self.users("create-key", "--user-id", user, "--alias", "ghost", status=2)
        assert f"user {user} does not exist" in ended and "--create-user" in ended and unknown(), ended
        for reply in ["n", "", "nonsense", "\x04"]:
            ended = self.on_terminal(reply, "create-key", "--user-id", user, "--alias", "ghost")
            assert f"User {user} does not exist. Create it without limits? [y/N]" in ended[1] and ended[0] == 2, ended
            assert "nothing was created" in ended[1] and unknown(), ended
        status, shown = self.on_terminal("y", "create-key", "--user-id", user, "--alias", "ghost")
        assert status == 0 and '"key_alias": "ghost"' in shown and not unknown(), shown
        # Who is there is asked for nothing, and consent for who is there is no harm.
        made = self.users("create-key", "--user-id", user, "--alias", "second")
        assert made["user_id"] == user
        made = self.users("create-key", "--user-id", "ghost2", "--create-user", "--budget", "1")
        assert made["user_id"] == "ghost2" and made["max_budget"] == 1
        assert self.users("create-key", "--user-id", "ghost2", "--create-user")["user_id"] == "ghost2"
        # No other command makes one.
        assert "not found" in self.users("update-budget", "--user-id", "ghost3", "--budget", "5", status=1)
        # Who may not look is told why, and nothing is made.
        wrong = {"STARGATE_URL": self.url, "STARGATE_MASTER_KEY": "sk-wrong-wrong-wrong"}
        assert "Invalid API key" in self.users("create-key", "--user-id", "ghost3", "--create-user", status=1, **wrong)
        assert self.gateway.call("GET", "/user/info?user_id=ghost3")[0] == 404

    def on_terminal(self, reply, *arguments):
        """The script on a terminal whose user types `reply`: its status, and what the terminal shows."""
        leader, follower = pty.openpty()
        environment = self.environment(STARGATE_URL=self.url, STARGATE_MASTER_KEY=MASTER_KEY)
        command = ["bash", str(self.scripts / "stargate-users.sh"), *arguments]
        process = subprocess.Popen(command, env=environment, stdin=follower, stdout=follower, stderr=follower, cwd=self.work)
        os.close(follower)
        shown, is_asked, deadline = b"", False, time.monotonic() + 60
        while time.monotonic() < deadline:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    shown += os.read(leader, 65536)
                except OSError:
                    break
            if not is_asked and b"[y/N]" in shown:
                is_asked = True
                os.write(leader, reply.encode() if reply == "\x04" else reply.encode() + b"\n")
        os.close(leader)
        return process.wait(60), re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
