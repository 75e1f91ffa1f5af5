import pytest

from queryflow.domain.files.column_types import notice
from queryflow.domain.files.regional_forms import regional_type
from queryflow.domain.files.table_options import TableOptions


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (["1.234,50", "19,99", "-5,00", "7"], "declare decimal: ',' and thousands: '.' for"),
        (["19,99", "7"], "declare decimal: ',' for"),
        (["1,234.50", "7"], "declare thousands: ',' for"),
        (["1,234", "19,999"], "declare decimal: ',' (or thousands: ',') for"),
        (["02.11.2026", "3.1.2026"], "declare date_format, such as '%d.%m.%Y', for"),
        (["11/02/2026"], "declare date_format, such as '%d/%m/%Y', for"),
    ],
)
def test_what_some_regions_write_is_said_with_what_to_declare(samples: list[str], said: str) -> None:
    told = notice("amount", "sales", regional_type(samples, TableOptions()))
    assert told is not None
    assert said in told


@pytest.mark.parametrize(
    "samples",
    [
        [],
        ["Ada", "Grace"],
        ["1,50", "about 2"],
        ["a,b", "1,5"],
        ["1,2,3", "4,5,6"],
        ["12,34.5"],
        ["02.11.2026", "02/11/2026"],
        ["02.11/2026"],
        ["1.2.3"],
        ["１,５"],
    ],
)
def test_what_else_is_text_is_not_told(samples: list[str]) -> None:
    assert notice("amount", "sales", regional_type(samples, TableOptions())) is None


@pytest.mark.parametrize(
    ("samples", "declared"),
    [(["02.11.2026"], TableOptions(date_format="%Y%m%d")), (["1,234.50"], TableOptions(decimal=","))],
)
def test_what_contradicts_the_declared_is_not_advised(samples: list[str], declared: TableOptions) -> None:
    assert notice("amount", "sales", regional_type(samples, declared)) is None
    assert notice("amount", "sales", regional_type(samples, TableOptions())) is not None
