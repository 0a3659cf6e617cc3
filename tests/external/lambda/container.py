"""The same functions as one server: both ports, what Lambda would not take, health, and its end."""

import http.client
import json
import signal
import subprocess
import time
import tomllib
import urllib.error
from pathlib import Path
from threading import Thread

from client import asked, call, streamed, streams_as_it_is_made
from gateway import free_port
from watch import Started

ROOT = Path(__file__).resolve().parents[3]
OWN_CRATES = ("budget_reset", "inference", "management", "server", "shared", "stargate_core", "stargate_server")
FROM_CLOUDFRONT = {"x-stargate-origin": "of-cloudfront"}


class Server(Started):
    def __init__(self, binary, services, folder, name, settings=None):
        self.public, self.admin = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        addresses = {
            "STARGATE_PUBLIC_ADDRESS": self.public.removeprefix("http://"),
            "STARGATE_ADMIN_ADDRESS": self.admin.removeprefix("http://"),
        }
        environment = {**services.environment(), **addresses, **(settings or {})}
        super().__init__([binary], folder / f"server-{name}.log", environment)

    def listens(self):
        self.said('"listening"', 30)
        return self

    def ends(self, seconds):
        """Asks it to end, and waits: how long it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(seconds) == 0, self.log.read_text()
        return time.monotonic() - begun


def tries(binary, services, folder, origin):
    """Each with its name."""
    made = []

    def server(name, settings=None):
        made.append(Server(binary, services, folder, name, {"STARGATE_ORIGIN_SECRET": origin, **(settings or {})}))
        return made[-1]

    def ended(name, attempt):
        def run():
            try:
                attempt()
            finally:
                while made:
                    made.pop().stop()

        return name, run

    return [
        ended("container: both ports", lambda: both_ports(server("ports").listens(), services)),
        ended("container: health", lambda: health(server)),
        ended("container: RUST_LOG=trace logs no prompt and no secret", lambda: keeps_secrets(server, services)),
        ended("container: every program says its version", lambda: versions(Path(binary).parent, server)),
        ended("container: streams end before it does", lambda: ends_gently(server("gentle").listens(), services)),
        ended("container: what it drops it settles", lambda: settles(server, services)),
        ended("container: no IAM", lambda: no_iam(server)),
    ]


def both_ports(server, services):
    public, admin = server.public, server.admin
    print(f"measured: from a container {streams_as_it_is_made(public, services.demo_key, FROM_CLOUDFRONT)}")
    large = {"model": "claude-haiku-4-5", "max_tokens": 10, "messages": [{"role": "user", "content": "x" * (7 << 20)}]}
    status, _, told = call(public, "POST", "/v1/messages", services.demo_key, large, FROM_CLOUDFRONT)
    # Too much for the model's window, and let in by the gateway: Lambda would have answered 413.
    assert status in (200, 400) and "type" in told, (status, told)
    status, _, told = call(public, "GET", "/v1/models", services.demo_key)
    assert status == 403, (status, told)
    user = {"user_id": "of-a-container", "max_budget": 5}
    assert call(admin, "POST", "/user/new", services.master_key, user)[0] == 200
    assert call(admin, "POST", "/user/new", services.demo_key, user)[0] in (401, 403)
    # Nobody administers on the public port, and nothing is inferred on the other.
    for url, path, key, body, refused in (
        (public, "/user/new", services.master_key, user, 401),
        (public, "/user/new", services.demo_key, user, 403),
        (admin, "/v1/messages", services.demo_key, asked(1, 0), 404),
    ):
        status, _, told = call(url, "POST", path, key, body, FROM_CLOUDFRONT)
        assert status == refused, (path, status, told)
    own = call(public, "POST", "/key/generate", services.demo_key, {"key_alias": "of-a-container"}, FROM_CLOUDFRONT)
    assert own[0] == 200, own


def health(server):
    good = server("good").listens()
    for url in (good.public, good.admin):
        for path in ("/health/liveliness", "/health/liveness", "/health/readiness"):
            assert call(url, "GET", path)[0] == 200, (url, path)
    lost = server("lost", {"AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{free_port()}"}).listens()
    assert call(lost.public, "GET", "/health/liveliness")[0] == 200
    assert call(lost.public, "GET", "/health/readiness")[0] == 503


def keeps_secrets(server, services):
    """Other crates log warnings at most, whatever is asked for: their debug lines show what is sent."""
    loud = server("trace", {"RUST_LOG": "trace,hyper=trace,aws_smithy_runtime=trace"}).listens()
    word = "plum-cake-71542"
    prompt = {"model": "claude-haiku-4-5", "max_tokens": 99, "messages": [{"role": "user", "content": f"Say {word}."}]}
    answer = call(loud.public, "POST", "/v1/messages", services.demo_key, prompt, FROM_CLOUDFRONT)
    assert answer[0] == 200 and word in json.dumps(answer[2]), answer
    key = call(loud.admin, "POST", "/key/generate", services.master_key, {"key_alias": "of-a-loud-one"})
    assert key[0] == 200, key
    log = loud.log.read_text()
    assert '"message":"settled"' in log, log
    for event in map(json.loads, log.splitlines()):
        crate = event["target"].split("::")[0]
        assert crate in OWN_CRATES or event["level"] in ("WARN", "ERROR"), event
    for secret in (word, services.demo_key, services.master_key, key[2]["key"], FROM_CLOUDFRONT["x-stargate-origin"]):
        assert secret not in log, f"the log has {secret}"


def versions(programs, server):
    """By `--version`, in the health routes, in a header of every response, and in the first line of the log."""
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    for program in ("inference", "management", "budget-reset", "stargate", "stargate-server"):
        printed = subprocess.run([programs / program, "--version"], capture_output=True, text=True, timeout=20, check=True)
        assert printed.stdout == f"{program} {version}\n", (program, printed)
    started = server("version").listens()
    assert call(started.public, "GET", "/health/readiness")[2]["version"] == version
    for url, path in ((started.public, "/v1/models"), (started.admin, "/user/list"), (started.admin, "/openapi.json")):
        headers = call(url, "GET", path, headers=FROM_CLOUDFRONT)[1]
        assert headers["x-stargate-version"] == version, (path, headers)
    first = json.loads(started.log.read_text().splitlines()[0])
    assert (first["message"], first["version"]) == ("started", version), first


def ends_gently(server, services):
    events = streamed(server.public, services.demo_key, deltas=20, pause_ms=100, headers=FROM_CLOUDFRONT)
    assert next(events)[0] == "message_start"
    server.process.send_signal(signal.SIGTERM)
    rest = [name for name, _ in events]
    assert rest[-1] == "message_stop" and rest.count("content_block_delta") == 20, rest
    assert server.process.wait(20) == 0, server.log.read_text()
    try:
        call(server.public, "GET", "/health/liveliness")
        raise AssertionError("it answers after its end")
    except urllib.error.URLError:
        pass


def settles(server, services):
    def spent():
        told = call(watching.admin, "GET", "/user/info?user_id=demo", services.master_key)[2]
        return float(told["user_info"]["spend"])

    watching = server("watching").listens()
    short = server("short", {"STARGATE_STOP_SECONDS": "1"}).listens()
    before, answered, slow = spent(), [], {**asked(1, 0, head_ms=10_000), "stream": False}
    events = streamed(short.public, services.demo_key, deltas=100, pause_ms=100, headers=FROM_CLOUDFRONT)
    assert next(events)[0] == "message_start"
    whole = Thread(target=lambda: answered.append(call(short.public, "POST", "/v1/messages", services.demo_key, slow, FROM_CLOUDFRONT)))
    whole.start()
    time.sleep(0.5)
    took = short.ends(20)
    whole.join(20)
    assert took < 5, f"it took {took:.1f} s to end"
    assert not answered or answered[0][0] == 503, answered
    try:
        names = [name for name, _ in events]
    except (http.client.HTTPException, OSError):
        names = []
    assert "message_stop" not in names, "the stream of ten seconds ended within one"
    # At once, and not when a sweep finds the lease.
    assert spent() > before, "what was dropped is not charged"
    log = short.log.read_text()
    assert log.count('"message":"abandoned"') == 2 and log.count('"status":"cancelled"') == 2, log
    print(f"measured: a container with an open stream of ten seconds and one to stop in ended after {took:.2f} s, settled")


def no_iam(server):
    refused = server("iam", {"STARGATE_ADMIN_AUTH": "iam"})
    assert refused.process.wait(20) != 0
    assert "needs API Gateway" in refused.log.read_text()
