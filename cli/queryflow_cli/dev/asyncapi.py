"""Draws docs/messages.md and docs/asyncapi.yaml from the topology: `python -m queryflow_cli.dev.asyncapi [folder]`."""

import inspect
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from faststream import FastStream
from faststream.rabbit import ExchangeType, RabbitExchange, RabbitQueue
from faststream.specification import AsyncAPI
from ruamel.yaml import YAML

from queryflow.bus.answering import Subscription
from queryflow.bus.port import DeadLetter, Handler
from queryflow.bus.rabbit.handlers import new_broker, register
from queryflow.bus.topology import DEAD_EXCHANGE, EVENTS_EXCHANGE, SPEAKERS, work_queues
from queryflow.engines.catalogue import ENGINES
from queryflow.messages.event import Event

HEADER = f"""# Messages

Drawn from `queryflow.bus.topology` and `queryflow.messages` by `python -m queryflow_cli.dev.asyncapi`; a test
keeps it true. The same as AsyncAPI 3: `asyncapi.yaml`.

A message is a hint that carries ids: the rows are the truth, and everything said here can be said again from them.
Events go to the topic exchange `{EVENTS_EXCHANGE}`. The envelope is the AMQP properties (`message_id`, `type`,
`correlation_id` = the execution's id, `timestamp`, header `traceparent`), the body is the event as JSON and nothing
else, at most 64 KiB. Bodies only grow: new fields have defaults, unknown fields are ignored, and a changed meaning is
a new event. Texts hold no NUL, names and numbers are as large as the columns that keep them (`asyncapi.yaml` has the
limits), instants lie between 1970 and 9998.

A queue answers `done`, or `try again` (after 1, 2, 4 … 60 s, ten times), or makes a dead letter: a row of
`<service>_dead_letters` with code and reason, then the exchange and queue `{DEAD_EXCHANGE}`. `QUERYFLOW_AMQP_PREFIX`
is put before every name of an exchange or a queue.

"""


def messages_page() -> str:
    """docs/messages.md as text."""
    rows = [f"| `{_key(event)}` | {speaker} | {_listeners(event)} |" for event, speaker in SPEAKERS.items()]
    table = ["| routing key | said by | queues |", "|---|---|---|", *rows]
    return HEADER + "\n".join(table) + "\n" + "".join(map(_section, SPEAKERS))


def application() -> FastStream:
    """FastStream's application with every event as a publisher and every queue as a subscriber.

    The queues answered in batches are among them: what they are bound to and what they hold is the same.
    """
    broker = new_broker("amqp://localhost")
    exchange = RabbitExchange(EVENTS_EXCHANGE, type=ExchangeType.TOPIC, durable=True)
    for event, speaker in SPEAKERS.items():
        broker.publisher(
            RabbitQueue(_address(event)), exchange=exchange, schema=event, title=event.type, persist=True,
            description=f"Said by {speaker}. {_sentence(event)}",
        )  # fmt: skip
    for name, queue in work_queues().items():
        drawn = Handler(name, queue.keys, queue.event, _unheard)
        register(broker, Subscription(drawn, None, _NoLetters()), prefix="", backoff=float)
    about = AsyncAPI(title="QueryFlow messages", version="1", description="The events between the services.")
    return FastStream(broker, specification=about)


def asyncapi_document() -> dict[str, Any]:
    """What FastStream draws of its application, and what it does not know: headers, names and the engines."""
    document: dict[str, Any] = application().schema.to_specification().to_jsonable()
    del document["servers"]  # every installation has its own
    for channel in document["channels"].values():
        del channel["servers"]
    document["channels"]["node.ready"]["parameters"] = {
        "engine": {"enum": list(ENGINES), "description": "One queue per engine."}
    }
    types = {event.__name__: event.type for event in SPEAKERS}
    for message in document["components"]["messages"].values():
        message["name"] = types[message["payload"]["$ref"].rsplit("/", 1)[-1]]
        message["headers"] = {"type": "object", "properties": {"traceparent": {"type": "string"}}}
    return _in_order(document)


def asyncapi_text() -> str:
    """docs/asyncapi.yaml as text."""
    text = io.StringIO()
    writer = YAML()
    writer.width = 120
    writer.dump(asyncapi_document(), text)
    return text.getvalue()


def main(arguments: list[str]) -> None:
    """Write both files into the folder, `docs` unless another is named."""
    folder = Path(arguments[0] if arguments else "docs")
    folder.mkdir(exist_ok=True)
    (folder / "messages.md").write_text(messages_page())
    (folder / "asyncapi.yaml").write_text(asyncapi_text())


def _key(event: type[Event]) -> str:
    """The routing key; what comes from other systems is addressed to its queue by name."""
    if event.type == "node.ready":
        return f"{event.type}.<engine>"
    return next((name for name in _queues_of(event) if not work_queues()[name].keys), event.type)


def _queues_of(event: type[Event]) -> list[str]:
    return [name for name, queue in work_queues().items() if queue.event is event]


def _listeners(event: type[Event]) -> str:
    return ", ".join(f"`{name}`" for name in _queues_of(event))


def _sentence(event: type[Event]) -> str:
    return inspect.cleandoc(event.__doc__ or "")


def _section(event: type[Event]) -> str:
    schema = event.model_json_schema()
    required = set(schema.get("required", ()))
    lines = [
        f"| `{name}` | {_type(field)} | {_presence(name, field, required)} |"
        for name, field in schema["properties"].items()
    ]
    table = "\n".join(["| field | type | |", "|---|---|---|", *lines])
    return f"\n## {_key(event)}\n\n{_sentence(event)}\n\n{table}\n{_facts(schema)}"


def _facts(schema: dict[str, Any]) -> str:
    """The models inside a body, where there are some: the facts of `execution.progressed`."""
    models = [model for model in schema.get("$defs", {}).values() if "properties" in model]
    if not models:
        return ""
    lines = [f"| {model['title']} | {model.get('description', '')} | {_names(model)} |" for model in models]
    return "\n" + "\n".join(["| inside | | fields |", "|---|---|---|", *lines]) + "\n"


def _names(model: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in model["properties"])


def _presence(name: str, field: dict[str, Any], required: Iterable[str]) -> str:
    return "" if name in required else f"default {field.get('default', '{}')}"


def _type(field: dict[str, Any]) -> str:
    """A field's type in words."""
    if "anyOf" in field:
        return " or ".join(_type(option) for option in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1])
    word = str(field.get("type", "any JSON value"))
    return f"{word} ({field['format']})" if "format" in field else word


def _address(event: type[Event]) -> str:
    """The routing key as AsyncAPI writes one with a parameter."""
    return _key(event).replace("<", "{").replace(">", "}")


def _in_order(document: dict[str, Any]) -> dict[str, Any]:
    """The document by name: FastStream's subscribers come in any order."""
    for room in (document["components"], document):
        room.update((name, dict(sorted(part.items()))) for name, part in room.items() if isinstance(part, dict))
    return {"asyncapi": document["asyncapi"], **document}


async def _unheard(event: Event, service: object) -> None:
    """What a drawn subscriber calls: nothing is delivered to it."""


class _NoLetters:
    """Where a drawn subscriber would keep its dead letters."""

    async def record(self, letter: DeadLetter) -> None:
        """Keep nothing."""


if __name__ == "__main__":
    main(sys.argv[1:])
