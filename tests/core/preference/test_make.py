"""A study is made, goes on after an interruption, and says what is wrong with its parts."""

from __future__ import annotations

import json
import os
import shutil
from fractions import Fraction

import numpy as np
import pytest
from typer.testing import CliRunner

import core.preference.command
from core.__main__ import app
from core.clip.native import write_clip
from core.clip.png import encode_png
from core.errors import InputError
from core.preference.damage import damaged
from core.preference.judging import Judging, Unknown
from core.preference.make import Wish, make_study
from core.preference.methods import open_method
from core.preference.statistics import Score
from core.preference.study import read_study, video_file
from core.preference.trials import trials_of
from core.preference.votes import AlreadyVoted
from tests.core.preference.studies import JUDGE, judge, prefers, small_study, write_videos
from tests.core.tiny import tiny_checkpoint, tiny_clip
from tests.videos import read_video


def run(*words: object):
    return CliRunner(env={"COLUMNS": "200", "TERM": "dumb"}).invoke(app, [str(word) for word in words])


def refused(result, *words: str) -> None:
    """Ended with 2 and one sentence; the bar may stand before it."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    said = result.stderr.strip().splitlines()[-1]
    assert all(word in said for word in words), said


def test_folders_become_pairs_in_one_encoding(tmp_path):
    study = small_study(tmp_path, methods=3, clips=2)
    assert [method.name for method in study.methods] == ["a", "b", "c"]
    assert [clip.name for clip in study.clips] == ["clip0", "clip1"]
    assert len(study.pairs()) == 6 and len(study.traps) == 2
    for method, row in enumerate(study.videos):
        for clip, video in enumerate(row):
            pictures, rate = read_video(video_file(tmp_path / "study", video))
            wanted, _ = read_video(tmp_path / "abc"[method] / f"clip{clip}.mp4")
            assert rate == 12 and pictures.shape == wanted.shape == (6, 32, 64, 3)
            assert np.abs(pictures.astype(int) - wanted).mean() < 3
    good, _ = read_video(video_file(tmp_path / "study", study.videos[0][0]))
    trap, _ = read_video(video_file(tmp_path / "study", study.traps[0].damaged))
    assert trap.shape == good.shape and np.abs(trap.astype(int) - good).mean() > 15


def test_names_of_videos_give_nothing_away(tmp_path):
    write_videos(tmp_path / "a", clips=1)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    study = make_study(tmp_path / "study", Wish([open_method(str(tmp_path / name)) for name in "ab"]))
    assert study.videos[0] != study.videos[1]


def test_damage_is_the_same_again_and_plain_to_see():
    pictures = np.random.default_rng(0).integers(0, 255, (3, 40, 60, 3), np.uint8)
    once, again = (np.stack(list(damaged(pictures, 1))) for _ in range(2))
    assert np.array_equal(once, again) and once.shape == pictures.shape and once.dtype == np.uint8
    assert not np.array_equal(once, np.stack(list(damaged(pictures, 2))))


def test_checkpoints_render_the_clips_and_filmed_is_their_film(tmp_path):
    write_clip(tiny_clip(), tmp_path / "clips" / "tiny")
    for seed in range(2):
        tiny_checkpoint(tmp_path / f"model{seed}.safetensors", seed=seed)
    words = [f"first={tmp_path / 'model0.safetensors'}", str(tmp_path / "model1.safetensors"), "filmed"]
    wish = Wish([open_method(word) for word in words], tmp_path / "clips", traps=0)
    study = make_study(tmp_path / "study", wish)
    assert [method.name for method in study.methods] == ["first", "model1", "filmed"]
    first, second, film = (read_video(video_file(tmp_path / "study", row[0]))[0].astype(int) for row in study.videos)
    assert np.abs(film - tiny_clip().pictures).mean() < 12
    assert np.abs(first - second).mean() > 1
    rendered = run(
        "render", tmp_path / "clips" / "tiny", "--checkpoint", tmp_path / "model0.safetensors", "-o", tmp_path / "r.mp4"
    )
    assert rendered.exit_code == 0
    assert np.array_equal(read_video(tmp_path / "r.mp4")[0], first)


def test_pictures_have_the_rate_that_is_said(tmp_path):
    write_videos(tmp_path / "a", clips=1)
    (tmp_path / "b" / "clip0").mkdir(parents=True)
    for t in range(6):
        (tmp_path / "b" / "clip0" / f"{t + 1}.png").write_bytes(encode_png(np.full((32, 64, 3), 9 * t, np.uint8)))
    methods = [open_method(str(tmp_path / name), rate) for name, rate in (("a", None), ("b", Fraction(24)))]
    with pytest.raises(InputError, match=r"b has 24 frames a second, that of a 12.*--rate"):
        make_study(tmp_path / "study", Wish(methods))
    study = make_study(tmp_path / "study", Wish([open_method(str(tmp_path / name)) for name in "ab"], traps=0))
    assert read_video(video_file(tmp_path / "study", study.videos[1][0]))[1] == 12


def test_an_interrupted_study_goes_on(tmp_path):
    for name in "ab":
        write_videos(tmp_path / name)
    wish = Wish([open_method(str(tmp_path / name)) for name in "ab"])

    def stop(what: str, done: int, total: int) -> None:
        if what == "b: clip1":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_study(tmp_path / "study", wish, stop)
    assert not (tmp_path / "study" / "study.json").exists()
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "study" / "videos").iterdir()}
    assert len(kept) == 3
    made: list[str] = []
    study = make_study(tmp_path / "study", wish, lambda what, done, total: made.append(what) if not done else None)
    assert made == ["b: clip1", "a: clip2", "b: clip2", "trap: clip0", "trap: clip1"]
    assert all(file.stat().st_mtime_ns == time for file, time in kept.items())
    # A video that went missing is made again, and nothing else.
    os.remove(video_file(tmp_path / "study", study.videos[1][2]))
    with pytest.raises(InputError, match=r"1 of the videos .* missing"):
        read_study(tmp_path / "study")
    made.clear()
    assert make_study(tmp_path / "study", wish, lambda what, done, total: made.append(what)) == study
    assert set(made) == {"b: clip2"}


def test_another_study_is_not_written_over(tmp_path):
    small_study(tmp_path, clips=2)
    before = (tmp_path / "study" / "study.json").read_bytes()
    methods = [open_method(str(tmp_path / name)) for name in "ba"]
    with pytest.raises(InputError, match="holds another study"):
        make_study(tmp_path / "study", Wish(methods))
    assert (tmp_path / "study" / "study.json").read_bytes() == before


def test_what_does_not_fit_is_a_sentence(tmp_path):
    for name, videos in {
        "a": {}, "few": {"clips": 2}, "long": {"frames": 7}, "small": {"size": (32, 32)}
    }.items():  # fmt: skip
        write_videos(tmp_path / name, **videos)
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.safetensors").write_text("none")

    def tried(*words: object):
        return run("preference", *words, "-o", tmp_path / "study", "--no-serve")

    a = tmp_path / "a"
    refused(tried(a, tmp_path / "few"), "has no video of clip 'clip2'")
    refused(tried(tmp_path / "few", a), "has no video of clip 'clip2'")
    refused(tried(a, tmp_path / "long"), "the video of long has 7 frames, that of a 6")
    refused(tried(a, tmp_path / "small"), "small has 32x32 pixels, that of a 64x32")
    refused(tried(a), "1 methods cannot be compared")
    refused(tried(a, a), "Two methods are called a", "ours=")
    refused(tried(a, tmp_path / "nowhere"), "nowhere is missing")
    refused(tried(a, tmp_path / "empty"), "holds no videos")
    refused(tried(a, tmp_path / "text.safetensors"), "text.safetensors")
    refused(tried(f"x{'y' * 80}={a}", a), "is missing")
    refused(tried(a, "filmed", "--clips", tmp_path / "empty"), "There is no clip in")
    (a / "clip1.mp4").write_bytes(b"no video")
    refused(tried(a, f"other={tmp_path / 'few'}"), "clip1.mp4")
    assert not (tmp_path / "study" / "study.json").exists()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"format": 2}, "format"),
        ({"videos": []}, "every method has one video"),
        ({"methods": [{"name": "a", "source": ""}] * 2}, "one name"),
        ({"traps": [{"clip": 99, "method": 0, "damaged": "0" * 24}]}, "trap"),
        ({"videos": [["../../x"], ["../../y"]]}, "videos"),
        ({"extra": 1}, "extra"),
    ],
)
def test_a_damaged_study_is_a_sentence(tmp_path, change, word):
    small_study(tmp_path, clips=1)
    file = tmp_path / "study" / "study.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(InputError, match=word):
        read_study(tmp_path / "study")


def test_votes_are_checked_before_they_are_kept(tmp_path):
    small_study(tmp_path, clips=2)
    judging = Judging(tmp_path / "study")
    trial = judging.trials(JUDGE)[0]
    judging.vote(JUDGE, trial.key, "realism", "left", 2.5)
    with pytest.raises(AlreadyVoted):
        judging.vote(JUDGE, trial.key, "realism", "left", 2.5)
    theirs = judging.trials(judge(5))[0].key
    for wrong, kind, word in (
        ((JUDGE, "0" * 16, "realism", "left", 1), Unknown, "not one of yours"),
        ((JUDGE, theirs, "realism", "left", 1), Unknown, "not one of yours"),
        ((JUDGE, trial.key, "beauty", "left", 1), Unknown, "Nobody asks"),
        ((JUDGE, trial.key, "steadiness", "both", 1), InputError, "no answer"),
        ((JUDGE, trial.key, "steadiness", "left", float("nan")), InputError, "cannot take"),
        (("../etc", trial.key, "steadiness", "left", 1), Unknown, "not a link"),
    ):
        with pytest.raises(kind, match=word):
            judging.vote(*wrong)
    assert len(judging.votes.all()) == 1
    with pytest.raises(Unknown):
        judging.video("0" * 24)


def test_the_command_makes_a_study_and_starts_its_page(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(core.preference.command.os, "execv", lambda program, words: started.append(words))
    monkeypatch.setattr(core.preference.command.subprocess, "call", lambda words: started.append(words) or 0)
    for name in "ab":
        write_videos(tmp_path / name, clips=1)
    result = run("preference", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "study", "--port", "7999")
    assert result.exit_code == 0, result.output
    assert "2 methods on 1 clip in" in result.stderr and "1 of them, 1 twice, and 2 traps" in result.stderr
    assert started and started[0][1:] == [
        "-m", "app.preference", str(tmp_path / "study"), "--host", "127.0.0.1", "--port", "7999"
    ]  # fmt: skip


def test_the_command_shows_results(tmp_path, monkeypatch):
    study = small_study(tmp_path, methods=3, clips=2)
    folder = tmp_path / "study"
    refused(run("preference-results", folder), "has no votes yet")
    votes = Judging(folder).votes
    orders = {judge(1): "abc", judge(2): "bca", judge(3): "cab"}
    for name, order in orders.items():
        for vote in prefers(study, name, order):
            votes.add(vote)
    for trial in trials_of(study, JUDGE):
        Judging(folder).vote(JUDGE, trial.key, "realism", "left", 0.1)
    monkeypatch.setattr("core.preference.results.bradley_terry", lambda wins: [Score(-1e-9, -0.5, 0.5)] * len(wins))
    result = run("preference-results", folder, "--csv", tmp_path / "r.csv", "--votes", tmp_path / "v.csv")
    assert result.exit_code == 0, result.output
    assert "Which looks more real?" in result.stdout and "Bradley-Terry" in result.stdout
    assert "4 judges, 36 answers counted; 1 judge left out." in result.stdout
    assert " +0.00 " in result.stdout and "-0.00 " not in result.stdout
    assert "Left out: judge 01234567 preferred a damaged video" in result.stdout
    assert (tmp_path / "r.csv").read_text().startswith("question,method,other")
    assert len((tmp_path / "v.csv").read_text().splitlines()) == 1 + len(votes.all())
