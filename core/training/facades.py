"""Facades read from films: where the walls of filmed streets have openings.

What was seen well of the walls of `core.training.unrolled` is cut into pieces and made straight, floor by floor: a
ground floor, and one upper storey that comes again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import median
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core.clip.clip import Clip
from core.models.local.bits import to_bits
from core.models.local.facades import CELLS, ROWS
from core.training.filmed_openings import darker
from core.training.unrolled import ALIKE, COARSE, COARSE_ROWS, Votes, filmed_walls, turned, votes_of

# Columns of each side that are kept at most.
_MOST = 7500
# How much more a view counts that is nearer: by this power of how far aside it is seen.
_NEARER = 8
# How far about a cell its wall is looked at, in metres.
_AROUND = 1.5
# Least place aside, in focal lengths, that a cell must have been seen at to be known, and a column at its foot.
_KNOWN, _COLUMN = 0.18, 0.31
# Share of a column that must be known up to its top; least agreement of votes; least length of a piece, metres.
_SEEN, _AGREED, _PIECE = 0.75, 0.78, 5.0
# How much of what is opening in an upper storey must be so before and after it is made straight.
_CLEAR = 0.7
# Storeys that are possible, metres; a column is known for this many of them, the ground floor included; below this
# many is ground floor. What is so near below a roof (metres) is no storey.
_STOREYS, _NEEDED, _GROUND, _ROOF = (1.9, 4.2), 2.35, 1.25, 0.8
# What differs by this share from the usual storey of its side was misread.
_UNUSUAL = 0.3
# Share of openings in the upper storeys of a piece.
_OPEN = (0.06, 0.4)
# At most so much of a ground floor: larger dark areas are painted as nothing in particular.
_FRONTS = 0.55
# Shares of a column's floor that tell a wall from a window, and that from a shop front or a door.
_LEVELS = (0.2, 0.6)
# Columns that are no window; share of a window's height that is open in it beside its bars.
_NARROW, _BAR = 3, 0.45
# What is lower than this and at least so wide is no window, cells.
_LOW, _WIDE = 5, 10
# Hidden feet of walls are as what is above them, up to this (metres).
_FOOT = 2.0


class _Piece(NamedTuple):
    """A part of one side of a street: its cells (columns, ROWS) bool; how clear they are, from 0 to 1; and how many
    rows a storey has.
    """

    cells: Tensor
    clear: float
    storey: int


def read_facades(clips: Iterable[Clip]) -> Tensor:
    """(2, n, ROWS / 8) uint8, see `core.models.local.facades`: of the left and the right sides of the streets of these
    clips, the clearest pieces first. n is 0 where no clip shows walls well.
    """
    sides: tuple[list[_Piece], list[_Piece]] = ([], [])
    for clip in clips:
        walls = filmed_walls(clip)
        if walls is None:
            continue
        walls = turned(walls)
        for pieces, side in zip(sides, (-1, 1), strict=True):
            agreed = votes_of(walls, walls.opened, side, COARSE, COARSE_ROWS, ALIKE)
            pieces.extend(_pieces(votes_of(walls, walls.light, side, CELLS, ROWS, _NEARER), agreed))
    strips = [_strip(pieces) for pieces in sides]
    length = max(len(strip) for strip in strips)
    return torch.stack([_as_long(strip if len(strip) else strips[1 - i], length) for i, strip in enumerate(strips)])


def _strip(pieces: list[_Piece]) -> Tensor:
    """(n, ROWS / 8) uint8: one beside the other."""
    usual = median(piece.storey for piece in pieces) if pieces else 0
    likely = [piece for piece in pieces if abs(piece.storey - usual) < _UNUSUAL * usual]
    best = sorted(likely, key=lambda piece: -piece.clear)
    return torch.cat([torch.zeros(0, ROWS // 8, dtype=torch.uint8), *(to_bits(piece.cells) for piece in best)])[:_MOST]


def _as_long(strip: Tensor, length: int) -> Tensor:
    """A strip again and again."""
    return strip[torch.arange(length) % max(len(strip), 1)]


def _pieces(light: Votes, agreed: Votes) -> Iterator[_Piece]:
    """Runs of columns that were seen well.

    light: of all cells; agreed: the openings of frames, of cells for agreement.
    """
    known = light.nearest > _KNOWN
    opened = _cleaned(darker(light.mean.unsqueeze(0), known.unsqueeze(0), _AROUND * CELLS)[0])
    top = _tops(known)
    storey = _storey(opened, known & (torch.arange(ROWS).view(-1, 1) < top))
    if storey is None:
        return
    ground = int(_GROUND * storey)
    good = (top >= _NEEDED * storey) & (light.nearest[:ground].amax(0) > _COLUMN)
    filled = _filled(opened, known, storey)
    upper = filled[-storey:].float().mean(0)
    for start, stop in _runs(good):
        # It begins and ends between windows.
        between = ((upper[start:stop] < 0.1).nonzero()[:, 0] + start).tolist()
        if not between or between[-1] - between[0] < _PIECE * CELLS:
            continue
        span = slice(between[0], between[-1])
        coarse = agreed.mean[:, span.start * COARSE // CELLS : span.stop * COARSE // CELLS]
        alike = float(coarse.square().sum() / coarse.sum().clamp(min=1e-9))
        floor = slice(ground, ground + storey), span
        clear = float((opened[floor] & filled[floor]).sum() / (opened[floor] | filled[floor]).sum().clamp(min=1))
        fronts = float(filled[:ground, span].float().mean())
        if alike > _AGREED and clear > _CLEAR and fronts < _FRONTS and _OPEN[0] < upper[span].mean() < _OPEN[1]:
            yield _Piece(_without_bands(filled[:, span]).T, clear, storey)


def _cleaned(opened: Tensor) -> Tensor:
    """Without single cells."""
    about = F.avg_pool2d(opened[None, None].float(), 3, 1, 1)[0, 0] * 9
    return torch.where(opened, about > 2.5, about > 6.5)


def _tops(known: Tensor) -> Tensor:
    """(columns,): the row up to which most of a column is known, less the roof."""
    rows = torch.arange(1, len(known) + 1).view(-1, 1)
    mostly = known & (known.cumsum(0) > _SEEN * rows)
    return (mostly * rows).amax(0) - int(_ROOF * CELLS)


def _storey(opened: Tensor, known: Tensor) -> int | None:
    """The height of a storey in rows, at which what is above the ground floor comes again."""
    found, best = None, 0.4
    for storey in range(int(_STOREYS[0] * CELLS), int(_STOREYS[1] * CELLS) + 1):
        ground = int(_GROUND * storey)
        both = known[ground:-storey] & known[ground + storey :]
        below, above = (both & opened[ground:-storey]).float(), (both & opened[ground + storey :]).float()
        alike = float((below * above).sum() / (below.sum() * above.sum()).sqrt().clamp(min=1))
        if alike > best and both.sum() > _PIECE * CELLS * storey / 2:
            found, best = storey, alike
    return found


def _filled(opened: Tensor, known: Tensor, storey: int) -> Tensor:
    """With what was hidden, and all upper storeys as the first one: that was seen from nearest."""
    filled, ground = opened.clone(), int(_GROUND * storey)
    for row in range(int(_FOOT * CELLS) - 1, -1, -1):
        filled[row] = torch.where(known[row], filled[row], filled[row + 1])
    first = slice(ground, ground + storey)
    filled[first] |= ~known[first] & opened[ground + storey : ground + 2 * storey]
    floors = _straight(filled[:ground]), _straight(filled[first])
    upper = floors[1].repeat(-(-(ROWS - ground) // storey), 1)
    return torch.cat([floors[0], upper])[:ROWS]


def _straight(floor: Tensor) -> Tensor:
    """(rows, columns) bool: windows and shop fronts without what stands before them, reflections and frayed edges.

    Columns of about as many openings, side by side, are one window, door or pillar: the same in all of them.
    """
    share = F.avg_pool1d(floor.float().mean(0)[None], 3, 1, 1)[0]
    level = torch.bucketize(share, torch.tensor(_LEVELS))
    which = F.pad((level.diff() != 0).cumsum(0), (1, 0))
    counts = which.bincount()
    sums = torch.zeros(len(floor), len(counts)).index_add_(1, which, floor.float())
    straight = (sums / counts > 0.5)[:, which]
    # Without what is narrower than a window can be.
    narrower = -F.max_pool1d(-straight.float(), _NARROW, 1)
    straight = F.max_pool1d(F.pad(narrower, (_NARROW - 1, _NARROW - 1)), _NARROW, 1) > 0
    # Bars of windows are columns in which few cells are open.
    return straight & ((straight & floor).sum(0) >= _BAR * straight.sum(0))


def _without_bands(cells: Tensor) -> Tensor:
    """(rows, columns) bool: without cornices, awnings and balconies seen from the side, which are wide and low. They
    would be painted as cracks and bars.
    """
    low = cells & ~_opened(cells, _LOW, 1)
    return cells & ~_opened(low, 1, _WIDE)


def _opened(cells: Tensor, rows: int, columns: int) -> Tensor:
    """(rows, columns) bool: what a rectangle of so many cells fits into."""
    padded = F.pad(cells.float(), (columns - 1, columns - 1, rows - 1, rows - 1))
    fits = -F.max_pool2d(-padded[None], (rows, columns), 1)
    return F.max_pool2d(fits, (rows, columns), 1)[0] > 0


def _runs(good: Tensor) -> list[tuple[int, int]]:
    """[start, stop) of runs of what is true."""
    steps = F.pad(good.int(), (1, 1)).diff()
    return list(zip((steps > 0).nonzero()[:, 0].tolist(), (steps < 0).nonzero()[:, 0].tolist(), strict=True))
