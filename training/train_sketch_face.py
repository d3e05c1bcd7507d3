"""Trains the network that makes a photo of a drawn face.

    python training/face_doodles.py --data faces128.npz --out runs/sketchface/shapes.npz
    python training/train_sketch_face.py --data faces128.npz --shapes runs/sketchface/shapes.npz \\
        --features features.pt --start runs/sketch/ckpt.pt --out runs/sketchface

Learns until it is stopped (or ``--until``), at first at half size. Every few minutes it writes the
checkpoint ckpt.pt, a line to log.txt and a sheet of held-out faces. Start it again to go on. Data,
recipe and figures: train_sketch_face.md.
"""

import argparse
import copy
import datetime
import time
from pathlib import Path
from typing import Any

import cv2
import face_data
import face_doodles
import frechet
import image_features
import lines
import numpy as np
import numpy.typing as npt
import torch
import train_colorize
import train_faces
from diff_augment import draw_changes
from face_discriminator import Discriminator, discriminator_loss, generator_loss
from torch import Tensor, nn
from torch.nn import functional

from genapp.colorizing import sketch
from genapp.nets.sketch_face import LOOK, SketchFace

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

RATE, ENCODER_RATE, CRITIC_RATE = 6e-4, 2e-4, 2e-4
DOODLES = 0.45  # share of the drawings; the others are lines of the picture
MIXED = 0.1  # share of the drawings that are both
# Of the styles of lines.py, how often each is taken.
STYLES = {"ink": 0.3, "contours": 0.2, "sparse": 0.2, "pencil": 0.15, "soft": 0.1, "brush": 0.05}
BY_HAND, ON_PAPER = 0.5, 0.1  # shares of the drawings
PIXELS = 3.0  # weight of the mean difference of pixels; that of features has 1
CRITIC = 0.6  # pull of the critic over that of both
BLIND = 6_000  # pictures in which it gains that
LEAKED = 0.004  # weight of what the code says of a picture, per nat
EMA_PICTURES = 6_000  # half-life of the mean of the weights
MEASURE_SIDE = 128
SHOWN = 8
SEED = 0


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--shapes", type=Path, required=True, help="of face_doodles.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--start", type=Path, help="ckpt.pt of train_sketch.py")
    parser.add_argument("--out", type=Path, default=Path("runs/sketchface"))
    parser.add_argument("--until", metavar="HH:MM", help="when to stop, UTC")
    parser.add_argument("--full-from", type=int, default=18_000, help="pictures at half size")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1.0, help="factor on all rates")
    parser.add_argument("--every", type=float, default=5, help="minutes between checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    Training(options).run()


class Looker(nn.Module):
    """Reads the look of a picture, its colours and light, from 8×8 means of it."""

    def __init__(self) -> None:
        """Builds the network."""
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(192, 96), nn.LeakyReLU(0.2), nn.Linear(96, 2 * LOOK))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Returns n×8 means and logarithms of variances of the codes."""
        small = functional.adaptive_avg_pool2d(picture, 8).flatten(1)
        mean, spread = self.layers(small).chunk(2, 1)
        return mean, spread.clamp(-8, 4)


class Samples(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """Drawings and their faces; sample i is the same in every run."""

    def __init__(self, images: Bytes, shapes: face_doodles.Shapes) -> None:
        """Keeps N×S×S×3 faces and their shapes."""
        self.images, self.shapes = images, shapes

    def __len__(self) -> int:
        """Returns a number beyond what is ever learnt."""
        return 10**9

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Returns a drawing (1×S×S, 0..100) and the face (3×S×S bytes)."""
        rng = np.random.default_rng((SEED, number))
        drawing, face = self.pair(int(rng.integers(len(self.images))), rng)
        return torch.from_numpy(drawing[None]), torch.from_numpy(face)

    def pair(self, chosen: int, rng: np.random.Generator) -> tuple[Array, Bytes]:
        """Returns a drawing of a face, S×S, and the face, 3×S×S; both mirrored now and then."""
        image = self.images[chosen]
        drawing = draw(image, self.shapes.points[chosen], self.shapes.person[chosen], rng)
        if rng.random() < 0.5:
            drawing, image = drawing[:, ::-1], image[:, ::-1]
        return np.ascontiguousarray(drawing), np.ascontiguousarray(image.transpose(2, 0, 1))


