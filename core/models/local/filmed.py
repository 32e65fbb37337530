"""Steps of frames of which much is known: only windows around the rest are run.

Which windows is a function of what is known alone, so that a frame has the same pixels whoever asks for it. Where
windows would cost more than the whole frame, that is run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

from torch import Tensor

from core.models.generator import KnownPixels, LabelMaps
from core.models.local.borders import new_borders, soften
from core.models.local.carried import carried
from core.models.local.history import Known
from core.models.local.inference import Inference, LocalState, placed, to_uint8
from core.models.local.network import LocalGenerator, NearFeatures
from core.models.local.seams import LEAST, MUCH, match_made
from core.models.local.tiling import OVERHEAD, windows
from core.models.local.tolerance import Tolerance
from core.models.local.window import Window
from core.models.local.windows import CELL, HALF_CELL, crop_maps
from core.models.local.work import Work


class FilmPlan(NamedTuple):
    """What is run for one window.

    window  whose picture is wanted
    seen    what the picture's part of the network runs on
    wide    what features of labels are made on
    """

    window: Window
    seen: Window
    wide: Window


class FilmSteps:
    """Renders what is not known of a frame."""

    def __init__(self, inference: Inference, network: LocalGenerator, tolerance: Tolerance) -> None:
        """network: that of `inference`, before it was folded. tolerance: how much is run around a window."""
        self._inference, self._tolerance = inference, tolerance
        self._work = Work.of(network)

    def step(
        self, labels: LabelMaps, styles: Tensor, state: LocalState, film: KnownPixels
    ) -> tuple[Tensor, LocalState]:
        """As `Inference.step`, of maps and styles that are not padded yet."""
        size = (labels.labels.shape[-2], labels.labels.shape[-1])
        maps, styles = self._inference.padded_alone(labels, styles)
        known = self._inference.known(film, styles)
        filmed = known.kept
        hard, least = new_borders(maps, filmed), LEAST

        def finish(picture: Tensor) -> None:
            match_made(picture, known, maps, least)
            soften(picture, hard)

        if self._inference.must_estimate(maps, state):
            return self._whole(maps, styles, state, size, known, filmed, finish)
        flow, _ = self._inference.flow(maps, state)
        # Film shows the shadow of what is taken away from now on.
        anew = film.renewed or not state.past or state.past[0].filmed
        if not anew:
            known, taken = carried(maps, styles, flow, state.past[0], known)
            hard &= ~taken  # these were softened when they were made
            least = MUCH
        plans = self.plans(known.kept)
        if plans is None:
            return self._whole(maps, styles, state, size, known, filmed, finish)
        picture = to_uint8(known.picture)
        if plans:
            self._fill(picture, plans, maps, styles, state, known, filmed)
        finish(picture)
        picture = picture[..., : size[0], : size[1]]
        return picture, state.followed_by(self._inference.remembered(picture, maps, styles, flow, None))

    def plans(self, kept: Tensor) -> list[FilmPlan] | None:
        """Windows around what is not kept (B, 1, H, W) bool, of a padded frame; None where they would not pay."""
        size, near = (kept.shape[-2], kept.shape[-1]), self._tolerance.film_border
        missing = (~kept).any(0)[0].cpu().numpy()
        plans = [
            FilmPlan(window, window.grown(self._tolerance.border, size, HALF_CELL), window.grown(near, size, CELL))
            for window in windows(missing, (self._tolerance.border + near) // 2)
        ]
        labels = sum(plan.wide.area + OVERHEAD for plan in plans) * (self._work.near + self._work.all_context)
        pictures = sum(plan.seen.area + OVERHEAD for plan in plans) * self._work.picture
        return plans if labels + pictures < size[0] * size[1] * self._work.step else None

    def _whole(
        self,
        maps: LabelMaps,
        styles: Tensor,
        state: LocalState,
        size: tuple[int, int],
        known: Known,
        filmed: Tensor,
        finish: Callable[[Tensor], None],
    ) -> tuple[Tensor, LocalState]:
        """A step of the whole frame. finish: see `Inference.step`."""
        drawn = self._inference.grain(maps, state, ~known.kept, filmed)
        return self._inference.step(placed(maps), styles, state, size, known, drawn, finish)

    def _fill(
        self,
        picture: Tensor,
        plans: list[FilmPlan],
        maps: LabelMaps,
        styles: Tensor,
        state: LocalState,
        known: Known,
        filmed: Tensor,
    ) -> None:
        """Put what is seen of all windows into the picture (B, 3, H, W) uint8."""
        maps = placed(maps, reduce(Window.joined, (plan.wide for plan in plans)))
        grain = self._inference.grain(maps, state, ~known.kept, filmed)
        for plan in plans:
            made = self._picture(plan, maps, styles, state, known, grain)
            plan.window.crop(picture).copy_(plan.window.inside(plan.seen).crop(made))

    def _picture(
        self, plan: FilmPlan, maps: LabelMaps, styles: Tensor, state: LocalState, known: Known, grain: Tensor
    ) -> Tensor:
        """(B, 3, h, w) uint8 of all that is seen of a window. All but the plan: of the whole frame, padded."""
        network, seen, wide = self._inference.network, plan.seen, plan.wide
        near = network.encoder.near_features(crop_maps(maps, wide))
        context = network.encoder.context_features(near).context
        inside, here = seen.inside(wide), crop_maps(maps, seen)
        cropped = NearFeatures(
            {2: inside.scaled(2).crop(near.neutral[2])},
            inside.scaled(2).crop(near.half),
            inside.scaled(4).crop(near.quarter),
        )
        features = network.encoder.features(here, seen.crop(styles), cropped, inside.scaled(8).crop(context))
        rendered = network.render(
            features,
            here,
            seen.crop(styles),
            state.past,
            known=Known(*(seen.crop(part) for part in known)),
            grain=seen.crop(grain),
        )
        return to_uint8(rendered.final)
