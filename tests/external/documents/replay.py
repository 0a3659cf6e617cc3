"""The commands of a document: read from its file, and run by bash and curl against a gateway of its own."""

import http.client
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
from decimal import Decimal

HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = HERE.parents[2] / "infra" / "scripts"
sys.path.insert(0, str(HERE.parent / "shared"))

from gateway import MASTER_KEY, Gateway  # noqa: E402, F401

NAME = re.compile(r"^# ([a-z0-9_]+)$", re.MULTILINE)
CALL = re.compile(r"^ *(?:curl|\./)", re.MULTILINE)
# What the options of the script are called in a body; any other has the name of its field.
OPTIONS = {"--email": "user_email", "--budget": "max_budget", "--duration": "budget_duration", "--alias": "key_alias"}
SECONDS = 30


def commands(document):
    """The commands of a document's file by their names: one call after each name's comment, and nothing beside them."""
    head, *parts = NAME.split((HERE / f"{document}.sh").read_text())
    names, texts = parts[::2], [text.strip("\n") for text in parts[1::2]]
    assert all(line.startswith("#") or not line for line in head.splitlines()), f"{document}: a command without a name"
    for name, text in zip(names, texts):
        assert len(CALL.findall(text)) == 1 and "\n\n" not in text, f"{document} {name}: not one call but\n{text}"
    assert len(set(names)) == len(names), f"{document}: a name is given twice"
    return dict(zip(names, texts))


def printed(document):
    """What a document prints as answers, by the names of the commands."""
    return parsed((HERE / f"{document}.json").read_text())


def parsed(text):
    """JSON with its numbers exact; any other text as it is."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        return text


def request(port, method, path, body=None, **headers):
    """One call without curl: its status, its answer and its headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, parsed(answer.read().decode()), answer.headers
    finally:
        connection.close()


class GuardedGateway(Gateway):
    """A gateway that asks administrators for a second secret too."""

    def __init__(self, binary, folder, admin_secret):
        self.admin_secret = admin_secret
        guarded = pathlib.Path(folder) / "guarded"
        setting = f"STARGATE_ADMIN_SECRET={shlex.quote(admin_secret)}"
        guarded.write_text(f'#!/bin/sh\n{setting} exec {shlex.quote(binary)} "$@"\n')
        guarded.chmod(0o755)
        super().__init__(str(guarded), folder)

    def call(self, method, path, body=None):
        secrets = {"Authorization": f"Bearer {MASTER_KEY}", "X-Admin-Secret": self.admin_secret}
        return request(self.port, method, path, body, **secrets)[:2]


class Document:
    """A document's commands, the gateway they are replayed against, and what is known of it so far."""

    def __init__(self, name, gateway, folder, scripts, **variables):
        self.name, self.gateway, self.scripts = name, gateway, scripts
        self.variables = variables
        self.commands = commands(name)
        self.keys = {}  # the secrets that were made, by alias
        self.user = None  # the id that a command's user got
        self.replayed = set()
        self.transcript = []  # what the check that runs now has replayed
        self.notes = []
        # Options of curl that a document's line cannot carry: they end it, and have it print its status.
        self.bounded, self.telling = folder / "bounded", folder / "telling"
        self._curlrc(self.bounded, "")
        self._curlrc(self.telling, 'silent\nshow-error\nwrite-out = "\\n%{http_code}\\n"\n')

    def _curlrc(self, home, options):
        home.mkdir(parents=True)
        (home / ".curlrc").write_text(f"max-time = {SECONDS - 10}\n{options}")

    def run(self, name, **variables):
        """Runs a command as it stands in the document, with the variables set."""
        text = self.commands[name]
        self.replayed.add(name)
        home = self.bounded if text.startswith("./") else self.telling
        path = os.environ.get("PATH", "/usr/bin:/bin")
        ended = subprocess.run(
            ["bash", "-eu", "-c", text],
            cwd=self.scripts,
            env={"PATH": path, "HOME": str(home), **self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        self.transcript.append(f"{text}\n{ended.stdout}{ended.stderr}".rstrip())
        return ended

    def succeeds(self, name, **variables):
        ended = self.run(name, **variables)
        wanted = f"the command to end with status 0 and no complaint, not with {ended.returncode}"
        assert ended.returncode == 0 and not ended.stderr, wanted
        return ended

    def answers(self, name, **variables):
        """The answers of a curl line with their statuses; a loop has several."""
        ended = self.succeeds(name, **variables)
        answers = re.findall(r"(.*?)\n(\d{3})\n", ended.stdout, re.DOTALL)
        return [(int(status), parsed(answer)) for answer, status in answers]

    def refused(self, name, status, **variables):
        """The only answer of a command that is refused with that status."""
        if self.commands[name].startswith("./"):
            ended = self.run(name, **variables)
            assert ended.returncode == 1, f"the script refuses by its status 1, not {ended.returncode}"
            return parsed(ended.stderr)
        ((told, answer),) = self.answers(name, **variables)
        assert told == status, f"status {status}, not {told}"
        return answer

    def answer(self, name, **variables):
        """The only answer of a command that succeeds."""
        if self.commands[name].startswith("./"):
            return parsed(self.succeeds(name, **variables).stdout)
        ((status, answer),) = self.answers(name, **variables)
        assert status == 200, f"status 200, not {status}"
        return answer

    def sent(self, name, **variables):
        """The fields that a command sends; a script's options by the names of the fields they stand for."""
        values = {**self.variables, **variables}
        line = self.commands[name].replace("\\\n", " ")
        words = shlex.split(re.sub(r"\$(\w+)", lambda variable: values[variable[1]], line))
        if words[0] == "curl":
            return parsed(words[words.index("-d") + 1])
        return dict(self._field(flag, value) for flag, value in zip(words[2::2], words[3::2]))

    def _field(self, flag, value):
        field = OPTIONS.get(flag, flag.removeprefix("--").replace("-", "_"))
        return field, parsed(value) if field in ("max_budget", "models") else value

    def admin(self, method, path, body=None):
        return self.gateway.admin(method, path, body)

    def inference(self, key, body, path="/v1/messages"):
        """A request of a key's owner: its status, its answer and its headers."""
        status, answer, headers = request(self.gateway.port, "POST", path, body, Authorization=f"Bearer {key}")
        self.transcript.append(f"POST {path} {json.dumps(body)}\n{status} {answer}")
        return status, answer, headers

    def models(self, key):
        """The status of /v1/models for a key, and the ids it lists."""
        status, answer, _ = request(self.gateway.port, "GET", "/v1/models", Authorization=f"Bearer {key}")
        return status, [model["id"] for model in answer.get("data", [])]

    def note(self, text):
        self.notes.append(text)
