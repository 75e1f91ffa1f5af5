"""RabbitMQ from Debian's packages, unpacked into a cache: no root, nothing installed, nothing changed on the system."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path


def unpacked_rabbitmq() -> Path | None:
    """The root of an unpacked rabbitmq-server with its needs; None where apt-get cannot download."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None
    named = os.environ.get("XDG_CACHE_HOME")
    cache = Path(named or Path(tempfile.gettempdir()) / f"queryflow-{os.getuid()}")
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not named and cache.lstat().st_uid != os.getuid():  # all may write to that folder: another may have made it
        return None
    root = cache / "rabbitmq-server"
    if root.is_dir():
        return root
    fresh = Path(tempfile.mkdtemp(dir=cache))
    try:
        _download_and_unpack(fresh)
        _tell_erlang_where_it_will_be(fresh, root)
        fresh.rename(root)
    except (subprocess.SubprocessError, OSError):
        shutil.rmtree(fresh)
    return root if root.is_dir() else None


def _download_and_unpack(folder: Path) -> None:
    lists = folder / "lists"
    (lists / "partial").mkdir(parents=True)
    options = ("-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={folder / 'apt'}", "-o", "Debug::NoLocking=true")
    _run(folder, "apt-get", *options, "update")
    planned = _run(folder, "apt-get", *options, "install", "--simulate", "--no-install-recommends", "rabbitmq-server")
    names = re.findall(r"^Inst (\S+)", planned, re.MULTILINE)
    _run(folder, "apt-get", *options, "download", *names)
    for package in folder.glob("*.deb"):
        _run(folder, "dpkg", "--extract", package.name, ".")
        package.unlink()
    shutil.rmtree(lists)
    shutil.rmtree(folder / "apt", ignore_errors=True)


def _tell_erlang_where_it_will_be(folder: Path, root: Path) -> None:
    """Debian writes Erlang's absolute folder into its start scripts."""
    erlang = folder / "usr/lib/erlang"
    for script in (*erlang.glob("bin/erl"), *erlang.glob("erts-*/bin/erl")):
        text = script.read_text()
        script.write_text(re.sub(r"(?m)^(\s*)ROOTDIR=.*$", rf'\1ROOTDIR="{root}/usr/lib/erlang"', text))


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=300)
    return done.stdout
