import errno
import os
import sys

import pytest

from queryflow_cli import __main__ as command_line


@pytest.mark.parametrize("word", [os.fsdecode(b"--data=/data/\xff"), "a\0b"])
def test_words_that_are_no_text_are_refused(
    word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["queryflow", "demo", word])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert "is not written in UTF-8" in capsys.readouterr().err


def test_a_full_disk_is_a_sentence_and_another_error_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*, prog_name: str, standalone_mode: bool) -> None:
        raise OSError(number, os.strerror(number), f"/{prog_name}/home")

    monkeypatch.setattr(sys, "argv", ["queryflow"])
    monkeypatch.setattr(command_line, "app", fails)
    number = errno.ENOSPC
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "The disk is full: /queryflow/home could not be written. Make room there.\n"
    number = errno.EIO
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert said.startswith("This should not have happened: OSError: [Errno 5] Input/output error")
    assert "Traceback" not in said
    monkeypatch.setenv("QUERYFLOW_TRACE", "1")
    with pytest.raises(OSError, match="Input/output"):
        command_line.main()
