"""The rows of Claude Code: what a developer does with it, through Anthropic's API and in Bedrock mode."""

import json
from decimal import Decimal

import claude
from conversation import scripted
from matrix_cell import TEXT, Cell, equal, holds
from features import SIGNATURE
from rows import CHARGED, NONE, Rows

API, BEDROCK = "Anthropic's API", "Bedrock mode"
ROWS = Rows()
row = ROWS.row


def in_bedrock_mode(cell):
    return cell.client.mode == BEDROCK


class Mode:
    """Claude Code of a version, as it is pointed at the gateway."""

    def __init__(self, version, mode, executable):
        self.version, self.mode, self.executable = version, mode, executable
        self.name = f"Claude Code {version}, {mode}"
        self.api, self.suffix, self.can = "Claude Code", "", frozenset()

    def environment(self, url, key, variable="ANTHROPIC_AUTH_TOKEN"):
        if self.mode == API:
            return {"ANTHROPIC_BASE_URL": url, variable: key}
        return {
            "CLAUDE_CODE_USE_BEDROCK": "1",
            "CLAUDE_CODE_SKIP_BEDROCK_AUTH": "1",
            "AWS_REGION": "us-east-1",
            "ANTHROPIC_BEDROCK_BASE_URL": f"{url}/bedrock",
            variable: key,
        }


def modes(work):
    for version in claude.versions():
        executable = claude.install(version, work / f"claude-code-{version}")
        yield from (Mode(version, mode, executable) for mode in (API, BEDROCK))


class Session(Cell):
    """A cell with a developer's client in it."""

    def __init__(self, bench, client, folder, recorder, family):
        super().__init__(bench, client, None, recorder, family)
        self.folder = folder / self.word
        self.environment = {}
        self._developer = None

    @property
    def developer(self):
        if self._developer is None:
            environment = {**self.client.environment(self.recorder.url, self.key), **self.environment}
            self._developer = claude.Claude(self.client.executable, self.folder, environment)
        return self._developer

    def turns(self):
        return [request for request in self.requests() if is_turn(request)]

    def says(self, words="Say it.", **script):
        """A prompt, and what the model shall answer: by default what every cell's answer is."""
        said = {"text": TEXT, "input_tokens": 1000, "output_tokens": 20, "message": self.word, **script}
        return scripted(f"{words} {self.word}", **said)

    def prompt(self, prompt, *options, turns=1):
        """Asks, and expects that many requests for it: the exit code, the text printed, and the last request."""
        before = len(self.turns())
        code, printed = self.developer.ask(prompt, *options)
        made = self.turns()[before:]
        equal(len(made), turns, f"requests ({made}; printed: {printed})")
        return code, printed.strip(), made[-1]

    def answered(self, prompt, *options, text=TEXT, turns=1):
        code, printed, turn = self.prompt(prompt, *options, turns=turns)
        equal((code, printed), (0, text), f"the exit code and the answer ({turn})")
        return turn

    def charge(self, turns, tokens=20):
        """What so many turns cost, exactly."""
        self.charged += self.family.price({"input": 1000, "output": tokens}) * turns
        self.is_charged()

    def refused_once(self, *options, status):
        """The next prompt is refused: one request, and its message is what the person reads."""
        code, printed, turn = self.prompt(self.says(), *options)
        self.is_refusal(code, printed, turn, status)
        return printed

    def is_refusal(self, code, printed, turn, status):
        assert code != 0, f"it was not refused: {printed}"
        equal((turn.status, turn.headers["x-should-retry"]), (status, "false"), f"the refusal {turn}")
        assert message_of(turn) in printed, f"the person reads {printed!r}, not the message of {turn}"


def is_turn(request):
    path = request.path.split("?")[0]
    return request.method == "POST" and (path.endswith("/messages") or "/invoke" in path)


def message_of(request):
    answer = json.loads(request.answer)
    return answer["message"] if "message" in answer else answer["error"]["message"]


HAIKU = ("--model", "claude-haiku-4-5")


@row("plain turn")
def plain(cell):
    if not cell.is_claude and cell.client.mode == BEDROCK:
        return NONE
    turn = cell.answered(cell.says(deltas=5), "--model", cell.family.model)
    streams = "event-stream" if cell.client.mode == API else "vnd.amazon.eventstream"
    assert streams in turn.headers["content-type"], turn.headers
    if not cell.is_claude:
        most = cell.family.info["max_output_tokens"]
        granted = str(most) if turn.json()["max_tokens"] > most else None
        equal(turn.headers.get("x-stargate-max-tokens"), granted, "what was granted of the output that it asked for")
    cell.charge(1)


@row("tool loop")
def tool_loop(cell):
    if not cell.is_claude and cell.client.mode == BEDROCK:
        return NONE
    wanted = cell.developer.folder / "hello.txt"
    write = {"name": "Write", "input": {"file_path": str(wanted), "content": "written by the model\n"}}
    options = ["--permission-mode", "acceptEdits", "--model", cell.family.model]
    turn = cell.answered(cell.says(tools=[write]), *options, turns=2)
    equal(wanted.read_text(), "written by the model\n", "what was written")
    results = [block["type"] for block in turn.json()["messages"][-1]["content"]]
    equal(results, ["tool_result"], "what the second request brings")
    cell.charge(2)


