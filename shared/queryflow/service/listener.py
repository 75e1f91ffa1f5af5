"""The socket where a server answers. Apart from the server, so that a port can be held before anything is imported."""

import socket

BACKLOG = 512


def open_listener(host: str, port: int) -> socket.socket:
    """A socket that listens there, on a free port for 0; who knocks early waits. OSError if the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
