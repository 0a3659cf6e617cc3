"""`stargate services` and `cargo lambda watch`: the functions under the Lambda runtime's interface, beside stand-ins of AWS."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gateway import MASTER_KEY, Management, free_port

ROOT = Path(__file__).resolve().parents[3]


class Started:
    """A process of ours with its output in a file, ended with all that it started."""

    def __init__(self, command, log, environment=None):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self, pattern, seconds):
        """What it printed, once the pattern is in it."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.log.read_text(errors="replace"))):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"{self.log}: no {pattern!r}\n{self.log.read_text(errors='replace')[-3000:]}")
            time.sleep(0.1)
        return found

    def stop(self):
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        # What it has started may be there still.
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def or_stop(self, ready):
        """What `ready` tells once it is, or the end of it."""
        try:
            return ready()
        except BaseException:
            self.stop()
            raise


class Services(Started):
    def __init__(self, gateway, folder, settings=None):
        self.env_file = folder / "services.env"
        command = [gateway, "--in-memory", "services", "--env-file", self.env_file]
        super().__init__(command, folder / "services.log", settings)
        said = self.or_stop(lambda: self.said(r"Bearer (\S+)\nThe demo user's key: (\S+)", 60))
        self.master_key, self.demo_key = said[1], said[2]

    def put_secret(self, arn, value):
        """Has the stand-in of Secrets Manager keep a secret."""
        put = json.dumps({"SecretId": arn, "SecretString": value}).encode()
        target = {"x-amz-target": "secretsmanager.PutSecretValue"}
        url = self.environment()["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
        urllib.request.urlopen(urllib.request.Request(url, put, target)).read()

    def environment(self):
        return dict(line.split("=", 1) for line in self.env_file.read_text().splitlines())


class Watch(Started):
    """`cargo lambda watch`, whose functions are given the services' environment and these settings."""

    def __init__(self, services, folder, name, settings=None, processes=1):
        self.port = free_port()
        env_file = folder / f"{name}.env"
        environment = {**services.environment(), **(settings or {})}
        env_file.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        # Lambda runs a process for each request at a time; more than a few would wait for each other on a small machine.
        processes = ["--concurrency", processes] if processes > 1 else []
        command = ["cargo", "lambda", "watch", "-A", "127.0.0.1", "-P", self.port, "--env-file", env_file, "--no-reload", *processes]
        super().__init__(command, folder / f"{name}.log")
        self.url = f"http://127.0.0.1:{self.port}"
        self.or_stop(lambda: self._answers(600))

    def _answers(self, seconds):
        end = time.monotonic() + seconds
        while not self._found_nothing():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(self.log.read_text(errors="replace")[-3000:])
            time.sleep(0.1)

    def _found_nothing(self):
        """Whether a function says that there is no such path: until one has been compiled and runs there is another failure."""
        try:
            urllib.request.urlopen(f"{self.url}/nothing", timeout=600)
        except urllib.error.HTTPError as error:
            # To its end: a client that leaves in the middle ends the function here, as it does not on AWS.
            error.read()
            return error.code < 500
        except OSError:
            return False
        raise RuntimeError("/nothing was found")


class Watched(Management):
    """The whole gateway under `cargo lambda watch`, on one port by its router."""

    def __init__(self, binary, folder, processes):
        self.services = Services(binary, Path(folder), {"STARGATE_MASTER_KEY": MASTER_KEY})
        try:
            self.watch = Watch(self.services, Path(folder), "watched", processes=processes)
            self.port, self.log = self.watch.port, self.watch.log
            self._warm(processes)
        except BaseException:
            self.stop()
            raise

    def _warm(self, processes, seconds=300):
        """Has every process of both functions started: it starts one when no other is free, and until that runs answers 500."""
        end, good = time.monotonic() + seconds, 0
        asked = ["/model/info", "/v1/models"] * processes
        while good < 3:
            with ThreadPoolExecutor(len(asked)) as pool:
                statuses = list(pool.map(self._status, asked))
            good = good + 1 if all(status < 500 for status in statuses) else 0
            if time.monotonic() > end:
                raise RuntimeError(f"{statuses}: {self.log.read_text(errors='replace')[-3000:]}")

    def _status(self, path):
        try:
            return self.call("GET", path)[0]
        except (OSError, http.client.HTTPException):
            return 599

    @property
    def stand_in(self):
        return self.services.environment()["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]

    def stop(self):
        if watch := getattr(self, "watch", None):
            watch.stop()
        self.services.stop()
