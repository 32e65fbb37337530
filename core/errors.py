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