def draw(
    image: Bytes, points: npt.NDArray[np.float16], person: Bytes, rng: np.random.Generator
) -> Array:
    """Returns a drawing of a face, S×S×3 bytes, as lightness 0..100."""
    large = np.asarray(face_doodles.enlarged(image) / 255, np.float32)
    paper, kind = np.ones(large.shape[:2], np.float32), rng.random()
    if kind < DOODLES + MIXED and not np.isnan(points).any():
        paper = face_doodles.doodle(large, points.astype(np.float32), person, rng)
    if kind > DOODLES:
        style = rng.choice(list(STYLES), p=list(STYLES.values()))
        paper = np.minimum(paper, lines.STYLES[style][0](large, rng))
    if rng.random() < BY_HAND:
        paper = lines.by_hand(paper, rng)
    if rng.random() < ON_PAPER:
        paper = lines.on_paper(paper, rng)
    small = cv2.resize(paper, image.shape[1::-1], interpolation=cv2.INTER_AREA)
    grey = np.repeat(np.clip(small, 0, 1).astype(np.float32)[..., None], 3, 2)
    lightness = np.asarray(cv2.cvtColor(grey, cv2.COLOR_RGB2Lab)[..., 0], np.float32)
    return sketch.prepare(lightness)


class Training:
    """The state of a training."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Starts anew, or from the checkpoint in the folder of results."""
        self.options = options
        torch.manual_seed(SEED)
        faces = face_data.unpack(options.data)
        shapes = face_doodles.read(options.shapes)
        self.learn, self.held_out = (
            Samples(
                faces.part(held_out=held),
                face_doodles.Shapes(
                    shapes.points[faces.held_out == held], shapes.person[faces.held_out == held]
                ),
            )
            for held in (False, True)
        )
        self.net, self.looker = SketchFace(), Looker()
        features = image_features.load(image_features.MOBILENET, options.features)
        self.judge = image_features.load(image_features.EFFICIENTNET, options.features)
        self.critic = Discriminator([features], MEASURE_SIDE)
        for module in (self.net, self.critic):
            module.to(memory_format=torch.channels_last)
        self.seen, self.pull = 0, 1.0
        stored = None
        if (options.out / "ckpt.pt").exists():
            stored = torch.load(options.out / "ckpt.pt", weights_only=True)
        elif options.start:
            old = torch.load(options.start, weights_only=True)["mean"]
            adopt(self.net, old)
        self.mean = copy.deepcopy(self.net).eval().requires_grad_(False)
        fast = [p for n, p in self.net.named_parameters() if not n.startswith("encoder.blocks")]
        slow = list(self.net.encoder.blocks.parameters())
        self.optimizer = torch.optim.Adam(
            [
                {"params": [*fast, *self.looker.parameters()], "lr": RATE * options.rate},
                {"params": slow, "lr": ENCODER_RATE * options.rate},
            ],
            betas=(0.5, 0.99),
        )
        self.critic_optimizer = torch.optim.Adam(
            self.critic.heads(), CRITIC_RATE * options.rate, betas=(0.0, 0.99)
        )
        if stored is not None:
            self.restore(stored)
        else:
            sample = self.learn.images[:128].transpose(0, 3, 1, 2)
            self.critic.calibrate(torch.from_numpy(sample.copy()).float() / 127.5 - 1)
        torch.manual_seed(SEED + 1 + self.seen)
        self.prepare_measure()

    def run(self) -> None:
        """Trains until the time is up."""
        until = train_colorize.next_time(self.options.until) if self.options.until else 1e18
        self.log(f"from {self.seen} pictures on, {train_faces.count(self.net):.2f} M values")
        last, begun, losses = time.time(), self.seen, []
        loader = torch.utils.data.DataLoader(
            self.learn,
            self.options.batch,
            sampler=range(self.seen, self.seen + 10**8),
            num_workers=1,
            prefetch_factor=4,
        )
        for drawing, face in loader:
            losses.append(self.step(drawing, face.float() / 127.5 - 1))
            over = time.time() >= until
            if over or time.time() - last > 60 * self.options.every:
                speed = (self.seen - begun) / (time.time() - last)
                train_faces.write(self.options.out / "ckpt.pt", self.state())
                self.report(torch.stack(losses).mean(0).tolist(), speed)
                last, begun, losses = time.time(), self.seen, []
            if over:
                return

    def step(self, drawing: Tensor, real: Tensor) -> Tensor:
        """Learns from one batch of drawings, 0..100, and their faces, -1..1.

        Returns:
            The losses of pixels and features, of the generator and of the critic, and what the
            codes say in nats.
        """
        if self.seen < self.options.full_from:
            drawing, real = functional.avg_pool2d(drawing, 2), functional.avg_pool2d(real, 2)
        self.critic.view = real.shape[2]
        drawing = drawing.to(memory_format=torch.channels_last)
        mean, spread = self.looker(real)
        made = self.net(drawing, sample(mean, spread))
        changes = draw_changes(len(real), real.device)
        looked = made.detach().requires_grad_()
        features = train_faces.flat(self.critic.features(looked, changes))
        with torch.no_grad():
            true = train_faces.flat(self.critic.features(real, changes))
        fixed = [level.detach().requires_grad_() for level in features]
        critic_loss = discriminator_loss(
            self.critic.judge([true]), self.critic.judge([[level.detach() for level in fixed]])
        )
        self.critic_optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(critic_loss)
        self.critic_optimizer.step()
        for parameter in self.critic.heads():
            parameter.requires_grad_(False)
        own = generator_loss(self.critic.judge([fixed]))
        alike = torch.stack([(a - b).abs().mean() for a, b in zip(fixed, true, strict=True)]).mean()
        verdicts = torch.autograd.grad(own, fixed)
        wanted = torch.autograd.grad(alike, fixed)
        for parameter in self.critic.heads():
            parameter.requires_grad_(True)
        ratio = float(norm(wanted) / norm(verdicts).clamp_min(1e-12))
        self.pull = ratio if self.seen == 0 else 0.98 * self.pull + 0.02 * ratio
        force = CRITIC * self.pull * min(1.0, self.seen / BLIND)
        torch.autograd.backward(
            features, [a + force * b for a, b in zip(wanted, verdicts, strict=True)]
        )
        assert looked.grad is not None
        pixels = (made - real).abs().mean()
        nats = divergence(mean, spread).mean()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward([made, PIXELS * pixels + LEAKED * nats], [looked.grad, None])
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimizer.step()
        self.seen += len(real)
        self.update_mean(len(real))
        return torch.stack([x.detach() for x in (pixels, alike, own, critic_loss, nats)])

    @torch.no_grad()
    def update_mean(self, count: int) -> None:
        """Moves the mean of the weights on."""
        keep = 0.5 ** (count / min(EMA_PICTURES, 0.1 * self.seen + count))
        now = self.net.state_dict()
        for name, value in self.mean.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(now[name], 1 - keep)

    def prepare_measure(self) -> None:
        """Draws the held-out faces once, and takes the features of the real ones."""
        pairs = [
            self.held_out.pair(number, np.random.default_rng((SEED + 1, number)))
            for number in range(len(self.held_out.images))
        ]
        self.drawings = torch.from_numpy(np.stack([drawing for drawing, _ in pairs]))[:, None]
        self.faces = torch.from_numpy(np.stack([face for _, face in pairs]))
        self.reference = frechet.features(self.judge, self.faces, MEASURE_SIDE)

    @torch.no_grad()
    def report(self, losses: list[float], speed: float) -> None:
        """Logs losses and the distance of held-out faces, and writes the sheet."""
        half = self.seen <= self.options.full_from
        drawings = functional.avg_pool2d(self.drawings, 2) if half else self.drawings
        look = torch.randn(len(drawings), LOOK, generator=torch.Generator().manual_seed(SEED))
        made = torch.cat(
            [
                self.mean(part, codes)
                for part, codes in zip(
                    torch.split(drawings, 32), torch.split(look, 32), strict=True
                )
            ]
        )
        found = frechet.features(self.judge, made, MEASURE_SIDE)
        distance = frechet.distance(self.reference, found)
        parts = " ".join(f"{value:.3f}" for value in losses)
        self.log(f"{self.seen} pictures {speed:.1f}/s losses {parts} distance {distance:.2f}")
        self.draw_sheet(drawings)

    @torch.no_grad()
    def draw_sheet(self, drawings: Tensor) -> None:
        """Writes held-out drawings, the faces made of them with four codes, and the true ones."""
        count = 2 * SHOWN
        step = len(drawings) // count
        shown, true = drawings[::step][:count], self.faces[::step][:count]
        codes = torch.randn(3, LOOK, generator=torch.Generator().manual_seed(SEED + 1))
        rows = [(shown / 50 - 1).expand(-1, 3, -1, -1)]
        for code in (torch.zeros(LOOK), *codes):
            rows.append(self.mean(shown, code.expand(count, -1)))
        rows = [functional.interpolate(row, (128, 128), mode="bilinear") for row in rows]
        rows.append(true.float() / 127.5 - 1)
        name = f"sheet-{self.seen:07d}.jpg"
        train_faces.draw(self.options.out / name, torch.cat(rows), columns=count)

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on."""
        return {
            "net": self.net.state_dict(),
            "mean": self.mean.state_dict(),
            "looker": self.looker.state_dict(),
            "critics": self.critic.critics.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "critic_optimizer": self.critic_optimizer.state_dict(),
            "seen": self.seen,
            "pull": self.pull,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state."""
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.looker.load_state_dict(state["looker"])
        self.critic.critics.load_state_dict(state["critics"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.critic_optimizer.load_state_dict(state["critic_optimizer"])
        self.seen, self.pull = state["seen"], state["pull"]
        factor = self.options.rate
        for group, rate in zip(self.optimizer.param_groups, (RATE, ENCODER_RATE), strict=True):
            group["lr"] = rate * factor
        self.critic_optimizer.param_groups[0]["lr"] = CRITIC_RATE * factor

    def log(self, text: str) -> None:
        """Prints a line and adds it to log.txt."""
        line = f"{datetime.datetime.now(datetime.UTC):%m-%d %H:%M:%S} {text}"
        print(line, flush=True)
        with (self.options.out / "log.txt").open("a") as file:
            file.write(line + "\n")


def adopt(net: SketchFace, weights: dict[str, Tensor]) -> None:
    """Puts those weights of the colouriser of drawings into the network that fit."""
    own = net.state_dict()
    fitting = {
        name: value
        for name, value in weights.items()
        if name in own and own[name].shape == value.shape and not name.startswith("last.")
    }
    net.load_state_dict(fitting, strict=False)


def sample(mean: Tensor, spread: Tensor) -> Tensor:
    """Returns codes from normal distributions with these means and logarithms of variances."""
    return mean + (spread / 2).exp() * torch.randn_like(mean)


def divergence(mean: Tensor, spread: Tensor) -> Tensor:
    """Returns the n Kullback-Leibler divergences from a standard normal distribution, in nats."""
    return (mean.square() + spread.exp() - spread - 1).sum(1) / 2


def norm(gradients: tuple[Tensor, ...]) -> Tensor:
    """Returns the norm of all together."""
    strengths = torch.stack([gradient.norm() for gradient in gradients])
    return strengths.square().sum().sqrt()


if __name__ == "__main__":
    main()
