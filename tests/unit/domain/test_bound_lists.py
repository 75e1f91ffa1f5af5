"""Bound lists: nulls that were kept, and lists that stay in a file."""

from dataclasses import dataclass, field

from queryflow.domain.errors import Problem
from queryflow.domain.flow.values import check_value, resolve_values
from queryflow.domain.values.items import Findings
from queryflow.domain.values.parameters import EmptyPolicy, Rules
from tests.unit.domain.test_values import declared, parameter


@dataclass(frozen=True)
class InAFile:
    items: int
    findings: Findings = field(default_factory=Findings)


def test_nulls_that_a_binding_kept_stay_where_they_are() -> None:
    template = declared(parameter("integer_list", rules=Rules(maximum=5)))
    values, problems = resolve_values(
        template, bound={"p": [None, 9, None]}, overrides={}, node_values={}, flow_values={}
    )
    assert values == {"p": [None, 9, None]}
    assert [(problem.code, problem.path) for problem in problems] == [("TOO_LARGE", "p.1")]


def test_nulls_that_a_binding_kept_count_as_items() -> None:
    subject = parameter("string_list", rules=Rules(minimum_items=2, maximum_items=3))
    refused = subject.model_copy(update={"empty": EmptyPolicy.REFUSED})
    for size, codes in ((1, ["TOO_FEW_ITEMS"]), (2, []), (3, []), (4, ["TOO_MANY_ITEMS"])):
        for value in ([None] * size, InAFile(size)):
            _, problems = resolve_values(
                declared(refused), bound={"p": value}, overrides={}, node_values={}, flow_values={}
            )
            assert [problem.code for problem in problems] == codes


def test_of_a_list_in_a_file_is_told_what_was_found_where_it_was_read() -> None:
    found = InAFile(items=3)
    assert check_value(parameter("asin_list"), found, "p") == (found, [])
    broken, unfit = Problem("NO_MATCH", "p.2", "It does not match."), Problem("WRONG_TYPE", "p.1", "It is wrong.")
    few = parameter("asin_list", rules=Rules(maximum_items=2))
    _, problems = check_value(few, InAFile(3, Findings(broken=[broken])), "p")
    assert [problem.code for problem in problems] == ["TOO_MANY_ITEMS", "NO_MATCH"]
    _, problems = check_value(few, InAFile(3, Findings([unfit], [broken])), "p")
    assert problems == [unfit]
