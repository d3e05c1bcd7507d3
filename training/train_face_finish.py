"""Trains the network that enlarges aligned faces of 64² to 128² and draws their finer parts.

    python training/train_face_finish.py --data faces128.npz --features features.pt \\
        --generator runs/faces/best.pt --out runs/finish --minutes 60

It learns from pairs (a real face; the same made small, or as the generator rebuilds it from its
code, which is softer) and from faces that the generator makes of noise, for which there is only the
verdict of a discriminator on frozen features and the colours that went in. Like train_faces.py it
goes on from ``state.pt`` until the minutes of all runs together are ``--minutes``, and writes
state, mean, best, a sheet and a line to log.txt at every report. What was seen: train_faces.md.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import face_codes
import face_data
import face_sheet
import frechet
import image_features
import torch
from diff_augment import draw_changes
from face_discriminator import Discriminator, Features, discriminator_loss, generator_loss
from face_run import Run
from torch import Tensor
from torch.nn import functional
from train_faces import apart, count, draw, flat, noise, shrunk_bytes, to_bytes, to_tensor, write

from genapp.nets.face_finisher import SCALE, FaceFinisher

RATE = 2e-4
STEADY = 0.5  # share of the time after which the rate falls, in a line
FASTER = 2.0  # rate of the finisher over the discriminator's
MEAN_SHARE = 0.05  # half-life of the running mean over all pictures so far
BLIND = 4_000  # pictures in which the verdicts gain their full weight
DRAWN = 6_000  # faces from noise that are made beforehand
COPIED = 1.0  # strength of what pixels ask for over that of features and verdicts
HELD = (32, 16)  # sides at which faces from noise keep their colours
SEED = 0


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--generator", type=Path, required=True, help="best.pt of train_faces.py")
    parser.add_argument("--out", type=Path, default=Path("runs/finish"), help="folder of results")
    parser.add_argument("--minutes", type=float, required=True, help="of all runs together")
    parser.add_argument("--stop-after", type=float, help="minutes of this run, at most")
    parser.add_argument("--network", default="mobilenet_v2", help="to train with")
    parser.add_argument("--measure", default="efficientnet_lite0", help="network to measure with")
    parser.add_argument(
        "--code-view", type=int, default=96, help="--view that the generator was trained with"
    )
    parser.add_argument("--measured", type=int, default=500, help="pictures to measure with")
    parser.add_argument("--head-width", type=int, default=64, help="channels of discriminator")
    parser.add_argument("--pairs", type=int, default=6_000, help="shown before verdicts count")
    parser.add_argument(
        "--rebuild", type=float, default=0.5, help="pull of real faces over that of verdicts"
    )
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--every", type=float, default=5, help="minutes between reports")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    options.out.mkdir(parents=True, exist_ok=True)
    Training(options).run()


class Training(Run):
    """The state of a training: networks, optimisers, and the time spent."""

    steady = STEADY

    def __init__(self, options: argparse.Namespace) -> None:
        """Starts anew, or from the state in the folder of results."""
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.seen, self.spent, self.best, self.pull = 0, 0.0, float("inf"), 1.0
        torch.manual_seed(SEED)
        faces = face_data.unpack(options.data)
        self.faces = to_tensor(faces.part(held_out=False)).to(self.device)
        self.size = self.faces.shape[2]
        network = image_features.load(options.network, options.features)
        self.judge = image_features.load(options.measure, options.features).to(self.device)
        self.finisher = FaceFinisher().to(self.device)
        self.mean = copy.deepcopy(self.finisher).requires_grad_(False)
        self.discriminator = Discriminator([network], self.size, options.head_width)
        self.discriminator.to(self.device)
        for net in (self.finisher, self.discriminator):
            net.to(memory_format=torch.channels_last)
        self.make_small_faces()
        self.discriminator.calibrate(self.pairs(min(256, len(self.faces)))[0])
        learning = (list(self.finisher.parameters()), self.discriminator.heads())
        self.rates = (FASTER * options.rate, options.rate)
        self.optimizers = [
            torch.optim.Adam(values, rate, betas=(0.0, 0.99))
            for values, rate in zip(learning, self.rates, strict=True)
        ]
        state = options.out / "state.pt"
        if state.exists():
            self.restore(torch.load(state, map_location="cpu", weights_only=True))
        torch.manual_seed(SEED + 1 + self.seen)
        self.log(
            f"{self.device.type}, {len(self.faces)} faces, to {self.size}², "
            f"{count(self.finisher):.2f} + {count(self.discriminator.critics):.2f} M values, "
            f"from {self.seen} pictures on"
        )

    @torch.no_grad()
    def make_small_faces(self) -> None:
        """Draws, once, what the generator makes of the codes of real faces and of noise."""
        generator = face_sheet.load(self.options.generator).to(self.device)
        network = self.discriminator.networks[0]
        codes = face_codes.face_codes(network, self.faces, self.options.code_view).codes
        self.rebuilt = torch.stack([drawn(generator, own) for own in codes])
        self.drawn = drawn(generator, noise(DRAWN, SEED + 2).to(self.device))
        self.unseen = drawn(generator, noise(self.options.measured, SEED).to(self.device))

    def describe(self, losses: list[float]) -> str:
        """See ``Run.describe``."""
        return (
            f"losses {losses[0]:.3f} {losses[1]:.3f} "
            f"features {losses[2]:.3f} pixels {losses[3]:.4f}"
        )

    def step(self) -> Tensor:
        """Learns from one batch: half of it pairs, half from noise once verdicts count.

        Returns:
            The losses of discriminator and finisher, and how far finished faces are from the real
            ones, in features and in pixels.
        """
        self.set_rates()
        real, small = self.pairs(self.options.batch)
        trust = min(1.0, max(0.0, (self.seen - self.options.pairs) / BLIND))
        if trust > 0:
            half = len(real) // 2
            chosen = torch.randint(len(self.drawn), (len(real) - half,), device=self.device)
            small = torch.cat([small[:half], to_float(self.drawn[chosen])])
        losses = self.learn(real, small, trust)
        self.seen += self.options.batch
        self.update_mean()
        return losses

    def learn(self, real: Tensor, small: Tensor, trust: float) -> Tensor:
        """Learns from pairs, all of the batch or its first half, and from verdicts."""
        adam, adam_discriminator = self.optimizers
        heads, judge = self.discriminator.heads(), self.discriminator.judge
        paired = len(real) if trust == 0 else len(real) // 2
        changes = draw_changes(len(real), self.device)
        made = self.finisher(small)
        looked = made.detach().requires_grad_()
        features = self.discriminator.features(looked, changes)
        with torch.no_grad():
            true = self.discriminator.features(real, changes)
        fixed = [[level.detach().requires_grad_() for level in critic] for critic in features]
        loss = discriminator_loss(
            judge(true), judge([[level.detach() for level in critic] for critic in features])
        )
        if trust > 0:
            adam_discriminator.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            adam_discriminator.step()
        for parameter in heads:
            parameter.requires_grad_(False)
        own = generator_loss(judge(fixed))
        pulled = rebuilding(fixed, true, paired)
        wanted = self.wanted(own, pulled, flat(fixed), paired, trust)
        for parameter in heads:
            parameter.requires_grad_(True)
        torch.autograd.backward(flat(features), wanted)
        assert looked.grad is not None
        pixels, far = pixels_wanted(made.detach(), real, small, paired, looked.grad)
        adam.zero_grad(set_to_none=True)
        torch.autograd.backward(made, looked.grad + COPIED * pixels)
        adam.step()
        return torch.stack([loss.detach(), own.detach(), pulled.detach(), far])

    def wanted(
        self, own: Tensor, pulled: Tensor, features: list[Tensor], paired: int, trust: float
    ) -> list[Tensor]:
        """Returns the gradient of both losses on the features, each at its strength."""
        pulls = torch.autograd.grad(pulled, features)
        if trust == 0:
            return list(pulls)
        verdicts = torch.autograd.grad(own, features)
        strong = [
            torch.stack([each[:paired].float().norm() for each in given]).norm()
            for given in (verdicts, pulls)
        ]
        ratio = float(strong[0] / strong[1].clamp_min(1e-12))
        self.pull = ratio if self.pull == 1.0 else 0.98 * self.pull + 0.02 * ratio
        force = self.options.rebuild * self.pull
        return [trust * one + force * other for one, other in zip(verdicts, pulls, strict=True)]

    def pairs(self, number: int) -> tuple[Tensor, Tensor]:
        """Returns faces, half of them mirrored, and the small pictures they are to be made from.

        Returns:
            n×3×S×S and n×3×S/2×S/2, -1..1. A third of the small ones are the real face, a third
            what the generator makes of its code, a third lie in between.
        """
        chosen = torch.randint(len(self.faces), (number,), device=self.device)
        faces = to_float(self.faces[chosen])
        mirrored = torch.rand(number, device=self.device) < 0.5
        faces = torch.where(mirrored[:, None, None, None], faces.flip(3), faces)
        rebuilt = to_float(self.rebuilt[mirrored.long(), chosen])
        share = (3 * torch.rand(number, 1, 1, 1, device=self.device) - 1).clamp(0, 1)
        return faces, functional.avg_pool2d(faces, SCALE).lerp(rebuilt, share)

    @torch.no_grad()
    def update_mean(self) -> None:
        """Moves the running mean of the weights on."""
        kept = 0.5 ** (self.options.batch / (MEAN_SHARE * self.seen))
        for mean, now in zip(self.mean.parameters(), self.finisher.parameters(), strict=True):
            mean.lerp_(now, 1 - kept)

    @torch.no_grad()
    def prepare_measure(self) -> None:
        """Measures how far real faces are from other real ones."""
        order = torch.randperm(len(self.faces), generator=torch.Generator().manual_seed(SEED))
        half = min(self.options.measured, len(order) // 2)
        one, other = (self.faces[part] for part in (order[:half], order[half : 2 * half]))
        self.reference = frechet.features(self.judge, shrunk_bytes(one, self.size), self.size)
        found = frechet.features(self.judge, shrunk_bytes(other, self.size), self.size)
        self.floor = frechet.distance(self.reference, found)
        plain = functional.interpolate(to_float(self.unseen), scale_factor=2.0, mode="bicubic")
        found = frechet.features(self.judge, to_bytes(plain), self.size)
        before = frechet.distance(self.reference, found) / self.floor
        self.log(f"distance of {half} real faces {self.floor:.3f}; only enlarged {before:.2f} × it")

    @torch.no_grad()
    def report(self, figures: str) -> None:
        """Writes state, mean, sheet and a line of figures."""
        made = torch.cat([self.mean(to_float(part)) for part in torch.split(self.unseen, 50)])
        found = frechet.features(self.judge, to_bytes(made), self.size)
        distance = frechet.distance(self.reference, found)
        write(self.options.out / "state.pt", self.state())
        mean = {name: value.half().cpu() for name, value in self.mean.state_dict().items()}
        write(self.options.out / "mean.pt", {"weights": mean, "seen": self.seen})
        if distance < self.best:
            self.best = distance
            write(self.options.out / "best.pt", {"weights": mean, "seen": self.seen})
        real = to_float(self.faces[:8])
        rows = [made[:32], self.mean(to_float(self.rebuilt[0, :8]))]
        rows += [self.mean(functional.avg_pool2d(real, SCALE)), real]
        draw(self.options.out / f"sheet-{self.seen:08d}.jpg", torch.cat(rows))
        self.log(
            f"{self.seen} pictures {self.spent:.1f} min {figures} "
            f"rate {self.optimizers[0].param_groups[0]['lr']:.1e} "
            f"distance {distance:.3f} = {distance / self.floor:.2f} × real"
        )

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on."""
        return {
            "finisher": self.finisher.state_dict(),
            "mean": self.mean.state_dict(),
            "critics": self.discriminator.critics.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "pull": self.pull,
            "seen": self.seen,
            "spent": self.spent,
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state."""
        self.finisher.load_state_dict(state["finisher"])
        self.mean.load_state_dict(state["mean"])
        self.discriminator.critics.load_state_dict(state["critics"])
        for optimizer, own in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(own)
        self.pull = state["pull"]
        self.seen, self.spent, self.best = state["seen"], state["spent"], state["best"]


def drawn(generator: torch.nn.Module, codes: Tensor) -> Tensor:
    """Returns faces of n×64 codes as bytes."""
    return torch.cat([to_bytes(generator(part)) for part in torch.split(codes, 64)])


def to_float(pictures: Tensor) -> Tensor:
    """Returns pictures, -1..1, of bytes."""
    return pictures.float() / 127.5 - 1


def rebuilding(made: Features, true: Features, paired: int) -> Tensor:
    """Returns how far the features of the first faces are from those of the real ones."""
    pairs = zip(flat(made), flat(true), strict=True)
    return torch.stack([(a[:paired] - b[:paired]).abs().float().mean() for a, b in pairs]).mean()


def pixels_wanted(
    made: Tensor, real: Tensor, small: Tensor, paired: int, beside: Tensor
) -> tuple[Tensor, Tensor]:
    """Returns what pixels ask for, as strong as the gradient ``beside``, and the loss of pairs.

    Pairs shall be like the real face, faces from noise keep the colours that went in.
    """
    made = made.requires_grad_()
    far = [apart(made[:paired], real[:paired], side) for side in (real.shape[2], HELD[0])]
    if paired < len(made):
        far += [apart(made[paired:], small[paired:], side) for side in HELD]
    loss = torch.stack(far).sum()
    (gradient,) = torch.autograd.grad(loss, made)
    strength = beside.norm() / gradient.norm().clamp_min(1e-12)
    return gradient * strength, far[0].detach()


if __name__ == "__main__":
    main()
