"""Votes in SQLite: one row a vote, in WAL mode, so that several judges and several programs use the file at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

from core.errors import InputError
from core.files import NotWritten, make_folder

FORMAT = 1
# How long a write waits for others; theirs take milliseconds.
_BUSY_SECONDS = 20.0
_TABLE = """
CREATE TABLE IF NOT EXISTS votes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    judge TEXT NOT NULL,
    trial TEXT NOT NULL,
    question TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('pair', 'repeat', 'trap')),
    clip TEXT NOT NULL,
    left TEXT NOT NULL,
    right TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('left', 'right')),
    seconds REAL NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (judge, trial, question)
) STRICT
"""
_COLUMNS = "judge, trial, question, kind, clip, left, right, choice, seconds, at"


class AlreadyVoted(InputError):
    """This judge has answered this question of this trial."""


@dataclass(frozen=True)
class Vote:
    """One answer. left, right: what was on each side; choice: 'left' or 'right'.

    seconds     from when the question was shown to the answer, as the page measured it
    at          when it was kept, UTC, ISO 8601
    """

    judge: str
    trial: str
    question: str
    kind: str
    clip: str
    left: str
    right: str
    choice: str
    seconds: float
    at: str = ""

    @property
    def chosen(self) -> str:
        """What was preferred: a method's name, or `core.preference.trials.DAMAGED`."""
        return self.left if self.choice == "left" else self.right

    @property
    def rejected(self) -> str:
        """What it was preferred to."""
        return self.right if self.choice == "left" else self.left


class Votes:
    """The votes of a study in one file. Any number of threads and programs may use it at once.

    Raises `InputError` where the file is none of ours or damaged, `NotWritten` where it cannot be written.
    """

    def __init__(self, file: Path) -> None:
        self._file = Path(file)
        make_folder(self._file.parent)
        with self._connected() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, FORMAT):
                raise InputError(f"{file} is of a newer version of this program.", "Update the program.")
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {FORMAT}")

    def add(self, vote: Vote) -> None:
        """Keep a vote; it is on the disk when this returns. Raises `AlreadyVoted`."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = (*astuple(vote)[:-1], now)
        marks = ", ".join("?" * len(values))
        with self._connected() as connection:
            try:
                connection.execute(f"INSERT INTO votes ({_COLUMNS}) VALUES ({marks})", values)
            except sqlite3.IntegrityError as error:
                raise AlreadyVoted(
                    "This question has your answer already.", "Go on with the next, or take the last answer back."
                ) from error

    def take_back(self, judge: str) -> bool:
        """Remove a judge's last vote. False where there is none."""
        with self._connected() as connection:
            done = connection.execute(
                "DELETE FROM votes WHERE number = (SELECT max(number) FROM votes WHERE judge = ?)", (judge,)
            )
            return done.rowcount > 0

    def of(self, judge: str) -> list[Vote]:
        """A judge's votes in the order in which they came."""
        with self._connected() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM votes WHERE judge = ? ORDER BY number", (judge,))
            return [Vote(*row) for row in rows]

    def all(self) -> list[Vote]:
        """Every vote in the order in which they came."""
        with self._connected() as connection:
            return [Vote(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM votes ORDER BY number")]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each use: SQLite's are for one thread. Every statement commits by itself."""
        connection = None
        try:
            connection = sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA synchronous = FULL")
            yield connection
        except sqlite3.OperationalError as error:
            raise NotWritten(
                f"{self._file} could not be used: {error}.", "Free the disk or the file, then try again."
            ) from error
        except sqlite3.DatabaseError as error:
            fix = "Put back a copy of it, or move it away to begin anew."
            raise InputError(f"{self._file} is damaged or holds no votes: {error}.", fix) from error
        finally:
            if connection is not None:
                connection.close()
