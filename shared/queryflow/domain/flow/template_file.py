"""A template as a document: read from YAML or JSON and written so that reading gives the same template again."""

from collections.abc import Mapping
from typing import Any

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.document import FORMAT, entries, header_problems, json_problems, read_model
from queryflow.domain.flow.places import with_places
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.yaml_writer import write_yaml


def read_template(text: str) -> Template:
    """The template of a YAML (or JSON) text; raises Invalid with every problem."""
    return with_places(text, template_from_document)


def write_template(template: Template) -> str:
    """The template as YAML."""
    return write_yaml(template_to_document(template))


def template_from_document(document: object) -> Template:
    """The template of a plain document (`kind: template`); raises Invalid with every problem."""
    problems = json_problems(document)
    if problems or not isinstance(document, Mapping):
        problems = problems or [Problem("WRONG_TYPE", "", "A template is a mapping of keys to values.")]
        raise Invalid("The document is no template.", problems)
    problems += header_problems(document, "template")
    return read_model(Template, template_shape(document, problems), problems)


def template_to_document(template: Template) -> dict[str, Any]:
    """The template as a plain document, without what is default."""
    return {"queryflow": FORMAT, "kind": "template", **inline_document(template, with_id=True)}


def inline_document(template: Template, *, with_id: bool = False) -> dict[str, Any]:
    """The template as it stands inside a flow's document, where its key is its id."""
    body = template.model_dump(mode="json", exclude_defaults=True)
    if not with_id:
        del body["template_id"]
    for room in ("parameters", "outputs"):
        if room in body:
            body[room] = {entry.pop("name"): entry for entry in body[room]}
    return body


def template_shape(document: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    """The document in the model's shape; what cannot be shaped is added to `problems`."""
    shaped = {key: value for key, value in document.items() if key not in {"queryflow", "kind"}}
    for room in ("parameters", "outputs"):
        shaped[room] = entries(document, room, "name", problems)
    return shaped
