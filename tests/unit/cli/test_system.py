import socket

import pytest

from queryflow.domain.errors import Conflict
from queryflow_cli.system.system import hold_port


def test_a_port_is_held_from_the_moment_it_was_found_free() -> None:
    with hold_port(0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
        with pytest.raises(Conflict, match=rf"^Port {port} cannot be used: Address already in use\. Stop what listens"):
            hold_port(port)
    hold_port(port).close()
