"""Every measure of a render: its name, what it is, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Measure(NamedTuple):
    """A column of a table."""

    head: str
    digits: int
    better: Literal["low", "high", "filmed", ""]  # filmed: the nearer to that of the filmed frames
    what: str
    source: str


_VIDEO = "Fréchet distance of windows of frames, rendered and filmed, by the features of a video network; 0 is the same"
FRAME_FRECHET = Measure(
    "frame Fréchet", 2, "low", "the same of single frames, by the evaluation network", "Heusel et al. 2017"
)

PICTURES: Mapping[str, Measure] = {
    "psnr": Measure("PSNR dB", 1, "high", "peak signal-to-noise ratio, mean over frames", "all pixels as one"),
    "ssim": Measure("SSIM", 3, "high", "structural similarity", "Wang et al. 2004, torchmetrics"),
    "ms_ssim": Measure("MS-SSIM", 3, "high", "the same at five sizes", "Wang et al. 2003, torchmetrics"),
    "lpips": Measure("LPIPS", 3, "low", "learnt distance of AlexNet's features", "Zhang et al. 2018, torchmetrics"),
    "feature_distance": Measure(
        "feature distance",
        3,
        "low",
        "distance of the evaluation network's features",
        "as LPIPS without learnt weights (Zhang et al. 2018); not to be compared with it",
    ),
    "gradient_energy": Measure(
        "gradient energy",
        2,
        "filmed",
        "detail: squared steps between neighbours, over the film's",
        "own; 1 is the film",
    ),
    "first_gradient_energy": Measure("... in first frames", 2, "filmed", "the same of first frames alone", "own"),
}

LABELS: Mapping[str, Measure] = {
    "miou": Measure("mIoU", 3, "high", "of the labels that the evaluation network reads in the render", "Cityscapes"),
    "filmed_miou": Measure("... film", 3, "", "of those that it reads in the filmed frames", "what can be reached"),
    "accuracy": Measure(
        "accuracy", 3, "high", "share of the pixels that are read right", "Wang et al. 2018b (pix2pixHD)"
    ),
    "filmed_accuracy": Measure("... film", 3, "", "in the filmed frames", "what can be reached"),
    "label_agreement": Measure("label agreement", 2, "high", "mIoU over the film's", "own"),
    "pixel_agreement": Measure("pixel agreement", 2, "high", "accuracy over the film's", "own"),
}

TIME: Mapping[str, Measure] = {
    "warping_error": Measure(
        "warping error",
        2,
        "filmed",
        "levels between a frame and the one before it, moved along the clip's flow (true, else DIS)",
        "Lai et al. 2018",
    ),
    "filmed_warping_error": Measure("... film", 2, "", "of the filmed frames", "Lai et al. 2018"),
    "temporal_difference": Measure(
        "tLP",
        4,
        "low",
        "how far changes from frame to frame, by feature distance, are from those of the film",
        "Chu et al. 2020, with our feature distance in LPIPS's place",
    ),
    "flicker": Measure("flicker L*", 3, "filmed", "brightness of objects going to and fro", "own: second differences"),
    "filmed_flicker": Measure("... film", 3, "", "of the filmed frames", "own"),
    "colour_drift": Measure(
        "colour drift",
        2,
        "low",
        "Delta E between the colours of a thing when it is first and when it is last seen",
        "own, for the limit that Wang et al. 2018 name; CIE 1976",
    ),
    "filmed_colour_drift": Measure("... film", 2, "", "of the filmed frames: light and sides change", "own"),
    "seconds": Measure(
        "s a frame", 2, "low", "to render it, while other things ran", "for speed: python -m core bench"
    ),
}

GROUPS: Mapping[str, Mapping[str, Measure]] = {"Pictures": PICTURES, "Labels": LABELS, "Time": TIME}


def video_frechet(name: str, source: str) -> Measure:
    """The video Fréchet distance by one network."""
    return Measure(f"video Fréchet, {name}", 2, "low", _VIDEO, f"Wang et al. 2018, section 4; {source}")
