"""Runs a module of the tests under another user, as a person without any rights would."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOMEBODY = 54_321
"""A user who owns nothing and is in no file of users."""
VARIANTS = ("root", "user") if os.geteuid() == 0 else ("user",)


def run_module(variant: str, module: str, *arguments: str) -> str:
    """The output of `python -m module` under the variant's user; AssertionError with its errors if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    if variant == "user" and os.geteuid() == 0:
        command = _as_somebody(command)
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def own_folder(variant: str, folder: Path) -> Path:
    """The folder, empty, private to the variant's user."""
    folder.mkdir(mode=0o700)
    if variant == "user" and os.geteuid() == 0:
        os.chown(folder, SOMEBODY, SOMEBODY)
    return folder


def _as_somebody(command: list[str]) -> list[str]:
    """The command without root's rights; Python and the checkout are reached even below a private folder."""
    drop = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}", "--clear-groups", *command]
    needed = [path for path in (Path(sys.base_prefix), Path(sys.prefix), ROOT) if _hiding(path)]
    if not needed:
        return drop
    script = "\n".join([*_uncovered(needed), f"cd {shlex.quote(str(ROOT))}", f"exec {shlex.join(drop)}"])
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script]


def _hiding(path: Path) -> Path | None:
    """The outermost folder above the path that others may not enter."""
    return next((each for each in reversed(path.resolve().parents) if not each.stat().st_mode & 0o001), None)


def _uncovered(paths: list[Path]) -> list[str]:
    """Shell lines that put an open folder over each hiding one, with nothing in it but the needed paths."""
    kept = [(str(path.resolve()), f"/mnt/kept-{number}") for number, path in enumerate(paths)]
    hiding = {str(_hiding(path)) for path in paths}
    return [
        "mount -t tmpfs none /mnt",
        *(f"mkdir {place} && mount --bind {shlex.quote(path)} {place}" for path, place in kept),
        *(f"mount -t tmpfs -o mode=755 none {shlex.quote(path)}" for path in sorted(hiding)),
        *(f"mkdir -p {shlex.quote(path)} && mount --bind {place} {shlex.quote(path)}" for path, place in kept),
    ]
