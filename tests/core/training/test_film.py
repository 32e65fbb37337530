"""What is known of a frame while it is asked for, and what a generator makes of it."""

import torch

from core.models.local.grain import GRAIN
from core.models.local.network import LocalConfig, LocalGenerator
from core.training.dataset import Chunk, ChunkDataset
from core.training.film import film_with_holes
from core.training.looks import recolour
from core.training.machine import Machine
from core.training.step_rng import StepRng
from core.training.trained_generator import chunk_maps
from tests.core.training.clips import driving_clip


def drawn(seed: int) -> tuple[Chunk, Chunk, StepRng]:
    """A chunk, the same with all its things recoloured, and the rng."""
    data, rng = ChunkDataset([driving_clip()]), StepRng(1, seed, 2, Machine())
    chunk = data.chunk(rng, Machine(), batch=2, frames=3, crop=(32, 32), with_places=True)
    things = torch.ones(data.label_set.size, dtype=torch.bool)
    return chunk, recolour(chunk, things, rng, share=1.0), rng


def test_the_film_is_kept_where_it_is_what_is_wanted_and_read_where_only_the_colour_differs():
    filmed, wanted, rng = drawn(0)
    film = film_with_holes(filmed, wanted, torch.zeros_like(filmed.pictures), rng)
    assert len(film) == 3
    for t, known in enumerate(film):
        assert torch.equal(known.picture, filmed.pictures[t])
        assert not (known.kept & ~known.read).any()
        assert torch.equal(torch.where(known.kept, wanted.pictures[t], 0), torch.where(known.kept, known.picture, 0))
        assert (known.read & ~known.kept).any()


def test_holes_differ_from_step_to_step():
    shares = []
    for seed in range(8):
        filmed, _, rng = drawn(seed)
        film = film_with_holes(filmed, filmed, torch.zeros_like(filmed.pictures), rng)
        shares.append(1 - float(torch.stack([known.kept for known in film]).float().mean()))
    assert min(shares) < 0.3 < max(shares)


def test_what_is_kept_is_shown_bit_for_bit_and_the_rest_depends_on_what_is_read():
    filmed, wanted, rng = drawn(3)
    known = film_with_holes(filmed, wanted, torch.zeros_like(filmed.pictures), rng)[0]
    torch.manual_seed(0)
    network = LocalGenerator(LocalConfig(8, width=8, deep_blocks=1)).eval()
    maps, styles = chunk_maps(wanted, 0), torch.zeros_like(wanted.pictures[0])
    with torch.no_grad():
        frame = network(maps, styles, (), known=known)
        blind = network(maps, styles, ())
    assert torch.equal(torch.where(known.kept, frame.final, 0), torch.where(known.kept, known.picture, 0))
    assert (frame.final != blind.final)[(~known.kept).expand_as(frame.final)].any()


def test_grain_is_read_only_where_nothing_is_known():
    filmed, _, rng = drawn(4)
    everywhere = torch.ones_like(filmed.flow_valid[0])
    known = film_with_holes(filmed, filmed, torch.zeros_like(filmed.pictures), rng)[0]
    known = known._replace(read=everywhere, kept=~everywhere)
    torch.manual_seed(0)
    network = LocalGenerator(LocalConfig(8, width=8, deep_blocks=1)).eval()
    maps, styles = chunk_maps(filmed, 0), torch.zeros_like(filmed.pictures[0])
    grain = torch.randn(2, GRAIN, 32, 32)
    with torch.no_grad():
        assert torch.equal(
            network(maps, styles, (), known=known, grain=grain).raw, network(maps, styles, (), known=known).raw
        )
        assert not torch.equal(network(maps, styles, (), grain=grain).raw, network(maps, styles, ()).raw)
