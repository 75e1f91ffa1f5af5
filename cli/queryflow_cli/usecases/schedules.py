"""Schedules on a system."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import typer

from queryflow_cli.client.client import Client, Document, RefusedByServer
from queryflow_cli.terminal.console import next_steps, print_json
from queryflow_cli.terminal.listing import print_list
from queryflow_cli.terminal.run_options import SessionOptions
from queryflow_cli.terminal.typed import parameter_types, parameters_of, read_assignments
from queryflow_cli.usecases.queries import values_of
from queryflow_cli.usecases.session import open_session


@dataclass(frozen=True, slots=True)
class ScheduleRequest:
    """What is to run, and when."""

    subject: str
    """A flow's id, or the id of a saved query."""
    cron: str
    time_zone: str
    version: str | None
    """Of a flow."""
    assignments: tuple[str, ...] = ()


async def list_schedules(options: SessionOptions, *, as_json: bool) -> bool:
    """Show what runs by itself, and when next."""
    async with open_session(options) as session:
        schedules = await session.client.schedules()
        add = f'{session.command} schedules add COMPOSITION_ID --cron "0 9 * * 1"{session.words}'
    if as_json:
        print_json({"schedules": schedules})
    elif not schedules:
        typer.echo("There are no schedules.")
        next_steps({add: "runs a published flow every Monday at 9"})
    else:
        rows = [(each["id"], _name(each), each["cron"], each["time_zone"], _next(each)) for each in schedules]
        print_list("schedule", ("schedule", "runs", "cron", "time zone", "next"), rows)
    return True


async def add_schedule(request: ScheduleRequest, options: SessionOptions) -> bool:
    """Have a published flow or a saved query run by itself."""
    typed = read_assignments(request.assignments)
    async with open_session(options) as session:
        subject, values = await _subject(session.client, request, typed)
        definition: Document = {**subject, "cron": request.cron, "time_zone": request.time_zone, "parameters": values}
        schedule = await session.client.create_schedule(definition)
        typer.echo(f"Schedule {schedule['id']} runs {_name(schedule)}: {request.cron} in {request.time_zone}.")
        if session.own:
            typer.echo("Schedules fire while QueryFlow runs; this command's own system ends with it.")
        end = session.words
        steps = {f"{session.command} up{end}": "keeps QueryFlow running"} if session.own else {}
        next_steps(steps | {f"{session.command} schedules list{end}": "says when it runs next"})
    return True


async def switch_schedule(schedule_id: str, options: SessionOptions, *, active: bool) -> bool:
    """Switch a schedule on or off."""
    async with open_session(options) as session:
        schedule = await session.client.switch_schedule(schedule_id, active=active)
    typer.echo(f"Schedule {schedule_id} is {'on' if schedule.get('is_active') else 'off'}.")
    return True


async def remove_schedule(schedule_id: str, options: SessionOptions) -> bool:
    """Remove a schedule; what it started stays."""
    async with open_session(options) as session:
        await session.client.remove_schedule(schedule_id)
    typer.echo(f"Schedule {schedule_id} is gone; what it ran stays.")
    return True


async def _subject(client: Client, request: ScheduleRequest, typed: Mapping[str, str]) -> tuple[Document, Document]:
    """What is to run, as the API takes it, and its values."""
    if not request.subject.startswith("comp_"):
        with suppress(RefusedByServer):  # a flow has an id of this form, too
            workflow = await client.workflow(request.subject)
            return {"workflow_id": workflow["id"]}, await values_of(client, workflow, typed)
    flow = await client.composition(request.subject)
    version = {"version": request.version or "published"}
    return {"composition_id": flow["composition_id"], **version}, parameters_of(typed, parameter_types(flow))


def _name(schedule: Document) -> str:
    return str(schedule.get("composition_id") or schedule.get("workflow_id") or "")


def _next(schedule: Document) -> str:
    """When it fires next, in its own time zone, or why it does not."""
    timer = schedule.get("timer") or {}
    if not schedule["is_active"]:
        return "off"
    if timer.get("reason"):
        return f"{timer['state']}: {timer['reason']}"
    if not timer.get("next_fire_at"):
        return "in a moment"
    moment = datetime.fromisoformat(timer["next_fire_at"]).astimezone(ZoneInfo(schedule["time_zone"]))
    return moment.strftime("%a %Y-%m-%d %H:%M")
