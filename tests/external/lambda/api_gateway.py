"""A small API Gateway: requests become REST events for functions under `cargo lambda watch`, by the template's routes.

What it has of the real one: which function a request goes to, the event's shape with the stage in its context, the identity
that a signature would have given, 6 MB of event at most, and answers that stream as they are made.
"""

import base64
import http.client
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from template import served

LARGEST_EVENT = 6 << 20
STAGE = "live"


class ApiGateway:
    """One API of the template on a port of its own. `sent` are headers that come from before it, as CloudFront's are."""

    def __init__(self, template, api, watch_port, functions, identity=None, sent=None):
        self.routes = template.routes(api)
        self.functions, self.identity, self.sent = functions, identity, sent or {}
        self.watch_port = watch_port
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def event(self, method, target, headers, body):
        path, _, query = target.partition("?")
        name, resource = served(self.routes, method, path)
        if name is None:
            return None, None
        pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
        try:
            text, is_base64 = body.decode(), False
        except UnicodeDecodeError:
            text, is_base64 = base64.b64encode(body).decode(), True
        return name, {
            "resource": resource,
            "path": path,
            "httpMethod": method,
            "headers": dict(headers),
            "multiValueHeaders": {name: [value] for name, value in headers},
            "queryStringParameters": dict(pairs) or None,
            "multiValueQueryStringParameters": {n: [v for m, v in pairs if m == n] for n, _ in pairs} or None,
            "pathParameters": None,
            "stageVariables": None,
            "requestContext": {
                "resourcePath": resource,
                "httpMethod": method,
                "path": f"/{STAGE}{path}",
                "stage": STAGE,
                "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
                "accountId": "111122223333",
                "apiId": "abcdefghij",
                "identity": {"sourceIp": "203.0.113.9", **(self.identity or {})},
            },
            "body": text or None,
            "isBase64Encoded": is_base64,
        }


def _handler(api):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = [(name, value) for name, value in self.headers.items() if name.lower() not in api.sent]
            name, event = api.event(self.command, self.path, [*headers, *api.sent.items()], body)
            if name is None:
                return self.refuse(403, "permission_error", "No such route, or no signature")
            text = json.dumps(event).encode()
            if len(text) > LARGEST_EVENT:
                return self.refuse(413, "request_too_large", "The request is larger than a Lambda function takes (6 MB)")
            watch = http.client.HTTPConnection("127.0.0.1", api.watch_port, timeout=300)
            try:
                path = f"/2015-03-31/functions/{api.functions[name]}/invocations"
                watch.request("POST", path, text, {"content-type": "application/json"})
                self.tell(watch.getresponse())
            finally:
                watch.close()

        def tell(self, answer):
            """A streamed answer's head and pieces as they come; a whole one is in the JSON that the function returned."""
            if answer.headers.get("lambda-runtime-function-response-mode") != "streaming":
                whole = json.loads(answer.read())
                content = whole.get("body") or ""
                content = base64.b64decode(content) if whole.get("isBase64Encoded") else content.encode()
                headers = {name: values[-1] for name, values in whole.get("multiValueHeaders", {}).items()}
                # An answer that is none is a function that failed.
                return self.whole(whole.get("statusCode", 502), {**whole.get("headers", {}), **headers}, content)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "date"):
                    self.send_header(name, value)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            while piece := answer.read1(1 << 16):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")

        def whole(self, status, headers, content):
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def refuse(self, status, kind, message):
            told = {"type": "error", "message": message, "error": {"type": kind, "message": message}}
            self.whole(status, {"content-type": "application/json"}, json.dumps(told).encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    return Handler
