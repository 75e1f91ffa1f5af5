"""The compose file says what the code understands. No container engine is needed to know that."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from composer.process.settings import ComposerSettings
from executor.process.settings import ExecutorSettings
from queryflow.http.routes import ROUTES
from queryflow.process.settings import ServiceSettings
from queryflow_cli.__main__ import app
from queryflow_cli.servers.ports import free_port
from scheduler.process.settings import SchedulerSettings
from status.process.settings import StatusSettings
from tests.support.eventually import eventually

ROOT = Path(__file__).resolve().parents[2]
SETTINGS: dict[str, type[ServiceSettings]] = {
    "composer": ComposerSettings,
    "executor": ExecutorSettings,
    "scheduler": SchedulerSettings,
    "status": StatusSettings,
}
SECRETS = {
    "QUERYFLOW_TOKEN": "t" * 48,
    "QUERYFLOW_DATABASE_PASSWORD": "d" * 48,
    "QUERYFLOW_AMQP_PASSWORD": "a" * 48,
    "QUERYFLOW_OBJECTS_PASSWORD": "o" * 48,
}
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<how>:\?|:-)?(?P<rest>[^}]*)\}")


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def containers(text: str) -> dict[str, Any]:
    """The compose file's services, with the secrets filled in as compose does."""
    filled = VARIABLE.sub(lambda found: SECRETS.get(found["name"], found["rest"]), text)
    return cast("dict[str, Any]", YAML(typ="safe").load(filled)["services"])


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any setting of ours."""
    for name in [name for name in os.environ if name.startswith("QUERYFLOW_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_every_secret_must_be_given_and_the_script_gives_all_of_them(text: str) -> None:
    found = {match["name"]: match["how"] for match in VARIABLE.finditer(text)}
    assert {name for name, how in found.items() if how == ":?"} == set(SECRETS)
    assert {name for name, how in found.items() if how != ":?"} == {"QUERYFLOW_PORT"}
    written = subprocess.run(["/bin/sh", ROOT / "deploy/secrets.sh"], capture_output=True, text=True, check=True)
    given = dict(line.split("=") for line in written.stdout.splitlines())
    assert set(given) == set(SECRETS)
    assert len(set(given.values())) == len(given)
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in given.values())


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_it_passes_exists(name: str, containers: dict[str, Any], alone: pytest.MonkeyPatch) -> None:
    passed: dict[str, str] = containers[name]["environment"]
    settings = SETTINGS[name]
    ours = {it.removeprefix("QUERYFLOW_").lower() for it in passed if it.startswith("QUERYFLOW_")}
    assert ours <= set(settings.model_fields)
    for variable, value in passed.items():
        alone.setenv(variable, value)
    understood = settings()
    assert {understood.host, str(understood.amqp_url)[:7], understood.objects_url[:5]} == {
        "0.0.0.0",
        "amqp://",
        "s3://",
    }
    assert f":{understood.port}/health/ready" in str(containers[name]["healthcheck"]["test"])


@pytest.mark.parametrize("token", ["", "short"])
def test_no_service_starts_without_a_real_token(
    token: str, containers: dict[str, Any], alone: pytest.MonkeyPatch
) -> None:
    for variable, value in (containers["composer"]["environment"] | {"QUERYFLOW_TOKEN": token}).items():
        alone.setenv(variable, value)
    with pytest.raises(ValidationError, match="QUERYFLOW_TOKEN"):
        ComposerSettings()


@pytest.mark.parametrize("name", SETTINGS)
async def test_every_command_starts_and_says_that_it_waits_for_its_servers(
    name: str, containers: dict[str, Any], tmp_path: Path
) -> None:
    """It imports, reads its settings and goes as far as its database: port 9 of this machine, where nobody is."""
    passed = {key: re.sub(r"@\w+:\d+", "@127.0.0.1:9", value) for key, value in containers[name]["environment"].items()}
    log = tmp_path / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", *containers[name]["command"]],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "QUERYFLOW_PORT": str(free_port()), **passed},
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        await eventually(lambda: '"action": "service.waiting"' in log.read_text(), within=60)
    finally:
        process.terminate()
    said = log.read_text()
    assert process.wait(30) == 0, said
    assert "Connect" in said
    assert not any(secret in said for secret in SECRETS.values())


def test_the_migration_runs_first_and_its_command_exists(containers: dict[str, Any]) -> None:
    package, command = containers["migrate"]["command"]
    assert importlib.util.find_spec(package)
    assert command in {it.name for it in app.registered_commands}
    assert containers["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in SETTINGS:
        needed = containers[name]["depends_on"]
        assert needed["migrate"]["condition"] == "service_completed_successfully"
        assert needed["rabbitmq"]["condition"] == "service_healthy"


def test_the_executor_can_be_scaled_and_only_the_proxy_is_reachable(containers: dict[str, Any]) -> None:
    assert [name for name, it in containers.items() if "ports" in it] == ["proxy"]
    assert containers["proxy"]["ports"][0].startswith("127.0.0.1:")
    assert "container_name" not in containers["executor"]


def test_the_proxy_knows_the_same_routes_as_the_gateway() -> None:
    written = re.findall(r'"~\^(\S+) (/\S*?)\(/\|\$\)" (\w+):(\d+);', (ROOT / "deploy/nginx.conf").read_text())
    expected = [
        (
            "[A-Z]+" if route.methods is None else f"({'|'.join(sorted(route.methods))})",
            route.path,
            route.service,
            str(SETTINGS[route.service].model_fields["port"].default),
        )
        for route in ROUTES
    ]
    assert written == expected


def test_the_proxy_describes_the_whole(containers: dict[str, Any]) -> None:
    written = (ROOT / "deploy/nginx.conf").read_text()
    described = re.search(r"location = /openapi.json \{[^}]*alias (\S+);", written)
    assert described
    assert f"./docs/openapi.json:{described[1]}:ro" in containers["proxy"]["volumes"]


def test_the_broker_is_new_and_everything_on_it_durable(containers: dict[str, Any]) -> None:
    assert re.fullmatch(r"rabbitmq:4(\.\d+)*", containers["rabbitmq"]["image"])
    assert "default_queue_type = quorum" in (ROOT / "deploy/rabbitmq.conf").read_text()
    for volume in containers["rabbitmq"]["volumes"] + containers["proxy"]["volumes"]:
        source = volume.partition(":")[0]
        assert not source.startswith(".") or (ROOT / source).is_file()


def test_the_image_holds_every_package_and_only_what_is_in_the_repository() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) ", dockerfile, re.MULTILINE)
    assert all((ROOT / source).exists() for source in copied)
    found = re.search(r"printf '/srv/queryflow/%s\\n' ([^\\]+)\\\s+> .*/queryflow\.pth", dockerfile)
    assert found
    folders = [ROOT / folder for folder in found[1].split()]
    packages = {path.name for folder in folders for path in folder.iterdir() if (path / "__init__.py").is_file()}
    assert packages >= {*SETTINGS, "queryflow", "queryflow_cli"}
    assert "PYTHONPATH=" not in dockerfile, "the sandbox's processes start isolated and would find nothing"


def test_what_the_proxy_says_itself_has_the_shape_of_errors() -> None:
    written = (ROOT / "deploy/nginx.conf").read_text()
    pages = dict(re.findall(r"error_page ([\d ]+?)(?: =\d+)? @(\w+);", written))
    bodies = {name: json.loads(body) for name, body in re.findall(r"location @(\w+) {[^}]*return \d+ '(.*)';", written)}
    assert {" ".join(pages)} == {"404 405 413 502 504"}
    assert set(pages.values()) == set(bodies)
    assert all(set(body) == {"error", "message", "details"} for body in bodies.values())
    assert [bodies[name]["error"] for name in pages.values()] == ["NOT_FOUND", "BODY_TOO_LARGE", "TRY_AGAIN"]
