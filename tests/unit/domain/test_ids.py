"""What an id tells."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from queryflow.domain.ids import moment_of, uuid7


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_an_id_knows_the_millisecond_it_was_made_in(at: datetime) -> None:
    assert timedelta(0) <= at - moment_of(uuid7(at)) < timedelta(milliseconds=1)
