"""The tables of a folder as a person reads them."""

from rich.text import Text

from queryflow_cli.client.client import Document
from queryflow_cli.terminal.console import open_console, show
from queryflow_cli.terminal.report import counted, new_table


def print_tables(catalogue: Document, *, columns: bool = False) -> None:
    """Print the tables of a folder, what is worth knowing of them, and the files that are no tables."""
    console = open_console()
    if catalogue.get("error"):
        console.print(Text(f"The folder cannot be read: {catalogue['error']}"), soft_wrap=True)
        return
    unreadable = sum(bool(each.get("error")) for each in catalogue["tables"])
    told = f"; {unreadable:,} cannot be read" if unreadable else ""
    table = new_table(counted(len(catalogue["tables"]), "table") + told)
    table.add_column("table", overflow="fold")
    table.add_column("rows", justify="right")
    table.add_column("columns", overflow="fold")
    for each in catalogue["tables"]:
        rows = "" if each.get("rows") is None else f"{each['rows']:,}"
        table.add_row(Text(each["name"]), rows, Text(each.get("error") or _columns(each, types=columns)))
    show(console, table)
    for each in catalogue["tables"]:
        for notice in each.get("notices") or ():
            console.print(Text(f"{each['name']}: {notice}"), soft_wrap=True)
    for each in catalogue.get("refused") or ():
        console.print(Text(f"{each['file']} is no table: {each['reason']}"), soft_wrap=True)


def _columns(table: Document, *, types: bool) -> str:
    if types:
        return "\n".join(f"{each['name']} {each['type']}" for each in table["columns"])
    return ", ".join(str(each["name"]) for each in table["columns"])
