"""One exception for everything a person can mend.

Whatever arrives from outside (a clip folder, a checkpoint, an edits file, a request) and does not hold
raises `InputError`: what is wrong, and what to do about it. The page and the command line show both
sentences and nothing else; any other exception is a defect of ours.
"""

from __future__ import annotations

# Longer texts are shown without their middle: sentences quote names, paths and values from outside.
MOST_CHARACTERS = 500


class InputError(ValueError):
    """Something from outside is not usable. `fix` says what the person can do about it.

    Both are one line of at most `MOST_CHARACTERS`, whatever they quote.
    """

    def __init__(self, problem: str, fix: str = "") -> None:
        self.problem, self.fix = one_line(problem), one_line(fix)
        super().__init__(f"{self.problem} {self.fix}".strip())


def one_line(text: str, most: int = MOST_CHARACTERS) -> str:
    """Text fit to be shown: one line, nothing that steers a terminal, the middle left out where it is longer."""
    if len(text) > most:
        end = most // 3
        text = f"{text[: most - end - 5]} ... {text[-end:]}"
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def reason(error: BaseException) -> str:
    """What another exception says, as the end of a sentence: one line, without its type, a missing key by its name."""
    if isinstance(error, KeyError):
        return f"{one_line(repr(error.args[0]), 80)} is missing" if error.args else "something is missing"
    if isinstance(error, TypeError | AttributeError):  # Python's words on values of the wrong kind help nobody
        return "something in it is of the wrong kind"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    lines = str(error).strip().splitlines()
    return one_line(lines[0], 200).rstrip(".") if lines else "it is damaged"
