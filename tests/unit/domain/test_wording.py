"""Types and kinds stand in sentences with the article that fits."""

import pytest

from queryflow.domain.flow.kinds import Kind
from queryflow.domain.values.parameters import ParameterType
from queryflow.domain.wording import with_article

WITH_AN = {"integer", "enum", "integer_list", "asin_list"}


@pytest.mark.parametrize("word", [*ParameterType, *Kind])
def test_every_type_has_its_article(word: str) -> None:
    if word in {Kind.OTHER, Kind.UNKNOWN}:
        assert with_article(word).startswith("a value of a")
    else:
        assert with_article(word) == f"{'an' if word in WITH_AN else 'a'} {word}"
