"""Runs a flow on a system and waits for its end, showing how it goes."""

import asyncio
import contextlib

import typer

from queryflow.domain.states import ExecutionState
from queryflow_cli.client.client import Document, RefusedByServer
from queryflow_cli.terminal.background_task import background_task
from queryflow_cli.terminal.console import next_steps, open_console
from queryflow_cli.terminal.exit_codes import INTERRUPTED, Interrupted
from queryflow_cli.terminal.report import ROWS_SHOWN, execution_json, print_execution, print_query, print_result, why
from queryflow_cli.terminal.run_options import Shown
from queryflow_cli.usecases.following import Following
from queryflow_cli.usecases.interrupting import Answer, ask, interrupts, left_running
from queryflow_cli.usecases.rows import write_csv
from queryflow_cli.usecases.session import Session

TICK_SECONDS = 0.5


async def watch(session: Session, execution_id: str, shown: Shown) -> bool:
    """Follow an execution to its end and print it; whether it succeeded. Ctrl-C asks what becomes of it."""
    async with interrupts() as asked:
        execution = await _follow(session, execution_id, shown, asked)
        if not ExecutionState(execution["state"]).final:
            execution = await _interrupted(session, execution_id, shown, asked)
    await _show(session, execution, shown)
    if asked.is_set():
        raise typer.Exit(INTERRUPTED)
    return bool(execution["state"] == ExecutionState.SUCCEEDED)


async def _show(session: Session, execution: Document, shown: Shown) -> None:
    succeeded = execution["state"] == ExecutionState.SUCCEEDED
    if shown.as_csv and succeeded:
        await write_csv(session, str(execution["execution_id"]), str(execution["nodes"][-1]["node_id"]), None)
        return
    result = await _last_result(session, execution, None if shown.as_json else ROWS_SHOWN)
    if shown.as_json:
        print(execution_json(execution, result))
    elif shown.rows_only and result is not None:
        print_result(open_console(), result)
    elif shown.rows_only and not succeeded:
        typer.echo(why(execution["nodes"][-1]) or str(execution["state"]), err=True)
    else:
        await _print(session, execution, result, shown)
        next_steps(_next_steps(session, execution))


async def _follow(session: Session, execution_id: str, shown: Shown, asked: asyncio.Event) -> Document:
    """The execution as it ended, or as it stood when Ctrl-C came."""
    following = Following()
    execution: Document = await session.client.execution(execution_id)
    following.take(execution)

    async def go_on() -> None:
        nonlocal execution
        async for execution in session.client.follow(execution_id):
            following.take(execution)

    with following.shown(table=not shown.as_json):
        async with (
            background_task(_tick(following)),
            background_task(go_on()) as going,
            background_task(_wait(asked)) as asking,
        ):
            await asyncio.wait([going, asking], return_when=asyncio.FIRST_COMPLETED)
            if going.done():
                going.result()
    return execution


async def _wait(asked: asyncio.Event) -> None:
    await asked.wait()


async def _tick(following: Following) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        following.tick()


async def _interrupted(session: Session, execution_id: str, shown: Shown, asked: asyncio.Event) -> Document:
    """The execution as it ended, if it is to be cancelled; else Interrupted says what became of it."""
    if await ask(session, asked) is Answer.LEAVE:
        raise Interrupted(left_running(session, execution_id), execution_id)
    with contextlib.suppress(RefusedByServer):  # it ended meanwhile
        await session.client.cancel(execution_id)
    typer.echo("Cancelling it …", err=True)
    asked.clear()
    execution = await _follow(session, execution_id, shown, asked)
    if not ExecutionState(execution["state"]).final:
        sentence = f"Cancelling continues without you: {session.command} watch {execution_id}{session.words}"
        raise Interrupted(sentence, execution_id)
    asked.set()
    return execution


async def _last_result(session: Session, execution: Document, most: int | None) -> Document | None:
    """The first rows (all of them, if `most` is None) of the last sink in file order; None if it has no result."""
    sinks = [node["node_id"] for node in execution["nodes"] if node["is_sink"]]
    if not sinks:
        return None
    page = await session.client.results(execution["execution_id"], sinks[-1], most)
    return None if page is None else {"node_id": sinks[-1], **page}


async def _print(session: Session, execution: Document, result: Document | None, shown: Shown) -> None:
    console = open_console()
    if shown.queries:
        for node in execution["nodes"]:
            print_query(console, await session.client.node(execution["execution_id"], node["node_id"]))
        console.print()
    print_execution(console, execution)
    if result is not None:
        print_result(console, result)


def _next_steps(session: Session, execution: Document) -> dict[str, str]:
    """What one may type when an execution has ended; nothing where its home is gone."""
    if session.ephemeral:
        return {f"{session.command} demo": "the same in a home that stays: its results can be looked at afterwards"}
    begin, end = session.command, session.words
    ids = execution["execution_id"]
    with_rows = [node["node_id"] for node in execution["nodes"] if node["rows"] is not None]
    rows = {f"{begin} results {ids} {with_rows[-1]} --csv{end}": "all rows of a node"} if with_rows else {}
    steps = rows | {f"{begin} watch {ids} --sql{end}": "this again, with the SQL that each node sent"}
    if str(execution["composition_id"]).startswith("comp_"):
        name = execution["composition_id"]
        steps |= {f"{begin} export {name} --out {name}.yaml{end}": "the flow as a file, to change it and `run` it"}
    return steps
