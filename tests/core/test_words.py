"""Sentences for people."""

from core.words import counted


def test_one_is_not_many():
    assert [counted(number, "frame") for number in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
