"""`data tables`: what a folder will be, without a system."""

import json
import subprocess
import sys
from pathlib import Path


def look(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "queryflow_cli", "data", "tables", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_each_table_is_told_with_its_types_and_what_cannot_be_read_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "shops.csv").write_text("shop;opened\n007;2026-11-22\n12;2026-11-23\n")
    (tmp_path / "sales.csv").write_text("shop,amount\n007,9.99\nTotal\n")
    (tmp_path / "notes.docx").write_text("no table")
    said = look(tmp_path)
    assert said.returncode == 1
    assert said.stdout.startswith("2 tables; 1 cannot be read\n")
    assert "shop VARCHAR" in said.stdout
    assert "opened DATE" in said.stdout
    assert "sales.csv, line 3: the row has 1 field, and the header has 2" in said.stdout
    assert "shops: shop is text: 007 has a zero before other digits." in said.stdout
    assert "notes.docx is no table: its name ends in none of" in said.stdout
    assert str(tmp_path) not in said.stdout


def test_numbers_and_dates_of_a_region_are_told_with_what_to_declare(tmp_path: Path) -> None:
    (tmp_path / "umsatz.csv").write_text("datum;betrag\n02.11.2026;1.234,50\n03.11.2026;19,99\n")
    said = look(tmp_path).stdout
    assert "umsatz: datum is text: its values, such as 02.11.2026," in said
    assert "declare date_format, such as '%d.%m.%Y', for the table umsatz in tables.yaml." in said
    assert "declare decimal: ',' and thousands: '.' for the table umsatz in tables.yaml." in said
    declared = "tables: {umsatz: {decimal: ',', thousands: '.', date_format: '%d.%m.%Y'}}"
    (tmp_path / "tables.yaml").write_text(declared)
    said = look(tmp_path).stdout
    assert "datum DATE" in said
    assert "betrag DECIMAL(18,2)" in said
    assert "is text" not in said


def test_json_is_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,v\n1,x\n2,\n")
    said = look(tmp_path, "--json")
    assert said.returncode == 0
    [table] = json.loads(said.stdout)["tables"]
    assert table == {
        "name": "t",
        "columns": [{"name": "id", "type": "BIGINT"}, {"name": "v", "type": "VARCHAR"}],
        "rows": 2,
        "notices": [],
        "error": None,
    }


def test_a_folder_that_is_not_there_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    assert look(tmp_path / "gone").returncode == 2
