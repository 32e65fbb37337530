"""Variants of presets: each lacks what its name says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import InputError
from core.evaluation.ablate import rows_of
from core.training.adversary import VideoAdversary, fitting_rates
from core.training.machine import Machine
from core.training.presets import preset
from core.training.variants import VARIANTS, named, varied
from tests.core.tiny import LABELS

STREET = preset("street")


def test_the_small_preset_has_every_part_that_is_left_out():
    small = preset("small")
    assert [phase.frames for phase in small.phases] == [1, 2, 5]
    # Both frame rates fit into what the discriminator of videos sees.
    video = small.adversaries["video"]
    assert isinstance(video, VideoAdversary)
    assert fitting_rates(video.rates, small.phases[-1].frames) == [1, 2]
    assert list(rows_of(small)) == ["floor", "whole", *VARIANTS]


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_of_street_is_a_preset_with_the_same_phases(name):
    changed = varied(STREET, name)
    assert changed.name == f"street:{name}" and changed != replace(STREET, name=changed.name)
    kept = [(phase.steps, phase.frames, phase.batch, phase.crop) for phase in changed.phases]
    assert kept == [(phase.steps, phase.frames, phase.batch, phase.crop) for phase in STREET.phases]
    assert changed.seed == STREET.seed


def test_discriminators_of_videos_are_left_out_with_their_losses():
    without = varied(STREET, "no-video-discriminator")
    assert set(without.adversaries) == {"picture", "segments"}
    assert not [name for phase in without.phases for name in phase.weights if name.startswith("video")]
    assert varied(STREET, "one-frame-rate").adversaries["video"] == VideoAdversary(rates=(1,))
    # The paper's recipe has a discriminator for each rate.
    one = varied(preset("paper-local"), "one-frame-rate")
    assert [name for name in one.adversaries if name.startswith("video")] == ["video"]
    assert not [name for phase in one.phases for name in phase.weights if name.startswith("video3")]


def test_parts_of_the_generator_are_left_out():
    build = {name: varied(STREET, name).generator.build(LABELS, Machine()) for name in VARIANTS}
    assert build["frame-by-frame"].config["past"] == "none" and build["warp-still"].config["past"] == "warped"
    assert build["no-warp"].config["past"] == "unmoved" and build["no-warp"].config["refresh"] == 1
    assert build["no-validity"].config["validity"] is False
    assert build["labels-alone"].config["told"] == () and build["no-places"].config["told"] == ("noise", "openings")
    assert build["no-noise"].config["told"] == ("places", "openings")
    assert build["no-openings"].config["told"] == ("places", "noise")
    assert not build["no-looks"].reads_looks and build["no-film"].reads_looks
    assert build["published"].config["fg"] and not build["published-no-foreground"].config["fg"]


def test_what_a_preset_does_not_have_cannot_be_left_out():
    with pytest.raises(InputError, match="single frame rate"):
        varied(varied(STREET, "one-frame-rate"), "one-frame-rate")
    with pytest.raises(InputError, match="does not train our own"):
        varied(preset("paper"), "no-looks")
    with pytest.raises(InputError, match="no video discriminator"):
        varied(preset("sharp"), "no-video-discriminator")
    with pytest.raises(InputError, match="never told"):
        varied(preset("tiny"), "no-film")


def test_names():
    assert named("street") == STREET and named("tiny:no-looks") == varied(preset("tiny"), "no-looks")
    assert named("frame-by-frame") == varied(STREET, "frame-by-frame")
    for name, words in (("nothing", "no preset"), ("street:nothing", "no variant"), ("street:", "no variant")):
        with pytest.raises(InputError, match=words):
            named(name)
