"""The trainer of the predictor: chunks of real maps, of which the last frames are predicted.

Each frame is predicted from the frames before it, predicted ones included, which are held fixed. Losses, by name:

entropy         cross-entropy of the blended probabilities; classes that weigh more would grow from frame to frame
raw             the same of what the network makes up, whether it is shown or not
motion          where pixels go, against the real flow: Laplace likelihood with the scale that the network gives it
video_gan, video_features   the video discriminator on one-hot maps (Wang et al. 2018, section 4.4); *video_d* its own
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.clip.clip import FIRST_NEW_OBJECT
from core.models.generator import LabelMaps
from core.models.layers import weights_channels_last
from core.models.warp import warp
from core.prediction.draw import Draw
from core.prediction.network import FutureConfig, FutureNetwork
from core.prediction.objects import FreeIds
from core.prediction.predictor import Predicted, Predictor
from core.training.adversary import VIDEO_FRAMES, Patches, fitting_rates, window
from core.training.averaging import average_weights
from core.training.dataset import Chunk, ChunkDataset
from core.training.future.presets import FuturePreset
from core.training.guarded_optimizer import GuardedOptimizer
from core.training.machine import Machine
from core.training.resumable import Resumable
from core.training.step_rng import StepRng

# Below this a class is taken to be as likely.
_LEAST_CHANCE = 1e-4
# The discriminator sees flow divided by this, pixels at half the size.
_FLOW_RANGE = 20.0


class FutureTrainer(Resumable):
    """Network and video discriminator with their optimizers; `step()` after `step()`, each from (seed, step)."""

    def __init__(self, preset: FuturePreset, data: ChunkDataset, machine: Machine) -> None:
        self.preset, self.data, self.machine = preset, data, machine
        super().__init__(preset, machine.device)
        torch.manual_seed(preset.seed)
        classes, device = data.label_set.size, machine.device
        self.network = FutureNetwork(FutureConfig(classes, preset.looks_back, preset.width))
        weights_channels_last(self.network.to(device))
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        self._predictor = Predictor(self.network, data.label_set)
        self._adversary = Patches(VIDEO_FRAMES * classes + 2 * (VIDEO_FRAMES - 1), preset.adversary, machine)
        self._optimizer = GuardedOptimizer(self.network.parameters(), machine, betas=preset.betas)
        self._adversary_optimizer = GuardedOptimizer(
            self._adversary.network.parameters(), machine, betas=preset.betas, clip=False
        )

    def step(self) -> dict[str, Tensor]:
        """One step of the network, and of the discriminator where the phase has it. Returns the losses."""
        phase = self.plan.phase(self.done)
        rng = StepRng(self.preset.seed, self.done, phase.batch, self.machine)
        chunk = self.data.chunk(rng, self.machine, batch=phase.batch, frames=phase.frames, crop=phase.crop)
        predicted = self._rollout(chunk)
        losses = self._losses(chunk, predicted)
        judged = self._judged(chunk, predicted, rng) if "video" in phase.adversaries else None
        if judged is not None:
            found = self._adversary.patch_losses(*judged)
            losses |= {f"video_{kind}": value for kind, value in found.items()}
        weights = dict(phase.weights)
        for name in ("video_gan", "video_features"):
            weights[name] = weights.get(name, 0.0) * self.plan.ramp("video", self.done)
        total = torch.stack([weights[name] * value for name, value in losses.items() if weights.get(name)]).sum()
        finite = self._optimizer.step(total, self.plan.learning_rate(self.done))
        if judged is not None:
            lost = self._adversary.own_patch_loss(*judged)
            finite = finite & self._adversary_optimizer.step(lost, self.preset.adversary_rate)
            losses["video_d"] = lost
        self._skipped.note(finite, self.done + 1)
        average_weights(self.averaged, self.network, self.preset.ema, self.done)
        self.done += 1
        return {name: value.detach() for name, value in losses.items()}

    def _rollout(self, chunk: Chunk) -> list[Predicted]:
        """What is predicted of each frame after the first `looks_back`."""
        frames = [_maps(chunk, t) for t in range(self.preset.looks_back)]
        free = [FreeIds([1] * 256)] * len(frames[-1].labels)  # real objects have ids of edits
        rolled = []
        for _ in range(self.preset.looks_back, len(chunk.labels)):
            with self.machine.autocast():
                predicted = self._predictor.predict(frames)
            rolled.append(predicted)
            if len(rolled) < len(chunk.labels) - self.preset.looks_back:
                maps, free = self._predictor.decide(predicted, free, Draw(0))
                frames = [*frames[1:], maps]
        return rolled

    def _losses(self, chunk: Chunk, predicted: list[Predicted]) -> dict[str, Tensor]:
        entropy, raw = [], []
        for number, frame in enumerate(predicted):
            labels = chunk.labels[self.preset.looks_back + number].long()
            chances = frame.probabilities.float().clamp(min=_LEAST_CHANCE).log()
            entropy.append(F.nll_loss(chances, labels))
            raw.append(F.cross_entropy(frame.raw.float(), labels))
        # Of the first alone: in later ones objects are no longer where the real flow says that they were.
        flow, valid = chunk.flow[self.preset.looks_back], chunk.flow_valid[self.preset.looks_back].float()
        scale = warp(predicted[0].scale.float(), flow)
        wrong = (warp(predicted[0].forward.float(), flow) + flow).abs().sum(1, keepdim=True)
        likelihood = wrong / scale + 2 * scale.log()
        return {
            "entropy": torch.stack(entropy).mean(),
            "raw": torch.stack(raw).mean(),
            "motion": (likelihood * valid).sum() / valid.sum().clamp(min=1),
        }

    def _judged(self, chunk: Chunk, predicted: list[Predicted], rng: StepRng) -> tuple[Tensor, Tensor] | None:
        """Fake and real inputs of the discriminator: three one-hot maps and the flows between them."""
        rates = fitting_rates(self.preset.adversary.rates, len(chunk.labels))
        if not rates:
            return None
        rate = rng.pick(rates)
        real = F.one_hot(chunk.labels.long(), self.data.label_set.size).permute(0, 1, 4, 2, 3).float()
        fake = torch.cat([real[: self.preset.looks_back], torch.stack([_hard(frame) for frame in predicted])])
        halved = self.preset.adversary.halved
        flow = window(real, chunk.flow, rate, halved=halved)[1].flatten(1, 2) / _FLOW_RANGE
        return (
            torch.cat([window(fake, chunk.flow, rate, halved=halved)[0].flatten(1, 2), flow], 1),
            torch.cat([window(real, chunk.flow, rate, halved=halved)[0].flatten(1, 2), flow], 1),
        )

    def _modules(self) -> dict[str, nn.Module]:
        return {"live": self.network, "averaged": self.averaged, "adversary": self._adversary.network}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {"live": self._optimizer.adam, "adversary": self._adversary_optimizer.adam}


def _maps(chunk: Chunk, t: int) -> LabelMaps:
    """A real frame. Its objects are numbered as those of edits are, so that new ones get other ids."""
    return LabelMaps(chunk.labels[t], chunk.objects[t] + FIRST_NEW_OBJECT, chunk.flow[t], chunk.flow_valid[t])


def _hard(frame: Predicted) -> Tensor:
    """(B, classes, H, W): one-hot, with the gradients of the probabilities (straight through; Bengio et al. 2013)."""
    soft = frame.probabilities.float()
    hard = F.one_hot(soft.argmax(1), soft.shape[1]).permute(0, 3, 1, 2).float()
    return hard + soft - soft.detach()
