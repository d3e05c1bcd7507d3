"""Trains the network that sees what is before a face: hands, locks of hair, things.

    python training/occlusion.py --faces ../shared/data/faces --out /tmp/occlusion [--steps 2000]

Needs torch. No photo with labelled hands is to be had, so they are drawn (occlusion_sprites.py)
over the faces, a new composition every time; what is in the photo itself counts as face, worn
glasses, beards and make-up included, except its own hair, which counts as nothing. Every 20th
face in sorted order is validation. The state is kept in --out after every 100 steps and taken up
again. Log and figures: occlusion.md.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch
from occlusion_sprites import MM, SIDE, Sprite, hand, lock, thing
from torch import Tensor, nn
from torch.nn import functional

from genapp import images
from genapp.errors import NoFace
from genapp.registry.engines import Engines
from genapp.tryon import Face, analyse
from genapp.tryon.head import CORE
from genapp.tryon.mesh import SKIN
from genapp.tryon.occlusion import CROP, CROP_MM, crop_matrix

Array: TypeAlias = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

FACES = ("fakefaces-*.jpg", "faker-*.jpg")
"""Sets whose terms let the weights be used for anything."""
BATCH = 32
SPRITES = 700
CHECKED = 384
"""Compositions of validation faces."""

Samples: TypeAlias = tuple[Tensor, Tensor, Tensor]
"""Pictures N×3×64×64, labels and weights N×1×64×64; 0..255 where stored, else 0..1."""


class Faces:
    """Upright crops of faces, with the colour of their skin and hair and where their hair is."""

    def __init__(self, crops: Bytes, skin: Array, hair: Array, ignore: Bytes) -> None:
        self.crops, self.skin, self.hair, self.ignore = crops, skin, hair, ignore

    def __len__(self) -> int:
        return len(self.crops)


class Net(nn.Module):
    """A small U-Net (Ronneberger et al. 2015, arXiv:1505.04597) on N×3×64×64, 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, 16, stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(_conv(before, after, stride=2), _conv(after, after))
            for before, after in ((16, 32), (32, 64), (64, 96))
        )
        self.up = nn.ModuleList(
            _conv(below + beside, out)
            for below, beside, out in ((96, 64, 48), (48, 32, 24), (24, 16, 16))
        )
        self.last = nn.Sequential(_conv(19, 8), nn.Conv2d(8, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """N×1×64×64 logits."""
        beside = [self.stem(image - 0.5)]
        for down in self.down:
            beside.append(down(beside[-1]))
        value = beside.pop()
        for up in self.up:
            value = up(torch.cat([_doubled(value), beside.pop()], 1))
        result: Tensor = self.last(torch.cat([_doubled(value), image - 0.5], 1))
        return result


def _conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()
    )


def _doubled(value: Tensor) -> Tensor:
    return functional.interpolate(value, scale_factor=2.0, mode="bilinear", align_corners=False)


def main() -> int:
    """Runs the training; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--count", type=int, default=9000, help="compositions to learn from")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    faces = prepared(options.faces, options.out / "faces.npz")
    sprites = draw_sprites(np.random.default_rng(0), SPRITES, options.out / "sprites.npz")

    # This layout makes the training half as fast again.
    net = Net().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, options.steps)
    state = options.out / "state.pt"
    step = 0
    if state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        optimizer.load_state_dict(kept["optimizer"])
        schedule.load_state_dict(kept["schedule"])
        step = kept["step"]
    samples = composed(faces, sprites, options.count, options.out / "samples.npz")
    pictures, labels, weights = samples
    check: list[Samples] = []
    for i in range(options.count, options.count + CHECKED, BATCH):
        part = slice(i, i + BATCH)
        check.append((pictures[part] / 255, labels[part] / 255, weights[part] / 255))
    started = time.time()
    losses = []
    while step < options.steps:
        which = torch.randint(options.count, (BATCH,))
        image, label, weight = batch(samples, which)
        net.train()
        logits = net(image)
        found = loss(logits, label, weight)
        optimizer.zero_grad()
        found.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(found.item())
        step += 1
        if step % 100 == 0 or step == options.steps:
            hidden, wrong = validate(net, check)
            print(
                f"step {step}, {time.time() - started:.0f} s: loss {np.mean(losses[-100:]):.4f}, "
                f"found {hidden:.1%}, false {wrong:.3%}",
                flush=True,
            )
            kept = {
                "net": net.state_dict(),
                "optimizer": optimizer.state_dict(),
                "schedule": schedule.state_dict(),
                "step": step,
            }
            torch.save(kept, state)
            export(net, options.out / "occlusion.unet64.onnx")
    return 0


def loss(logits: Tensor, label: Tensor, weight: Tensor) -> Tensor:
    """Cross entropy and a soft Dice term; pixels of weight 0 do not count."""
    entropy = functional.binary_cross_entropy_with_logits(logits, label, weight)
    guess = torch.sigmoid(logits) * weight
    shared = (guess * label).sum((1, 2, 3))
    dice = 1 - (2 * shared + 20) / (guess.sum((1, 2, 3)) + (label * weight).sum((1, 2, 3)) + 20)
    return entropy + 0.3 * dice.mean()


def validate(net: Net, batches: list[Samples]) -> tuple[float, float]:
    """Share of the covered pixels that are found, and of the others that are wrongly found."""
    net.eval()
    counts = np.zeros(4)
    with torch.no_grad():
        for image, label, weight in batches:
            guess = net(image) > 0
            covered, free = (label > 0.5) & (weight > 0), (label < 0.5) & (weight > 0)
            counts += [
                float((guess & covered).sum()),
                float(covered.sum()),
                float((guess & free).sum()),
                float(free.sum()),
            ]
    return counts[0] / counts[1], counts[2] / counts[3]


def export(net: Net, path: Path) -> None:
    """Writes the network with a sigmoid at its end, float32 as the file is small."""
    net.eval()
    module = nn.Sequential(net, nn.Sigmoid())
    torch.onnx.export(
        module,
        (torch.zeros(1, 3, CROP, CROP),),
        str(path),
        input_names=["image"],
        output_names=["mask"],
        dynamic_axes={"image": {0: "n"}, "mask": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )


# The data


def prepared(folder: Path, cache: Path) -> Faces:
    """Finds and crops all faces, once."""
    if not cache.exists():
        rows: list[tuple[Bytes, Array, Array, Bytes]] = []
        with Engines() as engines:
            for path in sorted(path for pattern in FACES for path in folder.glob(pattern)):
                photo = images.read(path)
                try:
                    face = analyse(photo, engines).faces[0]
                except NoFace:
                    continue
                rows.append(crop_face(np.asarray(photo.pixels, np.uint8), face))
        crops, skin, hair, ignore = (np.stack(column) for column in zip(*rows, strict=True))
        np.savez(cache, crops=crops, skin=skin, hair=hair, ignore=ignore)
    with np.load(cache) as data:
        return Faces(data["crops"], data["skin"], data["hair"], data["ignore"])


def crop_face(pixels: Bytes, face: Face) -> tuple[Bytes, Array, Array, Bytes]:
    """SIDE×SIDE×3 sRGB, mean colour of skin and hair (sRGB 0..1), where the face's own hair is."""
    matrix = crop_matrix(face.head, (SIDE, SIDE), MM)
    zoom = float(np.linalg.norm(matrix[:, 0]))
    if zoom < 1:
        pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.5 / zoom), np.uint8)
    crop = cv2.warpAffine(pixels, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    back = cv2.invertAffineTransform(matrix)
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).reshape(-1, 2)
    spots = (grid @ back[:, :2].T + back[:, 2]).astype(np.float32)
    hair = face.hair.anywhere(spots).reshape(SIDE, SIDE)
    points = face.head.view.project(face.head.to_camera(face.head.face))
    flat = points @ matrix[:, :2].T + matrix[:, 2]
    core = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillPoly(core, [np.rint(flat[list(CORE)]).astype(np.int32)], 1)
    ignore = (cv2.dilate((hair > 0.3).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & (core < 1)
    outline = np.clip(flat[list(SKIN)], 0, SIDE - 1).astype(int)
    skin = crop[outline[:, 1], outline[:, 0]].mean(0) / 255
    tone = crop[hair > 0.8].mean(0) / 255 if (hair > 0.8).sum() > 50 else np.full(3, 0.2)
    return (
        np.asarray(crop, np.uint8),
        skin.astype(np.float32),
        tone.astype(np.float32),
        ignore.astype(np.uint8),
    )


def draw_sprites(rng: np.random.Generator, count: int, cache: Path) -> list[Sprite]:
    """Half of them hands, a quarter hair, a quarter things."""
    if not cache.exists():
        drawn = [(hand, hand, lock, thing)[i % 4](rng) for i in range(count)]
        np.savez_compressed(
            cache,
            kinds=np.array([sprite.kind for sprite in drawn]),
            shading=np.stack([sprite.shading for sprite in drawn]).astype(np.float16),
            alpha=(np.stack([sprite.alpha for sprite in drawn]) * 255).astype(np.uint8),
            nails=(np.stack([sprite.nails for sprite in drawn]) * 255).astype(np.uint8),
            tips=np.array([sprite.tip for sprite in drawn], np.float32),
        )
    with np.load(cache) as data:
        loaded = {name: data[name] for name in data.files}
    return [
        Sprite(
            str(kind),
            shading.astype(np.float32),
            alpha.astype(np.float32) / 255,
            nails.astype(np.float32) / 255,
            (float(tip[0]), float(tip[1])),
        )
        for kind, shading, alpha, nails, tip in zip(
            *(loaded[name] for name in ("kinds", "shading", "alpha", "nails", "tips")), strict=True
        )
    ]


def composed(faces: Faces, sprites: list[Sprite], count: int, cache: Path) -> Samples:
    """Compositions made beforehand, which costs as much as training on them once."""
    if not cache.exists():
        rng = np.random.default_rng(1)
        held = np.arange(len(faces)) % 20 == 0
        which = [
            *rng.choice(np.flatnonzero(~held), count),
            *rng.choice(np.flatnonzero(held), CHECKED),
        ]
        made = [compose(faces, int(i), sprites, rng) for i in which]
        columns = zip(*made, strict=True)
        picture, label, weight = ((np.stack(part) * 255).astype(np.uint8) for part in columns)
        np.savez(cache, picture=picture, label=label, weight=weight)
    with np.load(cache) as data:
        pictures, labels, weights = (
            torch.from_numpy(data[name]) for name in ("picture", "label", "weight")
        )
    return pictures.permute(0, 3, 1, 2), labels[:, None], weights[:, None]


def batch(samples: Samples, which: Tensor) -> Samples:
    """Some of the samples as float, each other one mirrored, the light changed."""
    picture, label, weight = (part[which].float() / 255 for part in samples)
    if torch.rand(()) < 0.5:
        picture, label, weight = (part.flip(3) for part in (picture, label, weight))
    gain = 0.8 + 0.4 * torch.rand(len(which), 1, 1, 1)
    tint = 1 + 0.05 * torch.randn(len(which), 3, 1, 1)
    picture = (picture * gain * tint).clamp(0, 1)
    return picture.contiguous(memory_format=torch.channels_last), label, weight


def compose(
    faces: Faces, index: int, sprites: list[Sprite], rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """One face, in three of four cases with something before it."""
    picture = faces.crops[index].astype(np.float32) / 255
    label = np.zeros((SIDE, SIDE), np.float32)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.3, 0.55, 0.15]))):
        sprite = sprites[int(rng.integers(len(sprites)))]
        alpha, shading, nails = laid(sprite, rng)
        color = painted(sprite.kind, faces, index, rng, shading.shape)
        top = np.clip(color * shading[..., None], 0, 1)
        if sprite.kind == "hand":
            polish = faces.skin[index] * 1.15 if rng.random() < 0.8 else rng.random(3)
            nail = nails[..., None] * 0.7
            top = top * (1 - nail) + np.clip(polish, 0, 1) * nail
        # What touches the face shades it.
        shift = np.array([[1, 0, rng.normal(0, 2.5)], [0, 1, rng.uniform(-1, 5)]])
        shadow = cv2.warpAffine(alpha, shift, (SIDE, SIDE))
        shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.8, 5)) * rng.uniform(0, 0.5)
        picture = picture * (1 - shadow[..., None])
        soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.3, 1.0))[..., None]
        picture = picture * (1 - soft) + top * soft
        label = np.maximum(label, alpha)
    weight = np.where((faces.ignore[index] > 0) & (label < 0.5), 0, 1).astype(np.float32)
    return jittered(picture, label, weight, rng)


