"""The rules of a parameter hold for a list of any length, with the same sentence."""

from typing import Any

import pytest

from executor.attempt.resolving import BoundInput, Resolved
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.values import resolve_values
from queryflow.domain.ids import TemplateId
from queryflow.domain.values.parameters import EmptyPolicy, Parameter, ParameterType, Rules
from queryflow.objects.folder import FolderObjects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.writing.lists import RegisteredList
from tests.integration.executor_engine.test_resolving import bound, resolved, stored

SIZES = (1, 1_000, 1_001, 100_000)
STRINGS, INTEGERS = ParameterType.STRING_LIST, ParameterType.INTEGER_LIST
NUMBERS, DATES = ParameterType.NUMBER_LIST, ParameterType.DATE_LIST
ASINS, CAMPAIGNS = ParameterType.ASIN_LIST, ParameterType.CAMPAIGN_LIST
WRONG: list[tuple[str, str, ParameterType, dict[str, Any], str]] = [
    ("'a7'", "'b\u0667'", STRINGS, {"pattern": "^a[0-9]$"}, "'b\u0667' does not match the pattern ^a[0-9]$."),
    ("'\u0667'", "'x'", STRINGS, {"pattern": r"^\d$"}, r"'x' does not match the pattern ^\d$."),
    ("'ää'", "'äää'", STRINGS, {"maximum_length": 2}, "3 characters; at most 2 are allowed."),
    ("'a'", "'c'", STRINGS, {"one_of": ("a", "b")}, "c is not one of a, b."),
    ("7", "4", INTEGERS, {"minimum": 5}, "4 is below the minimum 5."),
    ("7", "9223372036854775807", INTEGERS, {"maximum": 9}, "9223372036854775807 is above the maximum 9."),
    ("1.25::DECIMAL(9,2)", "9.75", NUMBERS, {"maximum": 9.5}, "9.75 is above the maximum 9.5."),
    ("0.5::DOUBLE", "0.125", NUMBERS, {"minimum": 0.25}, "0.125 is below the minimum 0.25."),
    ("DATE '2026-11-01'", "DATE '2026-12-01'", DATES, {"one_of": ("2026-11-01",)}, "2026-12-01 is not one of"),
    ("'B00ABCDEFG'", "'b00abcdefg'", ASINS, {}, "is 'b00abcdefg', not an ASIN (ten capital letters and digits)."),
    ("'Fall'", "'\u2003 '", CAMPAIGNS, {}, "is empty, not a campaign."),
    ("'plain'", "'a' || chr(0)", STRINGS, {}, "a character that no engine stores (NUL, or half a surrogate pair)."),
]
OPTIONS: dict[str, Any] = {"column": "v", "order_by": ["place"], "distinct": False, "nulls": "keep"}


def problems_of(inputs: list[BoundInput], found: Resolved) -> list[tuple[str, str, str]]:
    parameters = tuple(each.parameter for each in inputs)
    subject = Template(
        template_id=TemplateId("t"), name="t", dialect=Dialect.DUCKDB, sql="SELECT 1", parameters=parameters
    )
    _, problems = resolve_values(subject, bound=found.values, overrides={}, node_values={}, flow_values={})
    return [(each.code, each.path, each.message) for each in problems]


@pytest.mark.parametrize("size", SIZES)
async def test_every_rule_holds_for_the_last_item_of_a_list_of_any_length(
    sandbox: Sandbox, objects: FolderObjects, size: int, directory: Any
) -> None:
    inputs = []
    for number, (right, wrong, type_, rules, _) in enumerate(WRONG):
        values = f"CASE WHEN i = {size - 1} THEN {wrong} WHEN i % 10 = 4 THEN NULL ELSE {right} END"
        rows = f"SELECT i AS place, {values} AS v FROM range({size}) t(i)"
        source = await stored(objects, directory, rows, f"results/1/{number}/1-1.parquet")
        each = bound(source, f"p{number}", type_, **OPTIONS)
        inputs.append(BoundInput(Parameter(name=f"p{number}", type=type_, rules=Rules(**rules)), each.binding, source))
    found = await resolved(sandbox, objects, directory, *inputs)
    assert all(isinstance(value, RegisteredList) == (size > 1_000) for value in found.values.values())
    problems = problems_of(inputs, found)
    assert [path for _, path, _ in problems] == [f"p{number}.{size - 1}" for number in range(len(WRONG))]
    for (_, _, message), (*_, sentence) in zip(problems, WRONG, strict=True):
        assert sentence in message


@pytest.mark.parametrize("size", SIZES[1:])
async def test_of_many_wrong_items_the_same_first_ones_are_named(
    sandbox: Sandbox, objects: FolderObjects, size: int, directory: Any
) -> None:
    source = await stored(objects, directory, f"SELECT i AS place, 'x' || i AS v FROM range({size}) t(i)")
    inputs = [
        bound(source, "asins", ASINS, **OPTIONS),
        BoundInput(
            Parameter(name="names", type=STRINGS, rules=Rules(pattern="^y", maximum_items=10)),
            bound(source, "names", STRINGS, **OPTIONS).binding,
            source,
        ),
    ]
    problems = problems_of(inputs, await resolved(sandbox, objects, directory, *inputs))
    assert [path for _, path, _ in problems] == [
        *(f"asins.{place}" for place in range(20)),
        "names",
        *(f"names.{place}" for place in range(20)),
    ]
    assert problems[20][2] == f"{size} items; at most 10 are allowed."


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("type_", [STRINGS, INTEGERS, NUMBERS, DATES, ASINS, CAMPAIGNS])
async def test_a_list_of_nulls_alone_is_a_list_of_so_many_items(
    sandbox: Sandbox, objects: FolderObjects, size: int, type_: ParameterType, directory: Any
) -> None:
    words = {INTEGERS: "BIGINT", NUMBERS: "DOUBLE", DATES: "DATE"}
    rows = f"SELECT i AS place, CAST(NULL AS {words.get(type_, 'VARCHAR')}) AS v FROM range({size}) t(i)"
    rules = Rules(minimum=0, pattern="a", one_of=None)
    each = bound(await stored(objects, directory, rows), "p", type_, **OPTIONS)
    parameter = Parameter(name="p", type=type_, rules=rules, empty=EmptyPolicy.REFUSED)
    inputs = [BoundInput(parameter, each.binding, each.source)]
    found = await resolved(sandbox, objects, directory, *inputs)
    assert problems_of(inputs, found) == []
    value = found.values["p"]
    if size > 1_000:
        assert (value.items, value.only_nulls) == (size, True)
    else:
        assert value == [None] * size
