"""The rows that are the same whatever the model: keys, limits, addresses and lists."""

from matrix_cell import TEXT, equal
from clients import BEDROCK
from rows import Rows

ROWS = Rows()
row = ROWS.row


@row("spent budget: one request, the message shown")
def budget(cell):
    cell.key_with(budget=1)
    cell.bench.gateway.admin("POST", "/user/update", {"user_id": cell.word, "spend": 1})
    cell.refused(lambda: cell.send("whole", cell.wish()), 429, "Budget exceeded", cell.word)
    cell.refused(lambda: cell.send("stream", cell.wish()), 429, "Budget exceeded", cell.word)


@row("wrong key: one request")
def wrong_key(cell):
    cell.refused(lambda: cell.send("whole", cell.wish(), key="sk-of-nobody"), 401, "key")


@row("model that is not allowed: one request")
def not_allowed(cell):
    cell.key_with(models=["claude-opus-4-5"])
    status = 429 if cell.client.api == BEDROCK else 403
    cell.refused(lambda: cell.send("whole", cell.wish()), status, cell.family.model)


@row("unknown model")
def unknown(cell):
    cell.refused(lambda: cell.send("whole", cell.wish(model="no-such-model")), 404, "no-such-model")


@row("throttled for good: raises a 429")
def throttled(cell):
    wish = cell.wish(script={"status": 429, "message": "Too many tokens."})
    # The SDKs try twice more by themselves.
    attempts = 1 if cell.client.name.startswith("curl") else 3
    cell.refused(lambda: cell.send("whole", wish), 429, "Too many tokens.", attempts=attempts)


@row("base URL with or without `/v1`", unless=lambda cell: "prefix" not in cell.client.can)
def prefix(cell):
    for suffix in ("", "/v1"):
        equal(cell.send("whole", cell.wish(), suffix=suffix).text, TEXT, f"the answer at {suffix!r}")


@row("key in `Authorization`, in `x-api-key`, in both", unless=lambda cell: "headers" not in cell.client.can)
def headers(cell):
    both = ["both"] if "both" in cell.client.can else []
    for header in ["bearer", "x-api-key", *both]:
        equal(cell.send("whole", cell.wish(), header=header).text, TEXT, f"the answer with {header}")


@row("list of models", unless=lambda cell: "models" not in cell.client.can)
def models(cell):
    cell.key_with(models=["claude-haiku-4-5", "nova-pro"])
    equal(sorted(cell.ask("models", body={})["models"]), ["claude-haiku-4-5", "nova-pro-v1:0"], "the models")


@row("one model", unless=lambda cell: "models" not in cell.client.can)
def model(cell):
    name = "claude-haiku-4-5"
    equal(cell.ask("model", model=name, body={"model": name})["model"], name, "the model")
    none = "no-such-model"
    cell.refused(lambda: cell.ask("model", model=none, body={"model": none}), 404, none)
