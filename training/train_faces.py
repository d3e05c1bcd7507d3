"""Trains the generator of faces against frozen features (a projected GAN).

    python training/train_faces.py --data faces128.npz --features features.pt --out runs/faces \\
        --minutes 60

Goes on from ``state.pt`` in the folder of results until the minutes of all runs together are
``--minutes``; the learning rate falls towards that end. At first the generator copies real faces,
then it learns from the verdicts of a discriminator as well. At every report it writes the state,
the running mean of the generator (``mean.pt``, half precision, and ``best.pt``, that of the lowest
distance), a sheet of faces and a line to log.txt. How the two files are made, how to run it here
and on a GPU, and what was seen: train_faces.md.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import cv2
import face_codes
import face_data
import frechet
import image_features
import numpy as np
import numpy.typing as npt
import torch
from diff_augment import draw_changes
from face_discriminator import Discriminator, Features, discriminator_loss, generator_loss
from face_run import Run
from torch import Tensor
from torch.nn import functional

from genapp.nets.face_generator import Z_SIZE, FaceGenerator

RATE = 2e-4
STEADY = 0.6  # share of the time after which the rate falls, in a line
MEAN_PICTURES = 10_000  # half-life of the running mean of the weights
MEAN_SHARE = 0.05  # but no longer than this share of all pictures so far
FASTER = 2.0  # rate of the generator over the discriminator's
BLUR = 0.2  # deviation of the noise on codes of real faces: near codes give near faces
BLIND = 4_000  # pictures in which the verdicts of the discriminator gain their full weight
COPIED = (128, 32, 16, 8)  # sides at which copies are compared
HELD = (32, 16, 8)  # sides at which the colours of real faces are held later on
EXPECTED = 8  # and of faces from noise, to what their codes stand for
SEED = 0


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="faces, of face_data.py")
    parser.add_argument("--features", type=Path, required=True, help="of face_bundle.py")
    parser.add_argument("--out", type=Path, default=Path("runs/faces"), help="folder of results")
    parser.add_argument("--minutes", type=float, required=True, help="of all runs together")
    parser.add_argument("--stop-after", type=float, help="minutes of this run, at most")
    parser.add_argument("--size", type=int, default=128, choices=(64, 128, 256))
    parser.add_argument("--width", type=float, default=1.0, help="factor on generator's channels")
    parser.add_argument("--networks", nargs="+", help="to train with; the first two by default")
    parser.add_argument("--measure", help="network to measure with; another one by default")
    parser.add_argument("--measured", type=int, default=1000, help="pictures to measure with")
    parser.add_argument("--view", type=int, help="side at which networks see; the size by default")
    parser.add_argument("--head-width", type=int, default=128, help="channels of discriminator")
    parser.add_argument("--close-up", action="store_true", help="look at eyes and mouth apart")
    parser.add_argument(
        "--copies", type=int, default=12_000, help="faces that are copied before verdicts count"
    )
    parser.add_argument(
        "--rebuild", type=float, default=1.0, help="pull of real faces over that of verdicts"
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--every", type=float, default=5, help="minutes between reports")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    options.out.mkdir(parents=True, exist_ok=True)
    Training(options).run()


class Training(Run):
    """The state of a training: networks, optimisers, and the time spent."""

    steady = STEADY

    def __init__(self, options: argparse.Namespace) -> None:
        """Starts anew, or from the state in the folder of results."""
        self.options = options
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.seen, self.spent, self.best = 0, 0.0, float("inf")
        torch.manual_seed(SEED)
        faces = face_data.unpack(options.data)
        if faces.images.shape[1] % options.size:
            raise ValueError(
                f"faces of {faces.images.shape[1]}² can't be shrunk to {options.size}²"
            )
        self.faces = to_tensor(faces.part(held_out=False)).to(self.device)
        available = list(torch.load(options.features, map_location="cpu", weights_only=True))
        with_names = options.networks or available[:2]
        by_name = options.measure or next(name for name in available if name not in with_names)
        networks = [image_features.load(name, options.features) for name in with_names]
        self.judge = image_features.load(by_name, options.features).to(self.device)
        self.generator = FaceGenerator(options.size, options.width).to(self.device)
        self.mean = copy.deepcopy(self.generator).requires_grad_(False)
        view = options.view or options.size
        self.discriminator = Discriminator(
            networks, view, options.head_width, close_up=options.close_up
        ).to(self.device)
        for net in (self.generator, self.discriminator):
            net.to(memory_format=torch.channels_last)
        if self.device.type == "cuda":  # autocast would cast them anew for every batch
            self.discriminator.networks.bfloat16()
        self.codes = face_codes.face_codes(self.discriminator.networks[0], self.faces, view)
        self.pull = 1.0
        with self.autocast():
            self.discriminator.calibrate(self.real(min(256, len(self.faces)))[0])
        adam = {"betas": (0.0, 0.99), "fused": self.device.type == "cuda"}
        self.rates = (FASTER * options.rate, options.rate)
        learning = (list(self.generator.parameters()), self.discriminator.heads())
        self.optimizers = [
            torch.optim.Adam(values, rate, **adam)  # type: ignore[arg-type]
            for values, rate in zip(learning, self.rates, strict=True)
        ]
        state = options.out / "state.pt"
        if state.exists():
            self.restore(torch.load(state, map_location="cpu", weights_only=True))
        # So that a run that goes on doesn't see the same noise again.
        torch.manual_seed(SEED + 1 + self.seen)
        self.log(
            f"{self.device.type}, {len(self.faces)} faces, {options.size}², view {view}, "
            f"trains with {', '.join(with_names)}, measures with {by_name}, "
            f"{count(self.generator):.2f} + {count(self.discriminator.critics):.2f} M values, "
            f"codes keep {self.codes.kept:.2f}, from {self.seen} pictures on"
        )

    def describe(self, losses: list[float]) -> str:
        """See ``Run.describe``."""
        return (
            f"losses {losses[0]:.3f} {losses[1]:.3f} "
            f"features {losses[2]:.3f} colours {losses[3]:.3f}"
        )

    def step(self) -> Tensor:
        """Learns from one batch.

        Returns:
            The losses of discriminator and generator, and how far rebuilt faces are from the real
            ones, in features and in colours.
        """
        self.set_rates()
        real, codes = self.real(self.options.batch)
        codes = codes + BLUR * torch.randn_like(codes)
        copying = self.seen < self.options.copies
        losses = self.copy(real, codes) if copying else self.compete(real, codes)
        self.seen += self.options.batch
        self.update_mean()
        return losses

    def copy(self, real: Tensor, codes: Tensor) -> Tensor:
        """Learns to draw real faces from their codes, by colours alone, which is quick."""
        with self.autocast():
            made = self.generator(codes)
        far = torch.stack([apart(made, real, side) for side in COPIED])
        self.optimizers[0].zero_grad(set_to_none=True)
        torch.autograd.backward(far.sum())
        self.optimizers[0].step()
        nothing = torch.zeros((), device=self.device)
        return torch.stack([nothing, nothing, nothing, far[-1].detach()])

    def compete(self, real: Tensor, codes: Tensor) -> Tensor:
        """Learns from verdicts as well. Half of the faces are rebuilt, half are from noise."""
        adam_generator, adam_discriminator = self.optimizers
        heads, judge = self.discriminator.heads(), self.discriminator.judge
        changes = draw_changes(len(real), self.device)
        half = len(real) // 2
        codes = torch.cat([codes[:half], torch.randn_like(codes[half:])])
        with self.autocast():
            made = self.generator(codes)
            looked = made.detach().requires_grad_()
            features = self.discriminator.features(looked, changes)
            with torch.no_grad():
                true = self.discriminator.features(real, changes)
        fixed = [[level.detach().requires_grad_() for level in critic] for critic in features]
        # Heads are small, and spectral norms want single precision.
        loss = discriminator_loss(
            judge(true), judge([[level.detach() for level in critic] for critic in features])
        )
        adam_discriminator.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        adam_discriminator.step()
        # The generator learns from the same pictures, by the verdicts of the better discriminator.
        for parameter in heads:
            parameter.requires_grad_(False)
        own = generator_loss(judge(fixed))
        pulled = self.rebuilding(fixed, true)
        wanted = self.wanted(own, pulled, flat(fixed))
        for parameter in heads:
            parameter.requires_grad_(True)
        torch.autograd.backward(flat(features), wanted)
        assert looked.grad is not None
        colors, far = self.colors_wanted(made.detach(), real, codes, looked.grad)
        adam_generator.zero_grad(set_to_none=True)
        torch.autograd.backward(made, looked.grad + colors)
        adam_generator.step()
        return torch.stack([loss.detach(), own.detach(), pulled.detach(), far])

    def rebuilding(self, made: Features, true: Features) -> Tensor:
        """Returns how far the features of rebuilt faces, the first half, are from the real ones."""
        half = self.options.batch // 2
        pairs = zip(flat(made), flat(true), strict=True)
        return torch.stack([(a[:half] - b[:half]).abs().float().mean() for a, b in pairs]).mean()

    def wanted(self, own: Tensor, pulled: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Returns the gradient of both losses on the features, each at its strength."""
        half = self.options.batch // 2
        verdicts = torch.autograd.grad(own, features)
        pulls = torch.autograd.grad(pulled, features)
        strong = [
            torch.stack([each[:half].float().norm() for each in given]).norm()
            for given in (verdicts, pulls)
        ]
        # As strong as the verdicts, in the mean over some steps.
        ratio = float(strong[0] / strong[1].clamp_min(1e-12))
        self.pull = ratio if self.seen <= self.options.copies else 0.98 * self.pull + 0.02 * ratio
        trust = min(1.0, (self.seen - self.options.copies) / BLIND)
        force = self.options.rebuild * self.pull
        return [trust * one + force * other for one, other in zip(verdicts, pulls, strict=True)]

    def colors_wanted(
        self, made: Tensor, real: Tensor, codes: Tensor, beside: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Returns what coarse colours ask for, as strong as the gradient ``beside``, and the loss.

        Rebuilt faces, the first half, have the colours of the real ones, faces from noise those
        that their codes stand for.
        """
        half = self.options.batch // 2
        made = made.requires_grad_()
        expected = self.codes.expected(codes[half:])
        far = [apart(made[:half], real[:half], side) for side in HELD]
        far.append(apart(made[half:], expected, EXPECTED))
        loss = torch.stack(far).sum()
        (gradient,) = torch.autograd.grad(loss, made)
        strength = beside.norm() / gradient.norm().clamp_min(1e-12)
        return gradient * (self.options.rebuild * strength), loss.detach()

    def autocast(self) -> torch.autocast:
        """Returns a context of half precision on a GPU; on a CPU it is often slower."""
        on_gpu = self.device.type == "cuda"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=on_gpu)

    def real(self, number: int) -> tuple[Tensor, Tensor]:
        """Returns faces, half of them mirrored.

        Args:
            number: n, of faces.

        Returns:
            n×3×S×S, -1..1, and their codes, n×64.
        """
        chosen = torch.randint(len(self.faces), (number,), device=self.device)
        faces = to_size(self.faces[chosen].float() / 127.5 - 1, self.options.size)
        mirrored = torch.rand(number, device=self.device) < 0.5
        codes = self.codes.codes[mirrored.long(), chosen]
        return torch.where(mirrored[:, None, None, None], faces.flip(3), faces), codes

    @torch.no_grad()
    def update_mean(self) -> None:
        """Moves the running mean of the weights on."""
        half_life = min(MEAN_PICTURES, MEAN_SHARE * self.seen)
        keep = 0.5 ** (self.options.batch / half_life)
        torch._foreach_lerp_(
            list(self.mean.parameters()), list(self.generator.parameters()), 1 - keep
        )

    def prepare_measure(self) -> None:
        """Takes the features of real faces, and the distance between two halves of them."""
        order = torch.randperm(len(self.faces), generator=torch.Generator().manual_seed(SEED))
        halves = [self.faces[order[part::2][: self.options.measured]] for part in (0, 1)]
        small = [shrunk_bytes(half, self.options.size) for half in halves]
        side = self.options.size
        real, other = (frechet.features(self.judge, half, side) for half in small)
        self.reference, self.floor = real, frechet.distance(real, other)
        self.measured = len(other)
        self.log(f"distance of {len(other)} real faces to {len(real)} others: {self.floor:.3f}")

    def report(self, figures: str) -> None:
        """Writes state, mean, sheet and a line of figures."""
        self.mean.measure_mean()
        made = self.made(self.measured, SEED)
        found = frechet.features(self.judge, made, self.options.size)
        distance = frechet.distance(self.reference, found)
        write(self.options.out / "state.pt", self.state())
        mean = self.mean_state()
        write(self.options.out / "mean.pt", mean)
        if distance < self.best:
            self.best = distance
            write(self.options.out / "best.pt", mean)
        name = f"sheet-{self.seen:08d}.jpg"
        z = noise(40, SEED + 1).to(self.device)
        with torch.no_grad():
            rows = [self.mean(z), self.mean(z[:24], 0.7)]
            rows += self.rebuilt(16)
        draw(self.options.out / name, torch.cat(rows))
        self.log(
            f"{self.seen} pictures {self.spent:.1f} min {figures} "
            f"rate {self.optimizers[0].param_groups[0]['lr']:.1e} "
            f"distance {distance:.3f} = {distance / self.floor:.2f} × real"
        )

    @torch.no_grad()
    def rebuilt(self, number: int) -> list[Tensor]:
        """Returns real faces, and the same rebuilt."""
        real = to_size(self.faces[:number].float() / 127.5 - 1, self.options.size)
        return [real, self.mean(self.codes.codes[0, :number])]

    @torch.no_grad()
    def made(self, number: int, seed: int) -> Tensor:
        """Returns so many generated faces as bytes, N×3×S×S, at the full size."""
        parts = []
        z = noise(number, seed).to(self.device)
        for start in range(0, number, 50):
            parts.append(to_bytes(self.mean(z[start : start + 50])))
        return torch.cat(parts)

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on."""
        return {
            "generator": self.generator.state_dict(),
            "mean": self.mean.state_dict(),
            "pull": self.pull,
            "critics": self.discriminator.critics.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "seen": self.seen,
            "spent": self.spent,
            "best": self.best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Takes up a state; one that was made small has no optimisers."""
        self.generator.load_state_dict(state["generator"])
        self.mean.load_state_dict(state["mean"])
        self.discriminator.critics.load_state_dict(state["critics"])
        stored = state.get("optimizers", [])
        for optimizer, own in zip(self.optimizers, stored, strict=bool(stored)):
            optimizer.load_state_dict(own)
        self.pull = state["pull"]
        self.seen, self.spent, self.best = state["seen"], state["spent"], state["best"]

    def mean_state(self) -> dict[str, Any]:
        """Returns the running mean of the generator in half precision, with what builds it."""
        weights = {name: value.half().cpu() for name, value in self.mean.state_dict().items()}
        made_by = {"size": self.options.size, "width": self.options.width, "seen": self.seen}
        return {"weights": weights, **made_by}


def flat(features: Features) -> list[Tensor]:
    """Returns the features of all critics in one list."""
    return [level for critic in features for level in critic]


def to_tensor(images: npt.NDArray[np.uint8]) -> Tensor:
    """Returns N×3×S×S bytes of N×S×S×3."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def apart(made: Tensor, real: Tensor, side: int) -> Tensor:
    """Returns the mean difference of n×3×s×s pictures at a smaller side; smaller ones stay."""
    small = [
        functional.avg_pool2d(part.float(), max(1, part.shape[2] // side)) for part in (made, real)
    ]
    return (small[0] - small[1]).abs().mean()


def to_size(pictures: Tensor, size: int) -> Tensor:
    """Returns pictures at another size: the mean over areas, or bilinear when enlarged."""
    if pictures.shape[2] >= size:
        return functional.avg_pool2d(pictures, pictures.shape[2] // size)
    return functional.interpolate(pictures, (size, size), mode="bilinear")


def shrunk_bytes(pictures: Tensor, size: int) -> Tensor:
    """Returns bytes at another size."""
    return to_bytes(to_size(pictures.float() / 127.5 - 1, size))


def to_bytes(pictures: Tensor) -> Tensor:
    """Returns bytes of pictures, -1..1."""
    return ((pictures.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def noise(number: int, seed: int) -> Tensor:
    """Returns number×64 noise, the same on any device."""
    return torch.randn(number, Z_SIZE, generator=torch.Generator().manual_seed(seed))


def draw(path: Path, pictures: Tensor, columns: int = 8) -> None:
    """Writes pictures, N×3×s×s, as a sheet."""
    images = list(to_bytes(pictures).permute(0, 2, 3, 1).cpu().numpy())
    rows = [np.hstack(images[start : start + columns]) for start in range(0, len(images), columns)]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 95])


def write(path: Path, what: dict[str, Any]) -> None:
    """Writes a file; a stop in between leaves the old one whole."""
    temporary = path.with_suffix(".new")
    torch.save(what, temporary)
    temporary.replace(path)


def count(net: torch.nn.Module) -> float:
    """Returns the number of values of a network that learn, in millions."""
    return sum(value.numel() for value in net.parameters() if value.requires_grad) / 1e6


if __name__ == "__main__":
    main()
