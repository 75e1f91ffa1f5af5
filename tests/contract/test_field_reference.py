"""The page of every field is made from the models, and every field has a sentence."""

from pathlib import Path

from queryflow_cli.dev.field_reference import page, undescribed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fields.md"


def test_the_page_is_the_one_the_models_make() -> None:
    assert PAGE.read_text() == page(), "write it again: python -m queryflow_cli.dev.field_reference > docs/fields.md"


def test_every_field_has_a_sentence() -> None:
    assert undescribed() == []