def laid(sprite: Sprite, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Alpha, shading and nails of a sprite whose tip was laid somewhere on the face."""
    spot = np.array([SIDE / 2 + rng.normal(0, 26), SIDE / 2 + rng.normal(8, 24)])
    # Hands and things come from below or the side, hair falls from above.
    angle = rng.normal(0, 25) if sprite.kind == "hair" else rng.uniform(-130, 130)
    zoom = float(rng.uniform(0.8, 1.25))
    matrix: Array = np.asarray(cv2.getRotationMatrix2D(sprite.tip, float(angle), zoom))
    if rng.random() < 0.5:
        matrix[:, 0] *= -1
        matrix[:, 2] -= matrix[:, 0] * 2 * sprite.tip[0]
    matrix[:, 2] += spot - sprite.tip
    found = [
        cv2.warpAffine(layer, matrix, (SIDE, SIDE), borderMode=mode)
        for layer, mode in (
            (sprite.alpha, cv2.BORDER_CONSTANT),
            (sprite.shading, cv2.BORDER_REPLICATE),
            (sprite.nails, cv2.BORDER_CONSTANT),
        )
    ]
    alpha, shading, nails = (np.asarray(layer, np.float32) for layer in found)
    return alpha, shading, nails


def painted(
    kind: str, faces: Faces, index: int, rng: np.random.Generator, shape: tuple[int, ...]
) -> Array:
    """The colour of a sprite: 3, or one for each pixel."""
    if kind == "hand":
        # Nearly always one's own hand; palms are lighter, backs darker than the face.
        whose = index if rng.random() < 0.85 else int(rng.integers(len(faces)))
        skin = faces.skin[whose] * rng.uniform(0.75, 1.35) * rng.normal(1, 0.05, 3)
        return np.asarray(skin, np.float32)
    if kind == "hair":
        own = faces.hair[index] if rng.random() < 0.6 else faces.hair[rng.integers(len(faces))]
        return np.asarray(own * rng.uniform(0.6, 1.4), np.float32)
    if rng.random() < 0.6:
        return np.asarray(rng.random(3) ** rng.uniform(0.5, 1.5), np.float32)
    # A piece of another picture's surroundings serves as texture.
    other = faces.crops[rng.integers(len(faces))][:48, : SIDE // 2].astype(np.float32) / 255
    return np.asarray(cv2.resize(other, shape[::-1]), np.float32)


def jittered(
    picture: Array, label: Array, weight: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """The network's crop, not quite where it belongs, as a camera would have seen it."""
    zoom = MM / CROP_MM * rng.uniform(0.92, 1.1)
    middle = SIDE / 2 + float(rng.normal(0, 2.5)), SIDE / 2 + float(rng.normal(0, 2.5))
    matrix: Array = np.asarray(cv2.getRotationMatrix2D(middle, float(rng.normal(0, 5)), zoom))
    matrix[:, 2] += CROP / 2 - np.array(middle)
    if rng.random() < 0.5:
        matrix[0] *= -1
        matrix[0, 2] += CROP
    shape = (CROP, CROP)
    picture = cv2.warpAffine(picture, matrix, shape, borderMode=cv2.BORDER_REPLICATE)
    label = cv2.warpAffine(label, matrix, shape)
    weight = cv2.warpAffine(weight, matrix, shape, flags=cv2.INTER_NEAREST)
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 1.2))
    picture = np.clip(picture * rng.uniform(0.6, 1.25) * rng.normal(1, 0.05, 3), 0, 1)
    picture = picture ** rng.uniform(0.75, 1.3)
    picture = picture + rng.normal(0, rng.uniform(0, 0.03), picture.shape)
    return (
        np.clip(picture, 0, 1).astype(np.float32),
        label.astype(np.float32),
        weight.astype(np.float32),
    )


if __name__ == "__main__":
    sys.exit(main())
