"""An S3 server for tests: moto over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def s3_for_tests() -> Iterator[str]:
    """The endpoint of an empty S3 server that lives as long as the block; any credentials do."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