@row("`--continue`")
def continued(cell):
    cell.answered(cell.says("Remember PLUM-42.", text="Remembered."), *HAIKU, text="Remembered.")
    turn = cell.answered(cell.says("What was it?"), "--continue", *HAIKU)
    holds(turn.json()["messages"], "PLUM-42", "Remembered.")
    cell.charge(2)


@row("default model, aliases `opus`, `sonnet`, `haiku`")
def aliases(cell):
    cell.answered(cell.says())
    for alias in ["opus", "sonnet", "haiku"]:
        cell.answered(cell.says(), "--model", alias)


@row("full and dated ids")
def ids(cell):
    for model in ["claude-sonnet-4-5", "claude-opus-4-5", "claude-haiku-4-5-20251001"]:
        cell.answered(cell.says(), "--model", model)


@row("`[1m]`")
def million(cell):
    cell.answered(cell.says(), "--model", "claude-sonnet-4-5[1m]")
    holds(cell.sent()[-1], "context-1m-2025-08-07")


@row("thinking by a budget, replayed in a tool loop")
def thinking(cell):
    read = {"name": "Read", "input": {"file_path": str(cell.developer.folder / "none.txt")}}
    prompt = cell.says(thinking=True, tools=[read])
    # By its dated id: 2.1.197 drops thoughts of a model that calls itself otherwise than it was asked for.
    cell.answered(prompt, "--model", "claude-opus-4-5-20251101", turns=2)
    asked, told = cell.sent()
    equal(asked["thinking"]["type"], "enabled", "the thinking")
    holds(told["messages"], SIGNATURE)


@row("thinking, adaptive")
def adaptive(cell):
    newest = {"2.1.329": "claude-opus-5-5", "2.1.197": "claude-opus-4-8"}[cell.client.version]
    cell.answered(cell.says(thinking=True), "--model", newest)
    (body,) = cell.sent()
    equal(body["thinking"]["type"], "adaptive", "the thinking")


@row("in a terminal: the turn, and the call for its title")
def terminal(cell):
    by_schema = cell.client.mode == API  # in Bedrock mode it asks by words, which the scripted Bedrock does not follow
    titled = "\x1b]0;✳ Scripted answer".encode()

    def made():
        return [turn for turn in cell.turns() if cell.word.encode() in turn.body and turn.status == 200]

    screen = cell.developer.show(
        f"Find the gate. {cell.word}",
        *HAIKU,
        until=lambda written: len(made()) == 2 and b"answers" in written and (titled in written or not by_schema),
    )
    assert b"scripted" in screen, screen
    formats = ["format" in turn.json().get("output_config", {}) for turn in made()]
    equal(formats.count(True), 1 if by_schema else 0, f"calls for a title by a schema {made()}")
    equal(sum(1 for turn in made() if not turn.json().get("tools")), 1, f"calls without tools {made()}")


@row("WebSearch is refused by name")
def web_search(cell):
    search = {"name": "WebSearch", "input": {"query": "the gate"}}
    cell.environment = {"ENABLE_TOOL_SEARCH": "false"}
    before = len(cell.turns())
    code, printed = cell.developer.ask(cell.says(tools=[search]), "--allowedTools", "WebSearch", *HAIKU)
    turns = cell.turns()[before:]
    equal((code, printed.strip()), (0, TEXT), f"the answer ({turns})")
    refused = [turn for turn in turns if turn.status == 400]
    if not refused:
        return NONE  # the client has no such tool in this mode
    assert all("web_search" in message_of(turn) for turn in refused), refused
    return "refused"


@row("`/context` costs nothing")
def context(cell):
    by_asking = (cell.client.version, cell.client.mode) == ("2.1.197", BEDROCK)
    cell.key_with(rpm_limit=None if by_asking else 1)
    code, printed = cell.developer.ask("/context")
    equal(code, 0, printed)
    counts = [r for r in cell.requests() if r.method == "POST" and "count" in r.path and "token" in r.path]
    for request in counts:
        equal(request.status, 200, request)
    if cell.client.mode == API:
        assert len(counts) > 1, cell.requests()
        assert all(json.loads(request.answer)["input_tokens"] > 0 for request in counts), counts
    if by_asking:
        # It sends no key with CountTokens, and makes its calls with `max_tokens: 1` instead.
        assert cell.spent() > 0 and all(turn.json()["max_tokens"] == 1 for turn in cell.turns()), cell.turns()
        return CHARGED
    equal(cell.spent(), 0, "what it cost")


