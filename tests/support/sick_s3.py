"""An S3 server that is not well: it answers with an error, or breaks off in the middle of its answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PROMISED, SENT = 1_000_000, b"x" * 1000


class _Answer(BaseHTTPRequestHandler):
    status: int

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(PROMISED if self.status == 200 else 0))
        self.end_headers()
        if self.status == 200 and self.command == "GET":
            self.wfile.write(SENT)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def sick_s3(status: int) -> Iterator[str]:
    """The endpoint of a server that answers everything so; 200 is a content that breaks off."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answer", (_Answer,), {"status": status}))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
