"""IAM before the stand-in of DynamoDB: a function may do what its role of the template says, and should do all of that."""

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Whose role a function's requests are judged by. The user agent tells whose they are: `AWS_SDK_UA_APP_ID` in its Cargo.toml.
ROLES = {"inference": "InferenceRole", "management": "ManagementRole", "budget-reset": "BudgetResetRole"}

# What the parts of a transaction need.
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def allowed(template, role):
    """What a role always allows at the table: the action, and the index, or the table itself."""
    policies = template.resources[role]["Properties"]["Policies"]
    return {
        (action.removeprefix("dynamodb:"), _index(resource))
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if "Effect" in statement
        for action in _list(statement["Action"])
        if action.startswith("dynamodb:")
        for resource in _list(statement["Resource"])
    }


def _list(value):
    return value if isinstance(value, list) else [value]


def _index(resource):
    named = re.search(r"/index/(\w+)", json.dumps(resource))
    return named[1] if named else "the table"


class Gatekeeper:
    """Stands before a table, refuses what IAM would, and keeps what was asked."""

    def __init__(self, template, url):
        # Without what a role allows under a condition: the tries are of a deployment as it comes.
        self.roles = {function: allowed(template, role) for function, role in ROLES.items()}
        self.denied = []
        self.asked = {function: set() for function in ROLES}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, urlsplit(url).netloc))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def judge(self, function, template, role):
        """From now on a function has this role."""
        self.roles[function] = allowed(template, role)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def unasked(self, function):
        """What a function may do and has not asked for."""
        return self.roles[function] - self.asked[function]

    def refused(self, function, operation, body):
        """What of a request its function's role does not allow."""
        wanted = {(operation, body.get("IndexName", "the table"))}
        if operation == "TransactWriteItems":
            wanted = {(PARTS[kind], "the table") for item in body["TransactItems"] for kind in item}
        self.asked[function] |= wanted
        refused = wanted - self.roles[function]
        self.denied += [(function, one) for one in refused]
        return refused


def _handler(gatekeeper, table):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            function = re.search(r"\bapp/([\w-]+)", f"{self.headers['user-agent']} {self.headers['x-amz-user-agent']}")[1]
            operation = self.headers["x-amz-target"].split(".")[1]
            if refused := gatekeeper.refused(function, operation, json.loads(body)):
                told = {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": f"{function}: {sorted(refused)}"}
                return self.tell(400, json.dumps(told).encode())
            asked = http.client.HTTPConnection(table, timeout=30)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                asked.request("POST", self.path, body, headers)
                answer = asked.getresponse()
                self.tell(answer.status, answer.read())
            finally:
                asked.close()

        def tell(self, status, content):
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
