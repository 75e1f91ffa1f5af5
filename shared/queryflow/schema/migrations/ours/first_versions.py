"""Templates from before there were versions get the one they are: without it nobody could read, change or use them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, RowMapping, bindparam, text

from queryflow.domain.flow.template import Chart, Dialect, Template
from queryflow.domain.flow.values import parameter_problems
from queryflow.domain.flow.version import content_hash
from queryflow.domain.values.parameters import Parameter, ParameterType, Rules
from queryflow.schema.base import Json
from queryflow.sql.checks.outputs import infer_outputs

WITHOUT_VERSION = text("""
    SELECT id, template_id, name, description, category, sql_template, version, created_by, tags, metadata
    FROM query_flow_templates AS template
    WHERE NOT EXISTS (SELECT FROM template_versions AS kept WHERE kept.template_id = template.template_id)
    ORDER BY template_id
""").columns(metadata=Json)
PARAMETERS = text("""
    SELECT parameter_name, display_name, parameter_type, required, default_value, validation_rules, ui_config
    FROM template_parameters WHERE template_id = :id ORDER BY order_index, parameter_name
""").columns(default_value=Json, validation_rules=Json, ui_config=Json)
CHARTS = text("""
    SELECT chart_name, chart_type, chart_config, data_mapping, is_default
    FROM template_chart_configs WHERE template_id = :id ORDER BY chart_name
""").columns(chart_config=Json, data_mapping=Json)
KEEP = text("""
    INSERT INTO template_versions (template_id, version, document, hash, created_by)
    VALUES (:template_id, :version, :document, :hash, :created_by)
""").bindparams(bindparam("document", type_=Json))

AMC = re.compile(r"\b(CUSTOM|BUILT_IN)_PARAMETER\s*\(", re.IGNORECASE)
TYPES: Mapping[str, ParameterType] = {
    **{kind.value: kind for kind in ParameterType},
    **dict.fromkeys(("text", "str", "varchar", "char", "uuid"), ParameterType.STRING),
    **dict.fromkeys(("int", "bigint", "smallint", "long"), ParameterType.INTEGER),
    **dict.fromkeys(("float", "double", "decimal", "numeric", "real"), ParameterType.NUMBER),
    **dict.fromkeys(("bool",), ParameterType.BOOLEAN),
    **dict.fromkeys(("datetime", "timestamptz"), ParameterType.TIMESTAMP),
    **dict.fromkeys(("list", "array", "text_list", "text[]"), ParameterType.STRING_LIST),
}
"""What a parameter's type was called; any other word was for people, and its values are texts."""
RULES = {"min": "minimum", "max": "maximum", "options": "one_of", "enum": "one_of", "regex": "pattern"}


def keep_first_versions(connection: Connection) -> None:
    """Keep what each template without a version says; one whose text no template can have stays as it is."""
    for row in connection.execute(WITHOUT_VERSION).mappings().all():
        template = _template(connection, row)
        if template is None:
            continue
        template = template.model_copy(update={"outputs": infer_outputs(template)})
        document = template.document()
        kept = {"template_id": row["template_id"], "version": row["version"], "created_by": row["created_by"]}
        digest = content_hash({**document, "version": None})
        connection.execute(KEEP, {**kept, "document": document, "hash": digest})


def _template(connection: Connection, row: RowMapping) -> Template | None:
    parameters = connection.execute(PARAMETERS, {"id": row["id"]}).mappings().all()
    charts = connection.execute(CHARTS, {"id": row["id"]}).mappings().all()
    try:
        return Template(
            template_id=row["template_id"],
            name=row["name"],
            description=row["description"] or "",
            category=row["category"] or "general",
            dialect=_dialect(row),
            sql=row["sql_template"],
            parameters=tuple(_parameter(each) for each in parameters),
            charts=tuple(_charts(charts)),
            tags=tuple(row["tags"] or ()),
            version=row["version"],
        )
    except ValidationError:
        return None


def _dialect(row: RowMapping) -> Dialect:
    named = _mapping(row["metadata"]).get("dialect")
    if named in set(Dialect):
        return Dialect(named)
    return Dialect.AMC if AMC.search(row["sql_template"]) else Dialect.DUCKDB


def _parameter(row: RowMapping) -> Parameter:
    """The declaration with as much of its rules and default as is sound."""
    return next(each for each in _candidates(row) if not parameter_problems(each, each.name))


def _candidates(row: RowMapping) -> Iterator[Parameter]:
    kind = TYPES.get(str(row["parameter_type"]).lower(), ParameterType.STRING)
    helped = _mapping(row["ui_config"]).get("help")
    plain = Parameter(
        name=row["parameter_name"],
        type=kind,
        required=row["required"],
        label=row["display_name"],
        help=helped if isinstance(helped, str) else None,
    )
    rules, default = _rules(row["validation_rules"]), row["default_value"]
    yield plain.model_copy(update={"rules": rules, "default": default})
    yield plain.model_copy(update={"default": default})
    yield plain.model_copy(update={"rules": rules})
    yield plain
    yield plain.model_copy(update={"type": ParameterType.STRING})


def _rules(stored: Any) -> Rules:
    named = {RULES.get(name, name): value for name, value in _mapping(stored).items()}
    try:
        return Rules.model_validate({name: value for name, value in named.items() if name in Rules.model_fields})
    except ValidationError:
        return Rules()


def _charts(rows: Sequence[RowMapping]) -> Iterable[Chart]:
    for row in rows:
        yield Chart(
            name=row["chart_name"],
            type=row["chart_type"],
            config=_mapping(row["chart_config"]),
            mapping=_mapping(row["data_mapping"]),
            is_default=row["is_default"],
        )


def _mapping(stored: Any) -> dict[str, Any]:
    return stored if isinstance(stored, dict) else {}
