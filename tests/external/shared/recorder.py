"""A pass-through between a client and the gateway that keeps what passes: requests are counted here, not guessed."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-connection"}


class Exchange:
    """One request and what came back."""

    def __init__(self, method, path, body):
        self.method, self.path, self.body = method, path, body
        self.status, self.headers, self.answer = None, {}, b""
        self.done = threading.Event()  # set when nothing more comes back

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.method} {self.path} -> {self.status} {self.answer[:300]!r}>"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is not worth a traceback."""


class Recorder:
    """Listens on a port of its own, by HTTPS with an SSL context as `tls`, and forwards every byte as it comes.

    With `drains`, an answer is read to its end though its client left, as API Gateway reads a function's.
    """

    def __init__(self, gateway_port, tls=None, drains=False):
        self.exchanges = []
        self._server = _Server(("127.0.0.1", 0), _handler(gateway_port, self.exchanges, drains))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def _handler(gateway_port, exchanges, drains):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def _forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            exchange = Exchange(self.command, self.path, body)
            exchanges.append(exchange)
            gateway = http.client.HTTPConnection("127.0.0.1", gateway_port, timeout=120)
            try:
                headers = {n: v for n, v in self.headers.items() if n.lower() not in HOP_BY_HOP}
                gateway.request(self.command, self.path, body or None, headers)
                self._answer(exchange, gateway.getresponse())
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # one side went away: the other learns it by the close
            finally:
                gateway.close()
                exchange.done.set()

        def _answer(self, exchange, answer):
            exchange.status = answer.status
            exchange.headers = {name.lower(): value for name, value in answer.getheaders()}
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            bodiless = self.command == "HEAD" or answer.status in (204, 304)
            chunked = not bodiless and "content-length" not in exchange.headers
            if chunked:
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while not bodiless and (piece := answer.read1(65536)):
                exchange.answer += piece
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                    self.wfile.flush()
                except OSError:
                    if not drains:
                        raise
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = _forward

    return Handler
