"""The rules of the house that no linter knows."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("shared", "services", "cli", "tools", "tests", "bench")
PURE = tuple(f"shared/queryflow/{room}" for room in ("domain", "sql", "engines", "messages"))
TEXTS = (
    "docs",
    "deploy",
    ".ci",
    "requirements",
    "queryflow",
    "README.md",
    "CHANGELOG.md",
    "Dockerfile",
    "pyproject.toml",
)

LOST_WORDS = "(?i:wish|nursery|finisher|furnish|crash_?point|near_name|scarcity|frozen_head|storability|_desk|desk_)"
"""What docs/glossary.md says with other words."""


def python_files(folders: tuple[str, ...] = SOURCES) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__))


def pure_files() -> Iterator[Path]:
    yield from python_files(PURE)


def shipped_files() -> Iterator[Path]:
    yield from python_files(tuple(folder for folder in SOURCES if folder != "tests"))


def all_files() -> Iterator[Path]:
    yield from python_files()
    yield from ROOT.glob("docker-compose*.yml")
    for name in TEXTS:
        path = ROOT / name
        yield from sorted(it for it in path.rglob("*") if it.is_file()) if path.is_dir() else [path] * path.exists()


@dataclass(frozen=True)
class Rule:
    says: str
    files: Callable[[], Iterator[Path]]
    forbids: str
    such_as: str
    """A line that breaks the rule: a pattern that finds nothing would prove nothing."""


RULES = (
    Rule(
        "noqa names its code and reason",
        python_files,
        r"#\s*noqa(?!: [A-Z]+\d+(, ?[A-Z]+\d+)* (- |\()\w)",
        "x  # noqa: E501",
    ),
    Rule(
        "type: ignore names its code and reason",
        python_files,
        r"#\s*type:\s*ignore(?!\[[\w, -]+\]\s+# \w)",
        "x  # type: ignore[misc]",
    ),
    Rule("nothing is left to do", python_files, r"#\s*(TODO|FIXME|XXX)\b", "# TODO: later"),
    Rule(
        "what is pure reads no clock and no environment, opens nothing and says nothing",
        pure_files,
        r"\.(now|utcnow|today)\(|\btime\.(time|monotonic)\b|\bos\.(environ|getenv)\b|(?<!\.)\b(print|open|input)\(",
        "datetime.now(UTC)",
    ),
    Rule(
        "one file knows how aiormq works inside",
        lambda: (path for path in shipped_files() if path.name != "aiormq_internals.py"),
        r"\bChannelFrame\b|\bwrite_queue\b|\bmessage_id_delivery_tag\b|\.confirmations\b|channel\.(consumers|delivery_tag)\b",
        "channel.delivery_tag += 1",
    ),
    Rule(
        "what is shipped needs no test", shipped_files, r"^\s*(from|import) tests\b", "from tests.support import ports"
    ),
    Rule("no path of one machine", all_files, r"(?<![\w.])/(work|root/\.)[\w/]", "/wo" + "rk/somewhere"),
    Rule(
        "names are the glossary's words",
        python_files,
        rf"\b(?:class|def)\s+\w*{LOST_WORDS}|\b(?:import|from)\b.*{LOST_WORDS}|^\s*\w*{LOST_WORDS}\w*\s*[:=]",
        "def take_wish(",
    ),
    Rule(
        "no package index",
        all_files,
        r"\b(pypi\.org|pythonhosted\.org|registry\.npmjs\.org)\b",
        "https://pypi" + ".org/simple",
    ),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says)
def test_the_house_keeps_its_rules(rule: Rule) -> None:
    assert re.search(rule.forbids, rule.such_as)
    assert not [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in rule.files()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(rule.forbids, line)
    ]


def test_files_stay_under_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in python_files() if "migrations" not in path.parts}
    assert len(lengths) > 50
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length >= 300}
