"""Fréchet distance of two sets of features, and how far it would be off with other windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Draws of the bootstrap: enough for the ends of a 95 % interval.
DRAWS = 200
_SEED = 5


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared distance of the Gaussians that fit two sets of features, (n, d) and (m, d), n and m at least 2.

    |mean - mean|^2 + tr(S + S' - 2 (S S')^(1/2)) with the unbiased covariances S, S' (Dowson and Landau 1982; Heusel et
    al. 2017 for pictures, Wang et al. 2018, section 4, for videos). 0 for equal sets. With centred features A, B over
    sqrt(n - 1), sqrt(m - 1) the last trace is the sum of the singular values of A B^T: exact also where there are
    fewer samples than features, and quick there, which the library's (torchmetrics) eigenvalues of S S' are not.

    Raises `ValueError` for other shapes.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if one.ndim != 2 or other.ndim != 2 or one.shape[1] != other.shape[1] or min(len(one), len(other)) < 2:
        raise ValueError(f"features {one.shape} and {other.shape} are not two sets of at least 2 of one length")
    means = one.mean(0), other.mean(0)
    spread = (one - means[0]) / np.sqrt(len(one) - 1), (other - means[1]) / np.sqrt(len(other) - 1)
    common = np.linalg.svd(_short(spread[0], spread[1]), compute_uv=False).sum()
    own = sum(float(np.square(part).sum()) for part in spread)
    distance = float(np.square(means[0] - means[1]).sum()) + own - 2 * float(common)
    return max(distance, 0.0)  # rounding


def _short(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A matrix with the singular values of `one @ other.T`, small where there are more samples than features."""
    # one = Q R: the singular values of Q R (Q' R')^T are those of R R'^T.
    product: np.ndarray = _triangle(one) @ _triangle(other).T
    return product


def _triangle(part: np.ndarray) -> np.ndarray:
    if len(part) <= part.shape[1]:
        return part
    triangle: np.ndarray = np.asarray(np.linalg.qr(part, mode="r"))
    return triangle


@dataclass(frozen=True)
class Distance:
    """A Fréchet distance with its spread.

    value    of all windows
    draws    the same, of windows drawn with replacement, as many as there are; always the same draws for as many
             windows, so that those of two renders of the same clips can be compared draw by draw
    """

    value: float
    draws: tuple[float, ...]

    @classmethod
    def between(cls, rendered: np.ndarray, filmed: np.ndarray, draws: int = DRAWS) -> Distance:
        """Of features (n, d) of rendered windows to those of the same windows as filmed.

        Bootstrap (Efron 1979): window i of both is drawn together. Raises `ValueError` as `frechet_distance` does.
        """
        value = frechet_distance(rendered, filmed)
        rng = np.random.default_rng(_SEED)
        picks = [rng.integers(0, len(filmed), len(filmed)) for _ in range(draws)]
        return cls(value, tuple(frechet_distance(rendered[pick], filmed[pick]) for pick in picks))

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the draws lie in it, about `value`.

        A set drawn with replacement has fewer different windows, which makes every distance larger; that is taken out
        (the draws are shifted so that their mean is the value). Not below 0.
        """
        return _interval(np.array(self.draws) - float(np.mean(self.draws)) + self.value)

    def below(self, other: Distance) -> tuple[float, tuple[float, float]]:
        """By what share this distance is below another one of the same windows (0.16: 16 % below), with its 95 %
        interval, draw by draw.
        """
        share = 1 - self.value / other.value
        drawn = 1 - np.array(self.draws) / np.array(other.draws)
        low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
        return share, (low, high)


def _interval(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, (0.025, 0.975)).tolist()
    return max(low, 0.0), max(high, 0.0)
