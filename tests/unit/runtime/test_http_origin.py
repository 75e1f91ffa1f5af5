"""Host and Origin are taken as a whole or not at all."""

import pytest
from starlette.datastructures import Headers

from queryflow.domain.errors import NotAllowed
from queryflow.http.origin import check_origin

Raw = list[tuple[bytes, bytes]]


def check(headers: Raw, method: str = "POST") -> None:
    check_origin(Headers(raw=headers), method)


def refusal(headers: Raw) -> str | None:
    try:
        check(headers)
    except NotAllowed as refused:
        return refused.error_code
    return None


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8700", "[::1]", "[::1]:65535"])
def test_names_of_this_machine_pass(host: str) -> None:
    assert refusal([(b"host", host.encode())]) is None
    assert refusal([(b"host", host.encode()), (b"origin", b"http://" + host.encode())]) is None
    assert refusal([(b"host", host.encode()), (b"origin", b"https://" + host.encode())]) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1?evil.example",
        "127.0.0.1#evil.example",
        "127.0.0.1\\evil.example",
        "127.0.0.1.evil.example",
        "localhost.",
        "localhost:80:80",
        "localhost:evil",
        "localhost:",
        "localhost localhost",
        " localhost",
        "localhost\n",
        "::1",
        "[::1",
        "[::1%25eth0]",
        "127.1",
        "2130706433",
        "0.0.0.0",
    ],
)
def test_what_only_holds_such_a_name_does_not(host: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        check([(b"host", host.encode())])
    assert refused.value.error_code == "HOST_NOT_ALLOWED"
    for origin in (f"http://{host}", f"http://{host}/"):
        with pytest.raises(NotAllowed) as refused:
            check([(b"host", b"localhost"), (b"origin", origin.encode())])
        assert refused.value.error_code == "ORIGIN_NOT_ALLOWED"


@pytest.mark.parametrize(
    "origin",
    ["", "null", "//localhost", "ftp://localhost", "http://localhost/", "http://localhost, https://evil.example"],
)
def test_an_origin_is_a_scheme_a_name_and_a_port(origin: str) -> None:
    with pytest.raises(NotAllowed):
        check([(b"host", b"localhost"), (b"origin", origin.encode())], "GET")


@pytest.mark.parametrize("headers", [[], [(b"host", b"localhost")] * 2])
def test_a_host_is_named_once(headers: Raw) -> None:
    with pytest.raises(NotAllowed):
        check(headers)


def test_an_origin_is_named_once() -> None:
    with pytest.raises(NotAllowed):
        check([(b"host", b"localhost"), *[(b"origin", b"http://localhost")] * 2])
