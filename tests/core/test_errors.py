"""What is said of other exceptions: never a bare key, never a Python type."""

import pytest

from core.clip.label_set import LabelSet
from core.errors import InputError, reason
from core.project.project import Project


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("name"), "'name' is missing"),
        (KeyError(), "something is missing"),
        (TypeError("string indices must be integers"), "something in it is of the wrong kind"),
        (ValueError("It is too long.\nMore of it"), "It is too long"),
        (RecursionError(), "it is damaged"),
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
