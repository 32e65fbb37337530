"""How far long work is, in lines."""

from core.headless.progress import PartLines


def test_a_line_when_a_part_begins_and_one_every_ten_seconds():
    said: list[str] = []
    clock = iter([0.0, 0.0, 4.0, 12.0, 13.0, 30.0, 31.0])
    lines = PartLines(said.append, lambda: next(clock))
    for what, done in (("frames", 0), ("frames", 1), ("frames", 3), ("frames", 4), ("looks", 0), ("looks", 2)):
        lines(what, done, 6)
    assert said == ["frames: 6 to do", "frames: 3 of 6, 0:00:12 left", "looks: 6 to do"]
