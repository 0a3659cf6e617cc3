"""What schemathesis is told besides the document: values that exist, and what else must hold of an answer."""

import json
import os

import schemathesis

# What run.py has made: ids of things that are there, by the names that parameters and fields have for them.
KNOWN = json.loads(os.environ["STARGATE_FUZZ_KNOWN"])
# These would take away what the others ask for.
SPARED = ["/user/delete", "/key/delete", "/team/delete", "/organization/delete", "/key/regenerate", "/key/{key}/regenerate"]


def with_known(context, values):
    """Every other value of a name that is known is one that exists: made-up ones are refused early."""
    if not isinstance(values, dict) or context.operation.path in SPARED:
        return values
    for name, known in KNOWN.items():
        if name in values and len(json.dumps(values[name], default=str)) % 2 == 0:
            values[name] = known
    return values


@schemathesis.hook
def map_query(context, query):
    return with_known(context, query)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    return with_known(context, path_parameters)


@schemathesis.hook
def map_body(context, body):
    return with_known(context, body)


@schemathesis.check
def what_is_described_is_taken(ctx, response, case):
    """A field or parameter of the document is never refused for not being one."""
    try:
        error = response.json().get("error", {})
    except (ValueError, AttributeError):
        return
    message = error.get("message") or ""
    if "is not a field of this request" not in message and "is no parameter here" not in message:
        return
    definition = case.operation.definition.raw
    content = definition.get("requestBody", {}).get("content", {}).get("application/json", {})
    fields = content.get("schema", {}).get("properties", {})
    parameters = [own["name"] for own in definition.get("parameters", [])]
    assert error.get("param") not in [*fields, *parameters], message
