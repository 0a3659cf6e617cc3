"""The gateway under test: one process on a free port, in memory, and its management API."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from decimal import Decimal

MASTER_KEY = "sk-master-of-the-external-suite"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Management:
    """The management API of what answers on `port`, by the master key."""

    port = None

    def call(self, method, path, body=None):
        """One management call: the status, and the answer with its numbers exact."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {MASTER_KEY}"}
            if body is not None:
                headers["Content-Type"] = "application/json"
                body = json.dumps(body)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text, parse_float=Decimal)
        except ValueError:
            return answer.status, text

    def admin(self, method, path, body=None):
        """A management call that must succeed."""
        status, answer = self.call(method, path, body)
        if not 200 <= status < 300:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def developer(self, user, budget=100, **limits):
        """A user with a monthly budget, and the key that was made for them."""
        terms = {"user_id": user, "max_budget": budget, "budget_duration": "monthly", **limits}
        self.admin("POST", "/user/new", terms)
        answer = self.admin("POST", "/key/generate", {"user_id": user, "key_alias": f"{user}-laptop"})
        return answer["key"]

    def spent_by_user(self, user):
        info = self.admin("GET", f"/user/info?user_id={user}")
        return Decimal(info["spend"] if "spend" in info else info["user_info"]["spend"])

    def spend_logs(self, start, end):
        """All rows of the log from one day to another, each once: one that is new shifts those on later pages."""
        rows = {}
        for page in range(1, 100):
            asked = f"start_date={start}&end_date={end}&page={page}&page_size=1000"
            found = self.admin("GET", f"/spend/logs?{asked}")
            rows |= {row["request_id"]: row for row in found}
            if len(found) < 1000:
                return list(rows.values())
        raise AssertionError("the log has no end")


class Gateway(Management):
    """Starts `binary --in-memory` and waits until it answers; `stop` ends it."""

    def __init__(self, binary, folder):
        self.port = free_port()
        self.log = os.path.join(folder, "gateway.log")
        environment = {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "HOME": folder,
            "STARGATE_MASTER_KEY": MASTER_KEY,
        }
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [binary, "--in-memory", "--port", str(self.port)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the gateway ended with {self.process.returncode}:\n{self.tail()}")
            try:
                if self.call("GET", "/user/list")[0] == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise RuntimeError(f"no answer from the gateway in {seconds} s:\n{self.tail()}")
            time.sleep(0.1)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def tail(self, lines=40):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    @property
    def stand_in(self):
        """Where its scripted Bedrock is."""
        with open(self.log, encoding="utf-8") as log:
            return re.search(r"Bedrock is scripted, at (\S+),", log.read())[1]
