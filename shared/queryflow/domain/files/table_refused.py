"""Why the files of a table are no table."""


class TableRefused(Exception):
    """A file cannot be read as a table without guessing; says the person's name of the file, and the line if known."""

    def __init__(self, sentence: str, *, file: str = "", line: int | None = None) -> None:
        where = file if line is None else f"{file}, line {line:,}".lstrip(", ")
        super().__init__(f"{where}: {sentence}" if where else sentence)
        self.sentence = sentence
        self.file = file
        self.line = line

    def of(self, file: str) -> "TableRefused":
        """The same of the file of that name."""
        return TableRefused(self.sentence, file=file, line=self.line)
