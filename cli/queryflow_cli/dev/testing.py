"""`./queryflow test`: lint, types and import contracts beside every test, and what each took."""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as Xml

CHECKOUT = Path(__file__).resolve().parents[3]
GROUPS = (("integration",), ("unit", "contract", "system"))
"""What runs side by side: the two take about as long, and both wait a lot."""
SUITES = tuple(suite for group in GROUPS for suite in group)
NOTHING_CHOSEN = 5
"""How pytest exits when its arguments leave it no test."""
LINT = "lint"

_LINTS = {
    "ruff check": ("-m", "ruff", "check", "."),
    "ruff format": ("-m", "ruff", "format", "--check", "."),
    "mypy": ("-m", "mypy"),
    "import contracts": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the run: whether it is well, what it took, and what it counted."""

    name: str
    succeeded: bool
    seconds: float
    counted: str = ""

    def __str__(self) -> str:
        """The line of the summary."""
        return (
            f"{'ok    ' if self.succeeded else 'FAILED'} {self.name:<18} {self.seconds:7.1f} s  {self.counted}".rstrip()
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """What pytest's report says of one suite, or of all."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def well(self) -> bool:
        """Whether something passed and nothing failed: a suite that was skipped whole has proved nothing."""
        return self.passed > 0 and not self.failed

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.seconds + other.seconds,
        )

    def __str__(self) -> str:
        """In pytest's words."""
        named = (("failed", self.failed), ("passed", self.passed), ("skipped", self.skipped))
        return ", ".join(f"{count} {name}" for name, count in named if count) or "no tests"


def run_tests(arguments: Sequence[str], only: str | None = None) -> int:
    """Run everything, or the part that `only` names (lint or a suite); `arguments` go to pytest.

    Returns the exit code: 0 only if every stage is well and at least one test ran.
    """
    if not (CHECKOUT / "tests").is_dir():
        print("The tests are in the repository: clone it and start ./queryflow test there.", file=sys.stderr)
        return 2
    began = time.monotonic()
    stages: list[Stage] = []
    total = Counts()
    with ThreadPoolExecutor(max_workers=1) as beside:
        linting = beside.submit(_lint_all) if only not in SUITES else None
        if only != LINT:
            suites, exit_code = _pytest(arguments, only)
            total = sum(suites.values(), Counts())
            stages += [Stage(name, it.well, it.seconds, str(it)) for name, it in sorted(suites.items())]
            stages.append(Stage("pytest", exit_code == 0, total.seconds, str(total)))
        if linting:
            stages = linting.result() + stages
    print("\n" + "\n".join(map(str, stages)))
    if only != LINT:
        print(f"{total} in {time.monotonic() - began:.2f}s")
    return 0 if all(stage.succeeded for stage in stages) else 1


def _lint_all() -> list[Stage]:
    return [_lint(name, command) for name, command in _LINTS.items()]


def _lint(name: str, command: Sequence[str]) -> Stage:
    """What it says comes at once, when it has ended: the tests speak beside it."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    stage = Stage(name, done.returncode == 0, time.monotonic() - began)
    print(f"\n{done.stdout}{stage}", flush=True)
    return stage


def _pytest(arguments: Sequence[str], only: str | None) -> tuple[dict[str, Counts], int]:
    """Run groups of suites side by side, each with servers of its own; what they counted, and the worst exit code.

    The first group speaks as it goes, the others when they have ended.
    """
    suites: dict[str, Counts] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        running = []
        for number, paths in enumerate(_groups(arguments, only)):
            said = stack.enter_context(Path(folder, f"{number}.txt").open("w+")) if number else None
            report = Path(folder, f"{number}.xml")
            command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *paths, *arguments]
            process = subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
            running.append((stack.enter_context(process), report, said))
        codes = [process.wait() for process, _, _ in running]
        for _, report, said in running:
            suites |= _count(report) if report.exists() else {}
            if said is not None:
                said.seek(0)
                print(said.read(), flush=True)
    told = [code for code in codes if code != NOTHING_CHOSEN or not arguments]
    return suites, max(told, default=NOTHING_CHOSEN)


def _groups(arguments: Sequence[str], only: str | None) -> list[list[str]]:
    """The paths of each group; none where the arguments name paths of their own."""
    if any((CHECKOUT / word.partition("::")[0]).exists() for word in arguments):
        return [[]]
    chosen = [(only,)] if only else GROUPS
    return [[f"tests/{suite}" for suite in group] for group in chosen]


def _count(report: Path) -> dict[str, Counts]:
    """The report's cases by suite: the second word of `tests.unit.test_graph`."""
    suites: dict[str, Counts] = defaultdict(Counts)
    for case in Xml.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote this file a moment ago
        name = case.get("classname", "").split(".")[1:2]
        suites["".join(name) or "tests"] += Counts(
            passed=int(not len(case)),
            failed=int(case.find("failure") is not None or case.find("error") is not None),
            skipped=int(case.find("skipped") is not None),
            seconds=float(case.get("time", 0)),
        )
    return dict(suites)
