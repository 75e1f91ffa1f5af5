"""Running flows, and taking them in and out."""

from pathlib import Path

import typer

from queryflow.domain.errors import Invalid, Problem, Severity
from queryflow.domain.values.parameters import ParameterType
from queryflow_cli.client.client import Document, RefusedByServer, problem_of
from queryflow_cli.terminal.console import next_steps
from queryflow_cli.terminal.files import FlowFile, read_flow_file, write_file
from queryflow_cli.terminal.problems import print_problems
from queryflow_cli.terminal.run_options import FlowRequest, SessionOptions, Shown
from queryflow_cli.terminal.typed import parameter_types, parameters_of, read_assignments
from queryflow_cli.usecases.running import watch
from queryflow_cli.usecases.session import Session, open_session

SHORT = 12
"""How much of a version's hash a person reads."""


async def run_flow(request: FlowRequest, options: SessionOptions, shown: Shown) -> bool:
    """Run a flow file or a saved flow on a system, show it; whether it succeeded."""
    file = None if request.is_saved else read_flow_file(Path(request.name))
    typed = read_assignments(request.assignments)
    async with open_session(options) as session:
        flow, problems = await _prepared(session, request, file)
        asked: Document = {"parameters": parameters_of(typed, parameter_types(flow))}
        asked |= {
            "version": request.version or ("auto" if file is None else "head")
        }  # a file is not the published flow
        asked |= {} if session.data is None else {"connection": session.data}
        accepted = await _accepted(session, flow, asked, file)
        print_problems(problem for problem in problems if problem.severity is Severity.WARNING)
        return await watch(session, str(accepted["execution_id"]), shown)


async def import_flow(path: Path, options: SessionOptions) -> bool:
    """Save a flow file as the head of its composition, and say what is still wrong with it."""
    file = read_flow_file(path)
    async with open_session(options) as session:
        saved = await session.client.save_composition(file.document)
        name = saved["composition_id"]
        print_problems(file.located(map(problem_of, saved.get("problems") or ())))
        typer.echo(f"Saved {name}.")
        steps = {f"{session.command} run {name}{session.words}": "runs it"}
        if saved.get("published_version"):
            version = saved["published_version"][:SHORT]
            typer.echo(f"Its published version {version} stays what `run {name}` and its schedules run.")
            steps = {
                f"{session.command} run {name} --version head{session.words}": "runs what was saved now",
                f"{session.command} publish {name}{session.words}": "makes it the published version",
            }
        next_steps(steps)
    return True


async def combine_templates(document: Document, assignments: tuple[str, ...], options: SessionOptions) -> bool:
    """Make a flow of templates in their order, which share the values; say what is still wrong with it."""
    typed = read_assignments(assignments)
    async with open_session(options) as session:
        types: dict[str, ParameterType] = {}
        for template in document["templates"]:
            types |= parameter_types(await session.client.template(template))
        saved = await session.client.combine(document | {"parameters": parameters_of(typed, types)})
        name = saved["composition_id"]
        print_problems(map(problem_of, saved.get("problems") or ()))
        typer.echo(f"Saved {name}.")
        steps = {f"{session.command} run {name}{session.words}": "runs it"}
        export = f"{session.command} export {name} --out {name}.yaml{session.words}"
        next_steps(steps | {export: "the flow as a file, to connect its nodes"})
    return True


async def export_flow(composition_id: str, options: SessionOptions, out: Path | None) -> bool:
    """Write a saved flow as a flow file, or to standard output."""
    async with open_session(options) as session:
        text = await session.client.composition_file(composition_id)
    write_file(text, out)
    return True


async def publish_flow(composition_id: str, options: SessionOptions) -> bool:
    """Make what was saved last the version that schedules and `run` use."""
    async with open_session(options) as session:
        version = await session.client.publish(composition_id)
        typer.echo(f"Published {composition_id} as version {version[:SHORT]}.")
        add = f'{session.command} schedules add {composition_id} --cron "0 9 * * 1"{session.words}'
        next_steps({add: "runs it every Monday at 9"})
    return True


async def _prepared(
    session: Session, request: FlowRequest, file: FlowFile | None
) -> tuple[Document, tuple[Problem, ...]]:
    """The flow as the system has it, once a file was saved, and its problems; says it if a published version runs."""
    if file is not None:
        saved = await session.client.save_composition(file.document)
        return file.document, file.located(map(problem_of, saved.get("problems") or ()))
    flow = await session.client.composition(request.name)
    published = flow.get("published_version")
    if published and request.version in {None, "auto"}:
        sentence = f"{flow['composition_id']} runs its published version {published[:SHORT]}"
        typer.echo(f"{sentence}; --version head runs what was saved last.", err=True)
        return flow, ()
    return flow, tuple(map(problem_of, await session.client.problems(request.name)))


async def _accepted(session: Session, flow: Document, asked: Document, file: FlowFile | None) -> Document:
    """The execution that was accepted; Invalid has the problems with their places in the file."""
    try:
        return await session.client.accept(str(flow["composition_id"]), asked)
    except RefusedByServer as refused:
        if file is None or not refused.problems:
            raise
        raise Invalid(str(refused), file.located(refused.problems), code=refused.error_code) from refused
