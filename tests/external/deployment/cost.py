#!/usr/bin/env python3
"""What a deployment costs, computed from what is counted: the tables of docs/COST.md.

    cost.py [--write FILE | --check FILE]

Prints the tables, puts them between the document's two marks, or fails if it has others there.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
MARKS = ("<!-- cost.py -->\n", "<!-- end of cost.py -->\n")
HOURS = 730  # of a month

# US dollars in us-east-1, the first tier: the price, per what, and from where it is known.
PRICES = {
    "write": (0.625, "million DynamoDB write units", "read"),
    "read": (0.125, "million DynamoDB read units", "read"),
    "table": (0.25, "GB-month in the table", "read"),
    "backup": (0.20, "GB-month of point-in-time recovery", "memory"),
    "second": (0.0000133334, "GB-second of Lambda on arm64", "read"),
    "invoke": (0.20, "million Lambda requests", "read"),
    "rest": (3.50, "million REST requests; a stream is one for each started 10 MB", "read"),
    "front": (1.00, "million HTTPS requests to CloudFront", "read"),
    "edge": (0.10, "million runs of a CloudFront function", "read"),
    "out": (0.085, "GB from CloudFront to clients in Europe or North America", "AWS"),
    "up": (0.02, "GB from CloudFront to the API", "memory"),
    "logs": (0.50, "GB of logs taken in", "read"),
    "metric": (0.30, "metric and month, for the hours in which it is told", "read"),
    "alarm": (0.10, "metric that an alarm watches and month", "read"),
    "secret": (0.40, "secret and month", "read"),
    "schedule": (1.00, "million runs of a schedule", "read"),
    "waf": (0.60, "million requests to WAF, beside 5 for it and 1 for each rule a month", "read"),
    "cpu": (0.03238, "vCPU-hour of Fargate on arm64", "read"),
    "memory": (0.00356, "GB-hour of Fargate on arm64", "read"),
    "balancer": (0.0225, "hour of an Application Load Balancer", "read"),
    "unit": (0.008, "hour of its capacity unit, about 1 GB", "read"),
    "address": (0.005, "hour of a public IPv4 address", "read"),
}
PRICE = {name: price for name, (price, _, _) in PRICES.items()}

# Units of a call with a personal key, which has two scopes: docs/COST.md says what counts them.
WRITES, RENEWAL, READS = 8, 2, 1

# What is assumed of a call: a body as the benchmark's middle one, an answer of 1,500 tokens, and its price.
BODY, ANSWER, BEDROCK = 122_000, 100_000, 0.032286
SETTLED = json.loads("""{"level":"INFO","target":"inference::settler","message":"settled","request":"0aZ3kfQ19xYb",
    "key":"YCMCHgRXzyXOJMHq","user":"mario.rossi@company.com","session":"0f3b6c1e-8a55-4c5e-9d53-6f0c2d1f7a10",
    "model":"claude-sonnet-4-5","status":"success","input":12,"output":1500,"cache_read":20000,"cache_write":1000,
    "cost":"0.032286","first_byte_ms":1200,"ms":10000}""")
RECORD = {"pk": "R#2026-11-22#3", "sk": SETTLED["request"], "ended": 1763800010000, "first_byte": 1763800001200,
    "gone_at": 1798360010, "rates": "3/15/0.3/3.75/6", "spend": 32286000000, "cache_write_5m": 1000, "cache_write_1h": 0,
    **{name: SETTLED[name] for name in "user key session model status input output cache_read".split()}}  # fmt: skip
# Bytes of what API Gateway's line is made of, and of Lambda's START, END and REPORT.
ACCESS = {"requestId": 36, "extendedRequestId": 16, "identity.sourceIp": 15, "httpMethod": 4, "resourcePath": 9, "status": 3, "responseLatency": 5,
    "error.responseType": 1}  # fmt: skip
LAMBDAS_LINES = 68 + 52 + 150
# How many values are in use of what metrics are told apart by.
IN_USE = {"status": 2, "model": 3, "reason": 2, "code": 1}


def source(*path):
    return ROOT.joinpath(*path).read_text()


TEMPLATE = source("infra", "template.yaml")
METRICS = re.findall(
    r'line: "(\w+)", name: "(\w+)", value: (?:None|Some\("(\w+)"\)), unit: "(\w+)", by: (?:None|Some\("(\w+)"\)) \}',
    source("shared", "src", "runtime", "telemetry", "emf.rs"),
)


def parameter(name):
    return int(re.search(rf"\n  {name}:\n    Type: Number\n    Default: (\d+)", TEMPLATE)[1])


def line_bytes():
    """A settled line, with the metrics that it names."""
    settler = source("functions", "inference", "src", "pipeline", "settlement.rs")
    told = set(re.findall(r"^        (\w+) = ", settler[settler.index("fn log(") :], re.M))
    unknown = told ^ set(SETTLED) ^ {"level", "target", "message", "team", "fallback_from", "region"}
    assert not unknown, f"the line is another: {unknown}"
    line, named = dict(SETTLED), []
    for _, name, value, unit, by in [metric for metric in METRICS if metric[0] == "settled"]:
        line[name] = float(line[value]) if value else 1
        metric = {"Dimensions": [[], [by]] if by else [[]], "Metrics": [{"Name": name, "Unit": unit}]}
        named.append({"Namespace": "Stargate/stargate", **metric})
    line["_aws"] = {"Timestamp": 1763800010000, "CloudWatchMetrics": named}
    return len(json.dumps(line, separators=(",", ":"))) + 1


def access_bytes():
    line = re.search(r"\n  PublicApi:\n.*?Format: '(.*?)'", TEMPLATE, re.S)[1]
    return len(re.sub(r"\$context\.([\w.]+)", lambda name: "x" * ACCESS[name[1]], line)) + 1


def record_bytes():
    """As DynamoDB counts: names, texts, half a byte a digit; and the hundred that it adds to what is stored."""
    size = lambda value: len(value) if isinstance(value, str) else len(str(value).rstrip("0")) // 2 + 2
    return sum(len(name) + size(value) for name, value in RECORD.items()) + 100


def metrics(*lines):
    return sum(1 + IN_USE.get(by, 0) for line, _, _, _, by in METRICS if line in lines)


def tables():
    price, lasting = PRICE, (2, 10, 60)
    gb, days = parameter("InferenceMemory") / 1024, parameter("RetentionDays")
    line, access, record = line_bytes(), access_bytes(), record_bytes()
    stored = record / 1000 * days / 30.4 * (price["table"] + price["backup"])
    front = price["front"] + price["edge"] + BODY / 1000 * price["up"] + ANSWER / 1000 * price["out"]
    ours = {  # dollars per million calls that last so many seconds
        f"Lambda: {gb * 1024:.0f} MB for as long, and the request": lambda s: (
            s * gb * price["second"] * 1e6 + price["invoke"]),
        "API Gateway: a request": lambda s: price["rest"],
        f"DynamoDB: {WRITES} write units, {RENEWAL} more each further 15 s, {READS} read unit": lambda s: (
            (WRITES + (s - 1) // 15 * RENEWAL) * price["write"] + READS * price["read"]),
        f"its record: {record - 100} bytes, kept and backed up for {days} days": lambda s: stored,
        f"logs: a line of {line} bytes, API Gateway's of {access}, Lambda's three of {LAMBDAS_LINES}": lambda s: (
            (line + access + LAMBDAS_LINES) / 1000 * price["logs"]),
    }  # fmt: skip
    own = {s: sum(dollars(s) for dollars in ours.values()) for s in lasting}
    yield from ["### A million calls", "", "| US dollars, at calls of | 2 s | 10 s | 60 s |", "|---|---|---|---|"]
    row = lambda name, dollars: f"| {name} | " + " | ".join(f"{dollars(s):,.2f}" for s in lasting) + " |"
    yield from (row(name, dollars) for name, dollars in ours.items())
    yield row(f"CloudFront: {BODY // 1000} KB to the API, {ANSWER // 1000} KB to the client", lambda s: front)
    yield row("**the sum**", lambda s: own[s] + front)
    yield row("in percent of what Bedrock bills for them", lambda s: (own[s] + front) / BEDROCK / 1e4)

    runs = HOURS * 60 // int(re.search(r"rate\((\d+) minutes?\)", TEMPLATE)[1])
    run = price["invoke"] + price["schedule"] + 0.5 * 0.25 * price["second"] * 1e6 + 16 * 0.5 * price["read"]
    # An alarm is billed by the metrics that it watches.
    alarms = len(re.findall(r"^      MetricName: |^ +MetricStat:", TEMPLATE, re.M))
    secrets = len(re.findall(r"AWS::SecretsManager::Secret\n(?!    Condition)", TEMPLATE))
    idle = {
        f"secrets: {secrets} ({secrets + 2} with a master key)": secrets * price["secret"],
        f"metrics that alarms watch: {alarms}": alarms * price["alarm"],
        f"metrics: {metrics('budget_reset')}": metrics("budget_reset") * price["metric"],
        f"the job: {runs} runs, half a second of 256 MB and 16 queries each": runs * run / 1e6,
    }
    yield from ["", "### A month without a call", "", "| | US dollars |", "|---|---|"]
    yield from (f"| {what} | {dollars:.2f} |" for what, dollars in idle.items())
    yield f"| **the sum** | {sum(idle.values()):.2f} |"
    at_work = metrics("settled", "not_admitted", "bedrock_refused")
    dollars = at_work * price["metric"]
    yield f"| while there are calls: {at_work} metrics (of 3 models, 2 reasons of refusals, 1 error) | {dollars:.2f} |"
    swept = 2 * 160 * runs / HOURS * (3 * price["write"] + price["read"]) / 1e6
    yield f"| for each person at work, 160 hours: the job looks at the key and the user | {swept:.3f} |"

    yield from ["", "### Or always on", "", "| | a month | calls a month of 2 s that cost as much on Lambda | of 10 s | of 60 s |"]
    yield "|---|---|---|---|---|"
    box = HOURS * (2 * (0.5 * price["cpu"] + price["memory"]) + price["balancer"] + 4 * price["address"])
    unit = (BODY + ANSWER) / 1e9 * 1e6 * price["unit"]
    saved = {s: s * gb * price["second"] * 1e6 + price["invoke"] + price["rest"] - unit for s in lasting}
    yield f"| one stream on Lambda, always open | {HOURS * 3600 * gb * price['second']:.2f} | | | |"
    for what, month, each in (
        ("Stargate as a container, two of them", box, saved),
        ("Claude apps gateway, by AWS's example, without its VPC endpoints", 97, own),
        ("LiteLLM with PostgreSQL and Redis, by AWS's guidance", 378, own),
    ):
        calls = {s: month / each[s] for s in lasting}
        shown = (f"{calls[s]:.1f} million ({calls[s] * 1e6 * s / HOURS / 3600:.0f} open)" for s in lasting)
        yield f"| {what} | {month:.0f} | " + " | ".join(shown) + " |"

    yield from ["", "### Prices", "", "| US dollars | per | known from |", "|---|---|---|"]
    for dollars, unit, known in PRICES.values():
        yield f"| {dollars:.10f}".rstrip("0").rstrip(".") + f" | {unit} | {known} |"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--write", type=Path)
    options.add_argument("--check", type=Path)
    asked = options.parse_args()
    wanted = "\n".join(tables()) + "\n"
    document = asked.write or asked.check
    if not document:
        print(wanted, end="")
        return 0
    text = document.read_text()
    (before, rest), (first, last) = text.split(MARKS[0]), MARKS
    new = f"{before}{first}\n{wanted}\n{last}{rest.split(last)[1]}"
    if asked.write:
        document.write_text(new)
    elif text != new:
        print(f"{document} has other tables: run this with --write\n{wanted}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
