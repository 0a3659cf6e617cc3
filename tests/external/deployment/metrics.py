"""What the alarms and the dashboard read beside what the code makes of its log lines."""

import json
import re

# A row of the code's table: the line that is counted, the metric, the field with its value, and the field whose values are told apart.
ROW = r'line: "(\w+)", name: "([A-Za-z]+)", value: (?:None|Some\("(\w+)"\)), .*?by: (?:None|Some\("(\w+)"\))'

# How the dashboard asks for every value of a dimension: the namespace, the dimensions, the name.
SEARCH = r"SEARCH\('\{\"?([^\",]+)\"?,([\w,]+)\} .*?MetricName=\"(\w+)\"', "


def failures(template, root):
    """Metrics that are read and not made, or made and not shown; and what a dashboard cannot show."""
    table = root / "shared" / "src" / "runtime" / "telemetry" / "emf.rs"
    rows = re.findall(ROW, table.read_text()) if table.exists() else []
    if not rows:
        yield f"metrics: {table} names none"
        return
    yield from _unwritten(rows, root)
    try:
        body = json.loads(template.text(template.resources["Dashboard"]["Properties"]["DashboardBody"]))
    except ValueError as error:
        yield f"metrics: the dashboard's body is no JSON: {error}"
        return
    made = {(name, ()) for _, name, _, _ in rows} | {(name, (by,)) for _, name, _, by in rows if by}
    own = template.text(template.whole["Globals"]["Function"]["Environment"]["Variables"]["STARGATE_METRICS"])
    shown, alarms = list(_shown(body)), list(_alarms(template))
    for where, namespace, name, dimensions in [*shown, *alarms]:
        if namespace.startswith("Stargate") and (namespace != own or (name, dimensions) not in made):
            yield f"metrics: {where} reads {name} of {namespace} by {dimensions}, which the code does not make"
    for name in sorted({name for name, _ in made} - {name for _, _, name, _ in shown}):
        yield f"metrics: the dashboard does not show {name}"
    for widget in body["widgets"]:
        if widget["type"] == "metric" and not widget["properties"].keys() >= {"region", "title", "metrics"}:
            yield f"metrics: a graph has only {sorted(widget['properties'])}"
    on_it = {arn for widget in body["widgets"] if widget["type"] == "alarm" for arn in widget["properties"]["alarms"]}
    for arn in {f"{where}.Arn" for where, *_ in alarms} ^ on_it:
        yield f"metrics: {arn} is an alarm or on the dashboard, and not both"


def _unwritten(rows, root):
    """Lines and fields of the code's table that nothing in the code logs."""
    sources = [path for folder in ("functions", "shared/src") for path in sorted((root / folder).rglob("*.rs"))]
    code = "".join(path.read_text() for path in sources)
    for line, name, *fields in rows:
        written = "".join(re.findall(rf'(?:error|warn|info)!\(([^;]*)"{line}"\s*\)', code))
        if not written:
            yield f"metrics: {name} counts {line!r}, which no line says"
        for field in filter(None, fields):
            if not re.search(rf"\b{field}\b *[=,]", written):
                yield f"metrics: {name} reads {field!r} of {line!r}, which has no such field"


def _alarms(template):
    """Of each alarm: its name, and its metric's namespace, name and dimensions."""
    for name, resource in template.resources.items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            of = template.resolved(resource["Properties"])
            # One that computes has its metrics in a list, beside the formula.
            for metric in [part["MetricStat"]["Metric"] for part in of.get("Metrics", []) if "MetricStat" in part] or [of]:
                dimensions = tuple(one["Name"] for one in metric.get("Dimensions", []))
                yield name, metric["Namespace"], metric["MetricName"], dimensions


def _shown(body):
    """Of each line of the dashboard: its graph, and its metric's namespace, name and dimensions."""
    for widget in body["widgets"]:
        above = []
        for row in widget["properties"].get("metrics", []):
            title = widget["properties"]["title"]
            if isinstance(row[0], dict):
                found = re.match(SEARCH, row[0]["expression"])
                yield title, found[1], found[3], tuple(found[2].split(","))
            else:
                # A dot is what stands there in the row above.
                row = [above[at] if part == "." else part for at, part in enumerate(row) if isinstance(part, str)]
                above = row
                yield title, row[0], row[1], tuple(row[2::2])
