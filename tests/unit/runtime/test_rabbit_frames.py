"""What is written by hand is read back by pamqp as the publish it should be."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import frame
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from queryflow.bus.port import Envelope
from queryflow.bus.rabbit.frames import acknowledge_frame, publish_frames

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PARENT = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def _read(data: bytes) -> list[object]:
    read: list[object] = []
    while data:
        consumed, channel, one = frame.unmarshal(data)
        assert channel == 7
        read.append(one)
        data = data[consumed:]
    return read


@given(
    body=st.binary(max_size=300),
    identifier=st.uuids(),
    correlation=st.none() | st.uuids(),
    traceparent=st.sampled_from([None, PARENT]),
    most=st.integers(1, 400),
)
def test_a_publish_is_read_back(
    body: bytes, identifier: UUID, correlation: UUID | None, traceparent: str | None, most: int
) -> None:
    envelope = Envelope(identifier, "node.ready.é", "node.ready", body, correlation, traceparent, AT)
    method, header, *bodies = _read(publish_frames(7, "test.events", envelope, most))

    assert isinstance(method, Basic.Publish)
    assert (method.exchange, method.routing_key) == ("test.events", "node.ready.é")
    assert (method.mandatory, method.immediate) == (True, False)
    assert isinstance(header, ContentHeader)
    assert header.body_size == len(body)
    assert b"".join(part.value for part in bodies if isinstance(part, ContentBody)) == body
    stamp = header.properties
    assert (stamp.message_id, stamp.message_type, stamp.delivery_mode) == (str(identifier), "node.ready", 2)
    assert stamp.correlation_id == (str(correlation) if correlation else None)
    assert stamp.headers == ({"traceparent": traceparent} if traceparent else None)
    assert (stamp.content_type, stamp.timestamp) == ("application/json", AT)


@given(tag=st.integers(1, 2**63 - 1), up_to=st.booleans())
def test_an_acknowledgement_is_read_back(*, tag: int, up_to: bool) -> None:
    (method,) = _read(acknowledge_frame(7, tag, up_to=up_to))
    assert isinstance(method, Basic.Ack)
    assert (method.delivery_tag, method.multiple) == (tag, up_to)


def test_a_key_that_amqp_cannot_carry_is_refused() -> None:
    envelope = Envelope(UUID(int=1), "k" * 256, "t", b"", None, None, AT)
    with pytest.raises(ValueError, match="255 bytes"):
        publish_frames(1, "e", envelope, 100)
