"""What is said of other exceptions: never a bare key, never a Python type."""

import pytest

from core.clip.label_set import LabelSet
from core.errors import MOST_CHARACTERS, InputError, one_line, reason
from core.project.project import Project


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("name"), "'name' is missing"),
        (KeyError(), "something is missing"),
        (TypeError("string indices must be integers"), "something in it is of the wrong kind"),
        (ValueError("It is too long.\nMore of it"), "It is too long"),
        (RecursionError(), "it is nested too deep"),
        (ValueError(), "it is damaged"),
    ],
)
def test_the_reason_is_the_end_of_a_sentence(error: Exception, said: str) -> None:
    assert reason(error) == said


def test_what_is_missing_is_named_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"This is not a project file: 'id' is missing\."):
        Project.from_json('{"format": 2, "edits": [], "past": [], "redo": []}')
    with pytest.raises(InputError, match=r"The label set is not readable: 'name' is missing\."):
        LabelSet.from_dict({"classes": []})
    with pytest.raises(InputError, match=r"wrong kind\."):
        LabelSet.from_dict({"classes": [7]})


@pytest.mark.parametrize("quoted", ["x" * 100_000, "a\nb\r\n" * 1000, "\x1b[2J\x07\u202e" * 1000, "\ud800", " " * 5000])
def test_what_is_quoted_stays_one_bounded_line(quoted: str) -> None:
    error = InputError(f"{quoted} is not usable.", f"Instead of {quoted} take another.")
    for said in (error.problem, error.fix):
        assert len(said) <= MOST_CHARACTERS and said.isprintable()
    assert error.problem.endswith("is not usable.") and error.fix.startswith("Instead of")
    assert len(reason(ValueError(quoted))) <= 200 and len(reason(KeyError(quoted))) <= 200


def test_short_texts_stay_as_they_are() -> None:
    assert one_line("Straße 7 – 'ü'.") == "Straße 7 – 'ü'."
