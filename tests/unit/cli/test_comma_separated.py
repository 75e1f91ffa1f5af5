import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from queryflow_cli.terminal.comma_separated import csv_line


def test_no_value_and_the_empty_text_are_two_things() -> None:
    assert csv_line([None, "", "a", 'say "x", y', " a", True, 1.5, [1, None], {"a": "b"}]) == (
        ',"",a,"say ""x"", y"," a",true,1.5,"[1, null]","{""a"": ""b""}"\r\n'
    )


@given(st.lists(st.text(), min_size=2, max_size=5))
def test_every_text_is_read_again_as_it_was(values: list[str]) -> None:
    written = csv_line(values)
    assert next(csv.reader(io.StringIO(written, newline=""))) == values
