"""What the tables of every area share."""

from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, MetaData, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "idx_%(table_name)s_%(column_0_N_name)s",
        "ck": "%(constraint_name)s",
    }
)

Json = JSON().with_variant(JSONB(none_as_null=True), "postgresql")
"""JSONB; Python's None is SQL NULL, never the JSON word null."""


def identifier() -> Column[Any]:
    """A UUID primary key that the database fills where the writer does not."""
    return Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()"))


def instant(name: str, *, nullable: bool = True, now: bool = False) -> Column[Any]:
    """A TIMESTAMPTZ, by default the database's now() where asked."""
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=text("now()") if now else None)


def reference(name: str, target: str, *, nullable: bool = True, ondelete: str | None = None) -> Column[Any]:
    """A UUID foreign key."""
    return Column(name, Uuid, ForeignKey(target, ondelete=ondelete), nullable=nullable)
