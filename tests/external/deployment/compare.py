"""The template beside the code: its settings, its table, and where each route is."""

import json
import re
import urllib.request

import edge
from template import served

# Given to a part of a path that has a name: what both the edge and the routers take for one.
NAMED = "x1"

THE_REST = {"public": "Inference", "admin": "Management"}


def settings(template, source):
    """Settings that the code reads and no function is given, or that a function is given and the code does not read."""
    read = set(re.findall(r'"(STARGATE_[A-Z_]+)"', source.split("#[cfg(test)]")[0]))
    given = template.environment()
    yield from (f"settings: the code reads {name}, which the template does not set" for name in sorted(read - given))
    yield from (f"settings: the template sets {name}, which the code does not read" for name in sorted(given - read))


def table(template, url, name):
    """Where the table that the code makes is another than the template's."""
    made = _described(url, name)
    wanted = template.resources["Table"]["Properties"]
    for part in ("AttributeDefinitions", "KeySchema"):
        if _sorted(made[part]) != _sorted(wanted[part]):
            yield f"table: {part} is {wanted[part]}, the code's is {made[part]}"
    of = lambda index: (index["IndexName"], _sorted(index["KeySchema"]), index["Projection"]["ProjectionType"])
    found, expected = (sorted(map(of, whole["GlobalSecondaryIndexes"])) for whole in (made, wanted))
    if found != expected:
        yield f"table: the indexes are {expected}, the code's are {found}"


def routes(template, document):
    """Routes of the OpenAPI document that are on another API than they say, or that the edge treats otherwise."""
    functions = {"public": template.routes("PublicApi"), "admin": template.routes("AdminApi")}
    asked = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            is_inference = "inference" in operation["tags"]
            reach = operation["x-stargate-apis"]
            wanted = {
                "public": ("Inference" if is_inference else "SelfManagement") if "public" in reach else None,
                "admin": "Management" if "admin" in reach else None,
            }
            concrete = re.sub(r"\{\w+\}", NAMED, path)
            for api, rows in functions.items():
                found = served(rows, method.upper(), concrete)[0]
                # What is nobody's there goes to the function that takes the rest, and that has no such route.
                if found != wanted[api] and (wanted[api] or found != THE_REST[api]):
                    yield f"routes: {method} {path} is {found}'s on the {api} API, not {wanted[api]}'s"
            asked.append(((method.upper(), concrete), "public" in reach))
    for answer, (request, is_public) in zip(
        edge.answers(template.edge(serves_themselves=True), [request for request, _ in asked]), asked
    ):
        if (answer["status"] is None) != is_public:
            yield f"routes: {request} at the edge: {answer}"
    known = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    known.add(("GET", "/openapi.json"))  # the document, which does not tell of itself
    for method, path, function in functions["public"]:
        if function == "SelfManagement" and (method, path) not in known:
            yield f"routes: the template has {method} {path}, which the code does not serve"


def _described(url, name):
    headers = {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.DescribeTable",
        "authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
        "x-amz-date": "20260101T000000Z",
    }
    request = urllib.request.Request(url, json.dumps({"TableName": name}).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["Table"]


def _sorted(rows):
    return sorted(tuple(sorted(row.items())) for row in rows)
