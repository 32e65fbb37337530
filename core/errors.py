"""One exception for everything a person can mend.

Whatever arrives from outside (a clip folder, a checkpoint, an edits file, a request) and does not hold
raises `InputError`: what is wrong, and what to do about it. The page and the command line show both
sentences and nothing else; any other exception is a defect of ours.
"""


class InputError(ValueError):
    """Something from outside is not usable. `fix` says what the person can do about it."""

    def __init__(self, problem: str, fix: str = "") -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix


def reason(error: BaseException) -> str:
    """What another exception says, as the end of a sentence: one line, without its type, a missing key by its name."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing" if error.args else "something is missing"
    if isinstance(error, TypeError | AttributeError):  # Python's words on values of the wrong kind help nobody
        return "something in it is of the wrong kind"
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else "it is damaged"
