"""docs/CLIENTS.md: the verdicts as tables."""

from collections import Counter

import claude_code
import clients
import base_urls
import features
from rows import NONE

HEAD = """\
# Clients

Real clients in the versions below, each doing what it does through the gateway, on a model of every family, with the
scripted Bedrock behind it. `tests/external/clients/run.py` makes this document (`--write`) and holds the gateway to it
(`--check`, in CI): no cell is written by hand.

| a cell | says of every client of the table that can do it |
|---|---|
| ok | the answer, what of the request reached Bedrock, how many requests it took and the usage that the client tells \
are as they must be; the key was charged exactly the price of that usage, and the log says the same |
| refused | the model has no such thing, and the client raises a 400 that names it |
| left out | the model has nothing for that wish: it is answered without |
| charged | it works, and costs tokens that it should not |
| – | there is no such thing |

Where clients differ the cell says which. Whether a model reads PDFs is left to Bedrock.
"""


def document(bench, tried, modes):
    """`tried`: each client with its verdicts by family and row; `modes`: the same of Claude Code."""
    parts = [HEAD, "## Families", "", *_families(bench), ""]
    parts += ["## Clients and families", "", *_summary(bench, tried, modes)]
    for api in (clients.MESSAGES, clients.CHAT, clients.BEDROCK):
        of_api = [(client, verdicts) for client, verdicts in tried if client.api == api]
        parts += ["", f"## {api}", "", ", ".join(client.name for client, _ in of_api) + ".", ""]
        parts += _grid(
            [family.name for family in bench.families],
            {title: [_cell(of_api, family.name, title) for family in bench.families] for title in features.ROWS},
        )
    apis = (clients.MESSAGES, clients.CHAT, clients.BEDROCK)
    parts += ["", "## Keys, limits, addresses and lists", "", "The same whatever the model; tried with Claude's.", ""]
    parts += _grid(
        apis,
        {
            title: [_cell([(c, v) for c, v in tried if c.api == api], "Claude", title) for api in apis]
            for title in base_urls.ROWS
        },
    )
    parts += ["", "## Claude Code", ""]
    parts += _grid(
        [f"{mode.version}, {mode.mode}" for mode, _ in modes],
        {title: [verdicts["Claude", title] for _, verdicts in modes] for title in claude_code.ROWS},
    )
    parts += ["", "Through Anthropic's API with `--model` and another maker's model:", ""]
    parts += _grid(
        [family.name for family in bench.families],
        {
            title: [_cell(modes, family.name, title) for family in bench.families]
            for title in claude_code.OF_EVERY_FAMILY
        },
    )
    return "\n".join(parts) + "\n"


def _families(bench):
    yield from ["| family | model |", "|---|---|"]
    yield from (f"| {family.name} | `{family.model}` |" for family in bench.families)


def _summary(bench, tried, modes):
    """How many cells of each verdict every client has with every family."""
    rows = {}
    for client, verdicts in [*modes, *tried]:
        names = [family.name for family in bench.families]
        rows[client.name] = [_counted(verdict for (of, _), verdict in verdicts.items() if of == name) for name in names]
    return _grid([family.name for family in bench.families], rows)


def _counted(verdicts):
    counts = Counter(verdict for verdict in verdicts if verdict != NONE)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) or NONE


def _cell(of_api, family, title):
    """One word if all clients that can do it agree, else who says what."""
    said = {}
    for client, verdicts in of_api:
        said.setdefault(verdicts[family, title], []).append(client.name)
    able = {verdict: names for verdict, names in said.items() if verdict != NONE}
    if len(able) <= 1:
        return next(iter(able), NONE)
    return "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in able.items())


def _grid(columns, rows):
    yield "| | " + " | ".join(columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for title, cells in rows.items():
        yield f"| {title} | " + " | ".join(cells) + " |"
