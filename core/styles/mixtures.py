"""How the objects of a class may look: a Gaussian mixture over style codes (Wang et al. 2018, section 3.4).

Kept as plain arrays, so that a checkpoint holds numbers only. Drawing is our own arithmetic: the same seed gives
the same codes whatever scikit-learn does; scikit-learn only fits.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from core.conditioning import STYLE_SIZE, Code
from core.errors import InputError

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

# No component stands on fewer objects than this: it would copy them.
MIN_OBJECTS = 20
MAX_COMPONENTS = 8
# Added to every variance when fitting: codes nearer than 0.01 look alike.
SMALLEST_VARIANCE = 1e-4
# How far below zero a variance may be by rounding.
_ROUNDING = 1e-6
# Neighbours of a look are drawn this much closer together than the objects of its component are.
NEARNESS = 0.4
# Codes are kept to four digits: far below what is visible, far above what another processor rounds differently.
DIGITS = 4


class Draw(NamedTuple):
    """A code and the component it was drawn from."""

    code: Code
    component: int


@dataclass(frozen=True, eq=False, repr=False)
class Mixture:
    """K Gaussians in the space of style codes, the heaviest first. Values check themselves.

    weights (K,), means (K, 3), covariances (K, 3, 3), all float64 and read-only; weights add up to 1.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    def __post_init__(self) -> None:
        components = np.shape(self.weights)[0] if np.ndim(self.weights) == 1 else 0
        shapes = {"weights": (), "means": (STYLE_SIZE,), "covariances": (STYLE_SIZE, STYLE_SIZE)}
        for name, shape in shapes.items():
            array = np.array(getattr(self, name), np.float64)
            if not 1 <= components <= 256 or array.shape != (components, *shape):
                raise InputError(f"A mixture's {name} are of shape {array.shape}, not (1 to 256 components, {shape}).")
            if not np.isfinite(array).all():
                raise InputError(f"A mixture's {name} are not all numbers.")
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if self.weights.min() < 0 or abs(self.weights.sum() - 1) > 1e-3:
            raise InputError("A mixture's weights must be at least 0 and add up to 1.")
        if np.abs(self.means).max() > 100:
            raise InputError("A mixture's means are too far from the codes that there are, -1 to 1.")
        mirrored = self.covariances.transpose(0, 2, 1)
        if np.abs(self.covariances).max() > 1e4 or np.abs(self.covariances - mirrored).max() > 1e-6:
            raise InputError("A mixture's covariances must be symmetric, and below 10000.")
        if np.linalg.eigvalsh(self.covariances).min() < -_ROUNDING:
            raise InputError("A mixture's covariances must not be negative in any direction.")

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def likely(self) -> Code:
        """The mean of the heaviest component."""
        return as_code(self.means[int(self.weights.argmax())])

    def sample(self, count: int, seed: int) -> list[Draw]:
        """`count` codes. The same seed gives the same ones, and asking for more keeps those before."""
        source = np.random.Generator(np.random.PCG64(abs(int(seed))))
        factors = self._factors()
        borders = np.cumsum(self.weights / self.weights.sum())
        draws = []
        for _ in range(count):
            component = min(int(np.searchsorted(borders, source.random(), side="right")), len(self) - 1)
            offset = factors[component] @ source.standard_normal(STYLE_SIZE)
            draws.append(Draw(as_code(self.means[component] + offset), component))
        return draws

    def near(self, code: Code, count: int, seed: int) -> list[Draw]:
        """`count` codes around `code`, spread as its component is but closer. The same seed gives the same ones."""
        component = self.component(code)
        factor = NEARNESS * self._factors()[component]
        source = np.random.Generator(np.random.PCG64(abs(int(seed))))
        return [Draw(as_code(code + factor @ source.standard_normal(STYLE_SIZE)), component) for _ in range(count)]

    def component(self, code: Code) -> int:
        """The component that most likely gave this code."""
        factors = self._factors()
        distances = np.stack(
            [np.linalg.solve(factor, code - mean) for factor, mean in zip(factors, self.means, strict=True)]
        )
        volumes = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(1)
        with np.errstate(divide="ignore"):  # a weight of 0 is a component that nothing comes from
            return int((np.log(self.weights) - volumes - (distances**2).sum(1) / 2).argmax())

    def _factors(self) -> np.ndarray:
        """(K, 3, 3): of each covariance its Cholesky factor."""
        # A hair on the diagonal, more than rounding may lack: a flat component has no Cholesky factor.
        return np.linalg.cholesky(self.covariances + 2 * _ROUNDING * np.eye(STYLE_SIZE))

    @property
    def hash(self) -> str:
        """Identity: 16 hex digits over the arrays."""
        digest = hashlib.sha256(str(len(self)).encode())
        for array in (self.weights, self.means, self.covariances):
            digest.update(np.ascontiguousarray(array, "<f8").tobytes())
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Mixture({len(self)} components, likely {self.likely})"


