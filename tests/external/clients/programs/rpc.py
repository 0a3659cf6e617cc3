"""One line of JSON in, one out: how the driver asks a Python client."""

import json
import sys


def serve(operations, connect):
    """Answers each line by the operation that it names, with a client of its own; what is raised is told."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            client = connect(asked)
            answer = operations[asked["op"]](client, asked)
        except Exception as error:
            answer = {"error": told(error)}
        print(json.dumps(answer, default=str), flush=True)


def told(error):
    return {"raised": type(error).__name__, "status": status(error), "message": str(error)}


def status(error):
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore's
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return getattr(error, "status_code", None)
