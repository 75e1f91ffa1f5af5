"""What flow and template documents share: plain JSON values, checked and read into models, every problem at once."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.fields import fields_at
from queryflow.domain.storable import MOST_DEPTH, is_storable
from queryflow.domain.suggestions import did_you_mean
from queryflow.domain.wording import with_article

LONGEST_KEY = 1_000
FORMAT = 1
"""The version of the file format that this reads and writes."""
KINDS = ("composition", "template")

ModelType = TypeVar("ModelType", bound=BaseModel)


def json_problems(document: object) -> list[Problem]:
    """What a value holds that JSON, YAML or PostgreSQL cannot: depth, NaN, infinities, NUL, half surrogates."""
    problems: list[Problem] = []
    waiting: list[tuple[object, str, int]] = [(document, "", 0)]
    while waiting:
        value, path, depth = waiting.pop()
        if sentence := _fault(value, depth):
            problems.append(Problem("NOT_JSON", path, sentence))
        elif isinstance(value, Mapping):
            problems += (Problem("NOT_JSON", path, fault) for key in value if (fault := _key_fault(key)))
            waiting += ((item, join(path, key), depth + 1) for key, item in value.items())
        elif isinstance(value, list | tuple):
            waiting += ((item, join(path, place), depth + 1) for place, item in enumerate(value))
    return problems


def header_problems(document: Mapping[str, Any], kind: str) -> Iterator[Problem]:
    """Whether the document says that it is something else; saying nothing is enough.

    Invalid if it is another kind of document: what else there is to say of it would be said of the wrong one.
    """
    said = document.get("kind", kind)
    if said != kind:
        problem = Problem("WRONG_KIND", "kind", f"This is not {with_article(kind)}; write kind: {kind}.")
        if said in KINDS:
            raise Invalid(f"The document is {with_article(said)} and no {kind}.", [problem])
        yield problem
    if document.get("queryflow", FORMAT) != FORMAT:
        yield Problem("UNKNOWN_FORMAT", "queryflow", f"This reads format {FORMAT}; write queryflow: {FORMAT}.")


def entries(document: Mapping[str, Any], room: str, name: str, problems: list[Problem]) -> list[dict[str, Any]]:
    """The mapping at `room` (`{id: {…}}`) as a list of `{name: id, …}`; what is not of that form becomes a problem."""
    found = document.get(room)
    if found is None:
        return []
    if not isinstance(found, Mapping):
        problems.append(Problem("WRONG_TYPE", room, f"{room} is a mapping from ids to what they stand for."))
        return []
    listed = []
    for key, body in found.items():
        if body is not None and not isinstance(body, Mapping):
            problems.append(Problem("WRONG_TYPE", join(room, key), f"{key} must be a mapping, such as {{…: …}}."))
        elif body and name in body:
            problems.append(
                Problem("UNKNOWN_FIELD", f"{room}.{key}.{name}", f"{key} is named by its key; remove {name}.")
            )
        else:
            listed.append({name: key, **(body or {})})
    return listed


def read_model(model: type[ModelType], shaped: Mapping[str, Any], problems: list[Problem]) -> ModelType:
    """The model, read strictly (no `"5"` for 5); raises Invalid with `problems` and all that the model finds."""
    try:
        read = model.model_validate_json(json.dumps(shaped), strict=True)
    except ValidationError as error:
        problems = [
            *problems,
            *(_problem(model, each, shaped) for each in error.errors(include_url=False, include_context=False)),
        ]
    if problems:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise Invalid(f"The document has {count}.", problems)
    return read


def join(path: str, key: object) -> str:
    """The dotted path of what lies below."""
    return f"{path}.{key}" if path else str(key)


def _fault(value: object, depth: int) -> str | None:
    if depth > MOST_DEPTH:
        return f"Nesting goes beyond {MOST_DEPTH} levels."
    if isinstance(value, str):
        return None if is_storable(value) else "A text holds a character that cannot be stored (NUL, half a surrogate)."
    if isinstance(value, float):
        return None if math.isfinite(value) else "NaN and infinities are no numbers here."
    if value is None or isinstance(value, bool | int | Mapping | list | tuple):
        return None
    return "This is no JSON value."


def _key_fault(key: object) -> str | None:
    if isinstance(key, str) and len(key) <= LONGEST_KEY and is_storable(key):
        return None
    return f"A key is a text of at most {LONGEST_KEY:,} characters without NUL."


def _problem(model: type[BaseModel], error: ErrorDetails, shaped: Mapping[str, Any]) -> Problem:
    path = _named_path(shaped, error["loc"])
    key = path.rpartition(".")[2] or "The document"
    match error["type"]:
        case "missing":
            return Problem("MISSING_FIELD", path, f"{key} is missing.")
        case "extra_forbidden":
            return Problem(
                "UNKNOWN_FIELD", path, f"{key} is not known here; {_hint(key, fields_at(model, error['loc']))}"
            )
        case kind:
            code = "WRONG_TYPE" if kind.endswith("_type") else "WRONG_VALUE"
            subject, _, rest = error["msg"].partition(" should ")
            return Problem(code, path, f"{key} should {rest}." if rest else f"{key}: {subject}.")


def _hint(key: str, allowed: Sequence[str]) -> str:
    if near := did_you_mean(key, allowed):
        return f"{near}?"
    return f"what may stand here: {', '.join(allowed)}." if allowed else "remove it."


def _named_path(shaped: Any, location: tuple[int | str, ...]) -> str:
    """The location in the document as people wrote it: members of lists by their id, where they have one."""
    path, value = "", shaped
    for part in location:
        value = _below(value, part)
        names = [value[word] for word in ("node_id", "id", "name") if isinstance(value, dict) and word in value]
        path = join(path, names[0] if isinstance(part, int) and names else part)
    return path


def _below(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None
