"""Lists of what a system has: a table where ids and names stay whole in it, else a paragraph for each row."""

from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from queryflow_cli.terminal.console import open_console, show
from queryflow_cli.terminal.report import LEAST_COLUMN, counted, new_table

GAP = 3
"""Blanks between two columns."""

Row = Sequence[object]


def print_list(noun: str, columns: Sequence[str], rows: Sequence[Row], *, prose: Collection[str] = ()) -> None:
    """Print what there is of something, under how many there are.

    Only what columns of `prose` hold is broken, for all else is typed again; a terminal too narrow for that has each
    row as a paragraph.
    """
    console, title = open_console(), counted(len(rows), noun)
    written = [[str(each) for each in row] for row in rows]
    if _width(columns, written, prose) > console.width:
        show(console, *_paragraphs(title, columns, written))
        return
    table = new_table(title)
    for name in columns:
        table.add_column(name, overflow="fold", no_wrap=name not in prose)
    for row in written:
        table.add_row(*map(Text, row))
    show(console, table)


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]], prose: Collection[str]) -> int:
    """The least width in which the table can be read."""
    width = 0
    for name, *cells in zip(columns, *rows, strict=True):
        whole = max(map(cell_len, (name, *cells)))
        width += GAP + (min(whole, LEAST_COLUMN) if name in prose else whole)
    return width


def _paragraphs(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Text]:
    width = max(map(len, columns[1:]), default=0)
    yield Text(title, style="italic")
    for first, *others in rows:
        yield Text(f"\n{first}", style="bold")
        for name, value in zip(columns[1:], others, strict=True):
            if value:
                yield Text(f"  {name:<{width}}  {value}")
