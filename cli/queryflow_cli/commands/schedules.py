"""schedules: has published flows and saved queries run by themselves."""

from typing import Annotated
from uuid import UUID

import typer

from queryflow_cli.commands.options import Home, Json, Parameters, Server
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import SessionOptions

schedules = typer.Typer(help="Have published flows and saved queries run by themselves.", no_args_is_help=True)

ScheduleId = Annotated[UUID, typer.Argument(metavar="SCHEDULE_ID", help="As `schedules list` shows it.")]


@schedules.command("list")
def list_schedules(as_json: Json = False, home: Home = None, server: Server = None) -> None:
    """List what runs by itself, and when next."""
    from queryflow_cli.usecases import schedules as usecases

    run_async(usecases.list_schedules(SessionOptions(home, server=server), as_json=as_json))


@schedules.command("add")
def add_schedule(
    subject: Annotated[
        str, typer.Argument(metavar="COMPOSITION_ID|WORKFLOW_ID", help="A published flow, or a saved query.")
    ],
    cron: Annotated[str, typer.Option(help='Five fields: minute, hour, day, month, weekday: "0 9 * * 1".')],
    time_zone: Annotated[str, typer.Option("--zone", help="Such as Europe/Berlin.")] = "UTC",
    param: Parameters = None,
    version: Annotated[
        str | None, typer.Option(help="Of a flow: published (the usual), or the hash of a version to stay at.")
    ] = None,
    home: Home = None,
    server: Server = None,
) -> None:
    """Run a published flow or a saved query by itself; each run's day is that of its due time in the zone."""
    from queryflow_cli.usecases import schedules as usecases

    request = usecases.ScheduleRequest(subject, cron, time_zone, version, tuple(param or ()))
    run_async(usecases.add_schedule(request, SessionOptions(home, server=server)))


@schedules.command("pause")
def pause_schedule(schedule_id: ScheduleId, home: Home = None, server: Server = None) -> None:
    """Switch a schedule off."""
    from queryflow_cli.usecases import schedules as usecases

    run_async(usecases.switch_schedule(str(schedule_id), SessionOptions(home, server=server), active=False))


@schedules.command("resume")
def resume_schedule(schedule_id: ScheduleId, home: Home = None, server: Server = None) -> None:
    """Switch a schedule on."""
    from queryflow_cli.usecases import schedules as usecases

    run_async(usecases.switch_schedule(str(schedule_id), SessionOptions(home, server=server), active=True))


@schedules.command("remove")
def remove_schedule(schedule_id: ScheduleId, home: Home = None, server: Server = None) -> None:
    """Remove a schedule; what it started stays."""
    from queryflow_cli.usecases import schedules as usecases

    run_async(usecases.remove_schedule(str(schedule_id), SessionOptions(home, server=server)))
