"""The tables of an engine connection, as they are reported: what there is, of which types, and what is no table."""

from queryflow.domain.flow.flow import Model


class CatalogueColumn(Model):
    """A column, with the engine's word for its type."""

    name: str
    type: str


class CatalogueTable(Model):
    """A table that can be read, or the reason why not."""

    name: str
    columns: tuple[CatalogueColumn, ...] = ()
    rows: int | None = None
    """None where nobody counted."""
    notices: tuple[str, ...] = ()
    """What its owner may want to know, such as a column that is taken as text."""
    error: str | None = None
    """Why queries that read it fail."""


class RefusedFile(Model):
    """A file that is no table."""

    file: str
    reason: str


class Catalogue(Model):
    """Everything there is to read."""

    tables: tuple[CatalogueTable, ...] = ()
    refused: tuple[RefusedFile, ...] = ()
    error: str | None = None
    """Why nothing can be read."""
