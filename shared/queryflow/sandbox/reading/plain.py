"""A file of text as UTF-8, unpacked: what readers and DuckDB then read alike."""

import codecs
import errno
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from queryflow.domain.files.table_options import ENCODINGS
from queryflow.domain.files.table_refused import TableRefused

BLOCK = 1 << 22
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"PAR1": "a Parquet file; name it .parquet",
}
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def know_encodings() -> None:
    """Load every encoding now: a worker can open no file of Python's."""
    for name in ENCODINGS:
        codecs.lookup(name)


def plain_file(source: Path, target: Path, encoding: str | None) -> Path:
    """The file as UTF-8: `source` where it is that, else `target`. TableRefused if it is not text of that encoding."""
    with source.open("rb") as file:
        begin = file.read(4)
    for mark, what in _ARCHIVES.items():
        if begin.startswith(mark):
            raise TableRefused(f"the file is {what}.")
    packed = begin.startswith((_GZIP, _ZSTD))
    with _unpacked(source, begin) as stream:
        found = encoding or _marked(stream)
        if not packed and found == "utf-8":
            return source
        _write(_decoded(stream, found), target)
    return target


def _unpacked(source: Path, begin: bytes) -> IO[bytes]:
    if begin.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(source))
    if begin.startswith(_ZSTD):
        reader = zstandard.ZstdDecompressor().stream_reader(source.open("rb"), read_across_frames=True, closefd=True)
        return io.BufferedReader(reader)
    return source.open("rb")


def _marked(stream: IO[bytes]) -> str:
    """The encoding that the first bytes mark, else UTF-8."""
    begin = stream.peek(2)[:2] if isinstance(stream, io.BufferedReader) else b""
    return _MARKS.get(begin, "utf-8")


def _decoded(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    try:
        while block := stream.read(BLOCK):
            text = decoder.decode(block)
            yield text.encode()
            lines += text.count("\n")
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        near = lines + _newlines_before(error, encoding)
        raise TableRefused(not_encoded(encoding), line=near) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableRefused(f"the file cannot be unpacked: {error}.") from None
    except zstandard.ZstdError:
        raise TableRefused("the file cannot be unpacked: it is damaged or breaks off.") from None


def _newlines_before(error: UnicodeDecodeError, encoding: str) -> int:
    return error.object[: error.start].decode(encoding, errors="replace").count("\n")


def not_encoded(encoding: str) -> str:
    """The sentence about text that is not in that encoding."""
    known = "UTF-8" if encoding == "utf-8" else encoding
    return f"a character is not {known}; declare the encoding in tables.yaml, for example `encoding: windows-1252`."


def _write(blocks: Iterator[bytes], target: Path) -> None:
    try:
        with target.open("wb") as file:
            for block in blocks:
                file.write(block)
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise TableRefused("unpacked, the file is larger than a query may write; split it.") from None