def as_code(vector: Any) -> Code:
    """Three numbers as a style code: within -1..1, where the encoder's codes are, and four digits."""
    first, second, third = (round(float(np.clip(part, -1, 1)), DIGITS) + 0.0 for part in vector)
    return first, second, third


def fit_mixture(codes: np.ndarray, areas: np.ndarray, seed: int) -> Mixture:
    """The mixture of one class from its objects: codes (n, 3), areas (n,) in pixels, n >= 1.

    scikit-learn's GaussianMixture takes no weights, so objects are drawn again in proportion to their area (n of
    them, evenly spaced draws, so that a large object is there as often as its area says). The number of components
    is the one with the lowest BIC among those in which each stands on `MIN_OBJECTS` distinct objects. A single
    Gaussian needs no drawing: it is the weighted mean and covariance.
    """
    codes, areas = np.asarray(codes, np.float64), np.asarray(areas, np.float64)
    if codes.ndim != 2 or codes.shape[1] != STYLE_SIZE or areas.shape != codes.shape[:1] or not len(codes):
        raise ValueError(f"codes {codes.shape} and areas {areas.shape} are not (n, {STYLE_SIZE}) and (n,)")
    if not (np.isfinite(codes).all() and np.isfinite(areas).all() and (areas > 0).all()):
        raise ValueError("codes and areas must be finite, areas above 0: the encoder has diverged")
    drawn = codes[_even_draws(areas / areas.sum(), seed)]
    best: GaussianMixture | None = None
    lowest = _gaussians(drawn, 1, seed).bic(drawn)
    for components in range(2, min(MAX_COMPONENTS, len(codes) // MIN_OBJECTS) + 1):
        fitted = _gaussians(drawn, components, seed)
        objects = np.bincount(fitted.predict(codes), minlength=components)
        if objects.min() >= MIN_OBJECTS and fitted.bic(drawn) < lowest:
            best, lowest = fitted, fitted.bic(drawn)
    return _single(codes, areas / areas.sum()) if best is None else _plain(best)


def _even_draws(shares: np.ndarray, seed: int) -> np.ndarray:
    """n indices, each about n * share times (systematic resampling). The seed sets where the ticks start."""
    count = len(shares)
    ticks = (np.arange(count) + np.random.Generator(np.random.PCG64(abs(int(seed)))).random()) / count
    return np.searchsorted(np.cumsum(shares), ticks).clip(max=count - 1)


def _gaussians(codes: np.ndarray, components: int, seed: int) -> GaussianMixture:
    # Here, not above: importing scikit-learn takes a second, and whoever only draws does without.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    # The best of three starts; a start of identical codes has no three of them.
    mixture = GaussianMixture(
        components, reg_covar=SMALLEST_VARIANCE, n_init=3, max_iter=300, random_state=abs(int(seed))
    )
    with warnings.catch_warnings():
        # Clusters fewer than asked for: such a fit fails the test of MIN_OBJECTS anyway.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(codes if len(codes) > 1 else np.repeat(codes, 2, 0))


def _single(codes: np.ndarray, shares: np.ndarray) -> Mixture:
    mean = shares @ codes
    offsets = codes - mean
    covariance = (offsets * shares[:, None]).T @ offsets + SMALLEST_VARIANCE * np.eye(STYLE_SIZE)
    return Mixture(np.ones(1), mean[None], ((covariance + covariance.T) / 2)[None])


def _plain(fitted: GaussianMixture) -> Mixture:
    order = np.argsort(-fitted.weights_, kind="stable")
    covariances = fitted.covariances_[order]
    weights = fitted.weights_[order] / fitted.weights_.sum()
    return Mixture(weights, fitted.means_[order], (covariances + covariances.transpose(0, 2, 1)) / 2)