@row("`/compact`")
def compact(cell):
    cell.answered(cell.says("Remember PLUM-42."), *HAIKU)
    cell.answered(cell.says("And PLUM-43."), "--continue", *HAIKU)
    code, printed = cell.developer.ask("/compact", "--continue", *HAIKU)
    equal(code, 0, f"{printed} {cell.turns()}")
    turns = cell.turns()
    assert len(turns) > 2 and all(turn.status == 200 for turn in turns), turns
    cell.answered(cell.says("And now?"), "--continue", *HAIKU)


@row("model discovery", unless=in_bedrock_mode)
def discovery(cell):
    if cell.client.version == "2.1.197":
        return NONE
    cell.environment = {"CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1"}
    cell.answered(cell.says(), *HAIKU)
    lists = [request for request in cell.requests() if "/v1/models" in request.path]
    for listed in lists:
        # Claude Code asks beside its first turn, and may end before the response is there.
        assert listed.done.wait(60), listed
        equal(listed.status, 200, listed)
        assert "claude-haiku-4-5" in [model["id"] for model in json.loads(listed.answer)["data"]], listed
    assert lists, cell.requests()


@row("key in `ANTHROPIC_API_KEY`, in both variables", unless=in_bedrock_mode)
def variables(cell):
    cell.environment = {"ANTHROPIC_API_KEY": cell.key}
    cell.answered(cell.says(), *HAIKU)
    del cell.developer.environment["ANTHROPIC_AUTH_TOKEN"]
    cell.answered(cell.says(), *HAIKU)


@row("base URL that ends in `/v1`", unless=in_bedrock_mode)
def prefix(cell):
    cell.environment = {"ANTHROPIC_BASE_URL": f"{cell.recorder.url}/v1"}
    turn = cell.answered(cell.says(), *HAIKU)
    assert turn.path.startswith("/v1/v1/messages"), turn.path


@row("broken stream: asked again in one piece")
def fallback(cell):
    turn = cell.answered(cell.says(deltas=4, cut_after=2, failures=1), *HAIKU, turns=2)
    equal(turn.headers["content-type"], "application/json", "the type of the second answer")


@row("throttled, then not")
def throttled(cell):
    cell.answered(cell.says(status=429, failures=1), *HAIKU)
    cell.charge(1)


@row("spent budget: one request, the message shown")
def budget(cell):
    budget = Decimal("0.80")
    cell.key_with(budget=float(budget))
    prompt = cell.says(input_tokens=20_000, output_tokens=1_000)
    for turns in range(12):
        code, printed, turn = cell.prompt(prompt)
        if code != 0:
            break
        equal(printed, TEXT, "the answer")
    assert turns > 0, f"the budget allows a first turn: {turn}"
    spent = cell.spent()
    assert 0 < spent <= budget, spent
    cell.is_refusal(code, printed, turn, status=429)
    assert int(turn.headers["retry-after"]) > 0, turn.headers
    assert "Budget exceeded" in printed, printed


@row("revoked key: one request, the message shown")
def revoked(cell):
    cell.answered(cell.says(), *HAIKU)
    cell.bench.gateway.admin("POST", "/key/delete", {"keys": [cell.key]})
    printed = cell.refused_once(*HAIKU, status=401)
    assert "Failed to authenticate" in printed or cell.client.mode == BEDROCK, printed


@row("model that is not allowed: one request, the message shown")
def not_allowed(cell):
    cell.key_with(models=["claude-haiku-4-5"])
    cell.refused_once("--model", "claude-opus-4-5", status=429 if cell.client.mode == BEDROCK else 403)


@row("subagent")
def subagent(cell):
    inner = scripted(f"Look around. {cell.word}", text="Nothing there.", input_tokens=1000, output_tokens=20)
    task = {"description": "Look", "prompt": inner, "subagent_type": "general-purpose"}
    if cell.client.version == "2.1.329":
        task["run_in_background"] = False
    prompt = cell.says(tools=[{"name": "Agent", "input": task}])
    turn = cell.answered(prompt, *HAIKU, turns=3)
    holds(turn.json()["messages"], "Nothing there.")


@row("tool search")
def tool_search(cell):
    search = {"name": "ToolSearch", "input": {"query": "select:NotebookEdit"}}
    cell.environment = {"ENABLE_TOOL_SEARCH": "true"}
    turn = cell.answered(cell.says(tools=[search]), "--model", "claude-opus-5-5", turns=2)
    holds(turn.json()["messages"], "tool_result")


@row("every turn on the books")
def books(cell):
    cell.key_with()
    for tokens in [100, 2_000, 31]:
        cell.answered(cell.says(output_tokens=tokens), *HAIKU)
        cell.charge(1, tokens=tokens)
    equal(cell.bench.gateway.spent_by_user(cell.word), cell.spent(), "what the user spent")


# What is tried with every other maker's model too. Bedrock mode sends Anthropic's bodies, which those do not know.
OF_EVERY_FAMILY = {"plain turn": plain, "tool loop": tool_loop}


def cells(families):
    """All that is to be tried: the family, the row and its feature."""
    yield from ((families[0], title, feature) for title, feature in ROWS.items())
    for family in families[1:]:
        yield from ((family, title, feature) for title, feature in OF_EVERY_FAMILY.items())
