"""Make the demo's example portraits: average faces of several synthetic portraits (CC0-1.0).

    python training/make_examples.py [--faces ../shared/data/faces] [--out genapp/ui/examples]

Each picture has a sitter, whose hair, neck and clothes are kept, and further faces. The shapes of
all faces are averaged, all faces are warped to the mean shape and averaged in linear light
(Rowland & Perrett 1995, "Manipulating facial appearance through shape and color"); the average is
blended into the sitter, who is then cut out and put before a plain wall.

Needs genapp installed (`pip install -e .`) and nothing more. A run takes half a minute on one core
and gives the same files each time on the same machine.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from genapp import images
from genapp.images import Pixels
from genapp.registry.engines import Engines
from genapp.tryon import analyse
from genapp.tryon.color import linear_to_srgb, parse_color, pixels_to_linear
from genapp.tryon.light import smooth_step
from genapp.tryon.mesh import LEFT_IRIS, RIGHT_IRIS

Array = npt.NDArray[np.float32]

ROOT = Path(__file__).parents[1]
FACES = ROOT / "../shared/data/faces"
OUT = ROOT / "genapp/ui/examples"
WIDTH, HEIGHT = 768, 960
QUALITY = 90
MATTE = "face/selfie.square"

PUPILS = 128.0
"""Smallest distance of the pupils in a result, px."""
STIFFNESS = 1e-4
"""How much a warp is kept from following the jitter of the mesh."""
TOLERANCE = 0.5
"""Difference to the median, over its brightness, at which a pixel's weight has sunk to 1/e."""
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Points of the mesh along the outline of the face."""


@dataclass(frozen=True)
class Portrait:
    """What one example is made of."""

    sitter: str
    others: tuple[str, ...]
    light: str
    """Colour of the wall behind the head."""
    dark: str
    """Colour of the wall in the corners."""


# Chosen by eye: closed lips, nothing before the face, alike in age, look and turn of the head; as
# sitters, those with a clear outline. A wall like the sitter's own hides what is left of it.
PORTRAITS = {
    "older-man": Portrait(
        "male-017",
        ("male-008", "male-028", "male-044", "male-056", "male-065", "male-089"),
        light="#d8d2ca",
        dark="#968d82",
    ),
    "turned-woman": Portrait(
        "female-058",
        ("female-009", "female-017", "female-028", "female-064", "female-082", "female-087"),
        light="#cdd4c8",
        dark="#8a9584",
    ),
    "young-man": Portrait(
        "male-012",
        ("male-045", "male-063", "male-070", "male-071", "male-083"),
        light="#c8d0d9",
        dark="#8895a4",
    ),
    "young-woman": Portrait(
        "female-060",
        ("female-000", "female-010", "female-044", "female-067", "female-094"),
        light="#d0cbd4",
        dark="#948d9c",
    ),
}


@dataclass(frozen=True, eq=False)
class Face:
    """One of the portraits that are averaged."""

    pixels: Pixels
    """H×W×3 sRGB."""
    points: Array
    """478×2, px."""
    yaw: float
    """Turn of the head, degrees."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo's example portraits.")
    parser.add_argument("--faces", type=Path, default=FACES, help="folder of faker-*.jpg")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    options = parser.parse_args()
    if not options.faces.is_dir():
        print(f"Nothing made: there is no folder {options.faces} with the synthetic portraits.")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    with Engines(device="cpu") as engines:
        for name, portrait in PORTRAITS.items():
            file = options.out / f"{name}.jpg"
            pixels = make(portrait, options.faces, engines)
            images.write(images.Photo(pixels), file, quality=QUALITY)
            print(f"{file.name}: {1 + len(portrait.others)} faces, {file.stat().st_size} bytes")


def make(portrait: Portrait, folder: Path, engines: Engines) -> Pixels:
    """One example, HEIGHT×WIDTH×3 sRGB."""
    sitter = find_face(read(folder, portrait.sitter), engines)
    others = [find_turned_like(sitter, read(folder, name), engines) for name in portrait.others]
    faces = [sitter, *others]

    to_canvas = placement(sitter)
    goal = transform(sitter.points, to_canvas)
    shapes = [transform(face.points, similarity(face.points, goal)) for face in faces]
    shape = np.asarray(np.mean(shapes, 0), np.float32)

    inside = face_mask(shape)
    warped = [sample(pixels_to_linear(f.pixels), thin_plate(shape, f.points)) for f in faces]
    tones = [np.average(picture.reshape(-1, 3), 0, inside.ravel()) for picture in warped]
    tone = np.exp(np.mean(np.log(tones), 0))
    warped = [f32(picture * (tone / own)) for picture, own in zip(warped, tones, strict=True)]
    average = with_detail(agreed_mean(warped), warped)

    # Around the face all is the sitter's, bent to the mean shape and pinned to the border.
    border = border_points()
    unbent = transform(border, f32(cv2.invertAffineTransform(to_canvas)))
    bent = thin_plate(np.concatenate([shape, border]), np.concatenate([sitter.points, unbent]))
    around = f32(sample(pixels_to_linear(sitter.pixels), bent) * (tone / tones[0]))
    person = blend(around, average, inside)
    alpha = matte(sitter.pixels, bent, person, engines)
    return finish(compose(person, alpha, wall(portrait, shape)))


# Faces ---------------------------------------------------------------------------------------


def read(folder: Path, name: str) -> Pixels:
    """Pixels of one of the synthetic portraits."""
    return images.read(folder / f"faker-{name}.jpg").pixels


def find_face(pixels: Pixels, engines: Engines) -> Face:
    """The largest face of a picture."""
    face = analyse(images.Photo(pixels), engines).faces[0]
    return Face(pixels, face.mesh.points[:, :2], face.head.angles[0])


def find_turned_like(sitter: Face, pixels: Pixels, engines: Engines) -> Face:
    """The largest face of a picture, which is mirrored if the face looks the other way."""
    face = find_face(pixels, engines)
    if face.yaw * sitter.yaw < 0:
        face = find_face(np.ascontiguousarray(pixels[:, ::-1]), engines)
    return face


def pupil_distance(points: Array) -> float:
    """Distance of the pupils of a mesh, px."""
    return float(np.linalg.norm(points[RIGHT_IRIS.start] - points[LEFT_IRIS.start]))


# Shapes --------------------------------------------------------------------------------------


def placement(sitter: Face) -> Array:
    """2×3 matrix from the sitter's picture to the canvas.

    The picture fills the canvas from the top. The face is large enough and near the middle; not
    quite there, because behind a turned head there is more to show.
    """
    height, width = sitter.pixels.shape[:2]
    zoom = max(HEIGHT / height, PUPILS / pupil_distance(sitter.points))
    room = (width - WIDTH / zoom) / 2
    aside = np.clip((sitter.points[:, 0].mean() - width / 2) / 2, -room, room)
    return np.array([[zoom, 0, WIDTH / 2 - zoom * (width / 2 + aside)], [0, zoom, 0]], np.float32)


def similarity(points: Array, goal: Array) -> Array:
    """2×3 matrix that moves, turns and scales points (N×2) to their goal, by least squares."""
    source, target = (p[:, 0] + 1j * p[:, 1] for p in (points, goal))
    centred = source - source.mean()
    factor = np.vdot(centred, target) / np.vdot(centred, centred)
    shift = target.mean() - factor * source.mean()
    return np.array(
        [[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]],
        np.float32,
    )


def transform(points: Array, matrix: Array) -> Array:
    """Points (N×2) through a 2×3 matrix."""
    return f32(points @ matrix[:, :2].T + matrix[:, 2])


def border_points() -> Array:
    """Points every 96 px along the border of the canvas, N×2."""
    xs, ys = np.meshgrid(np.arange(0, WIDTH + 1, 96), np.arange(0, HEIGHT + 1, 96))
    on_border = (xs % WIDTH == 0) | (ys % HEIGHT == 0)
    return f32(np.stack([xs[on_border], ys[on_border]], 1))


def thin_plate(points: Array, values: Array) -> Array:
    """The thin-plate spline through values (N×2) at points of the canvas (N×2), H×W×2.

    Bookstein 1989, "Principal warps: thin-plate splines and the decomposition of deformations".
    """
    knots = points.astype(np.float64) / WIDTH  # Numbers near 1 keep the system well conditioned.
    count = len(knots)
    flat = np.concatenate([np.ones((count, 1)), knots], 1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _plate(knots, knots) + STIFFNESS * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))
    # The spline is smooth: every eighth pixel is enough, and one row more on each side.
    step = 8
    xs, ys = np.meshgrid(
        np.arange(-step, WIDTH + 2 * step, step), np.arange(-step, HEIGHT + 2 * step, step)
    )
    grid = np.stack([xs.ravel(), ys.ravel()], 1) / WIDTH
    coarse = _plate(grid, knots) @ weights[:count] + weights[count] + grid @ weights[count + 1 :]
    x, y = np.meshgrid((np.arange(WIDTH) + 0.5) / step + 1, (np.arange(HEIGHT) + 0.5) / step + 1)
    return f32(cv2.remap(f32(coarse.reshape(*xs.shape, 2)), f32(x), f32(y), cv2.INTER_LINEAR))


def _plate(
    points: npt.NDArray[np.float64], knots: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    square = ((points[:, None] - knots[None]) ** 2).sum(2)
    return np.asarray(square * np.log(np.maximum(square, 1e-20)))


# The face ------------------------------------------------------------------------------------


def sample(values: Array, where: Array) -> Array:
    """Values (0..1) of a picture at the positions (px) that `where` gives for the canvas."""
    x, y = where[..., 0] - 0.5, where[..., 1] - 0.5  # OpenCV counts from the middle of a pixel.
    found = cv2.remap(values, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return f32(np.clip(found, 0, 1))


def face_mask(shape: Array) -> Array:
    """1 on the face, falling to 0 before its outline: the hair around it is the sitter's."""
    oval = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(oval, [np.rint(shape[list(OVAL)]).astype(np.int32)], (1,))
    depth = f32(cv2.distanceTransform(oval, cv2.DIST_L2, 5)) / pupil_distance(shape)
    return smooth_step((depth - 0.06) / 0.24)


def agreed_mean(pictures: Sequence[Array]) -> Array:
    """The mean of the pictures, where each counts less the more it differs from their median.

    So an earring, a lock of hair or a bit of background of one picture leaves no ghost.
    """
    median = f32(np.median(pictures, 0))
    brightness = blur(median.mean(2), 4)
    total, weights = np.zeros_like(median), np.full(median.shape[:2], 1e-6, np.float32)
    for picture in pictures:
        difference = blur(np.abs(picture - median).mean(2), 4)
        weight = np.exp(-((difference / (TOLERANCE * brightness)) ** 2)) + 1e-6
        total += picture * weight[..., None]
        weights += weight
    return total / weights[..., None]


def with_detail(average: Array, pictures: Sequence[Array]) -> Array:
    """Give the average some of the contrast of fine detail back that averaging took."""
    for sigma, most in ((1.5, 1.6), (5.0, 1.25)):
        soft = blur(average, sigma)
        wanted = np.mean([_energy(picture - blur(picture, sigma)) for picture in pictures], 0)
        gain = np.sqrt(wanted / np.maximum(_energy(average - soft), 1e-9))
        average = soft + (average - soft) * np.clip(gain, 1, most)[..., None]
    return f32(average)


def _energy(detail: Array) -> Array:
    """Mean square around each pixel."""
    return blur((detail**2).mean(2), 12)


def blend(outer: Array, inner: Array, mask: Array) -> Array:
    """Blend in bands of detail: colours fade over a wide seam, edges over a narrow one.

    Burt & Adelson 1983, "A multiresolution spline with application to image mosaics".
    """
    result = np.zeros_like(outer)
    for sigma in (2, 4, 8, 16):
        soft_outer, soft_inner = blur(outer, sigma), blur(inner, sigma)
        result += mix(outer - soft_outer, inner - soft_inner, mask)
        outer, inner, mask = soft_outer, soft_inner, blur(mask, sigma)
    return result + mix(outer, inner, mask)


# Surroundings --------------------------------------------------------------------------------


def matte(pixels: Pixels, where: Array, person: Array, engines: Engines) -> Array:
    """How much of each pixel of the canvas is the person, 0..1.

    One look at the sitter's whole picture and one at the canvas: the first errs less at things
    behind the person, the second is sharper.
    """
    srgb = linear_to_srgb(person)
    whole = sample(person_mask(images.to_float(pixels), engines), where)
    both = np.sqrt(np.clip(whole * person_mask(srgb, engines), 0, 1))
    return blur(smooth_step((guided_filter(srgb.mean(2), both) - 0.4) / 0.5), 0.8)


def person_mask(srgb: Array, engines: Engines) -> Array:
    """Probability that a pixel shows a person, H×W."""
    small = f32(cv2.resize(srgb, (256, 256), interpolation=cv2.INTER_AREA))
    image = np.ascontiguousarray(small.transpose(2, 0, 1)[None])
    mask = engines.get(MATTE).run({"image": image})["mask"][0, 0]
    height, width = srgb.shape[:2]
    return f32(cv2.resize(mask, (width, height), interpolation=cv2.INTER_CUBIC))


def guided_filter(guide: Array, values: Array) -> Array:
    """Values that follow the edges of a guide (He et al. 2010, "Guided image filtering")."""

    def mean(array: Array) -> Array:
        return f32(cv2.blur(array, (17, 17)))

    covariance = mean(guide * values) - mean(guide) * mean(values)
    slope = covariance / (mean(guide**2) - mean(guide) ** 2 + 3e-3)
    return mean(slope) * guide + mean(mean(values) - slope * mean(guide))


def wall(portrait: Portrait, shape: Array) -> Array:
    """A wall with a soft light behind the head."""
    light, dark = parse_color(portrait.light), parse_color(portrait.dark)
    ys, xs = np.mgrid[:HEIGHT, :WIDTH]
    x, y = shape.mean(0)
    far = f32(np.hypot(xs - x, ys - y) / (0.95 * HEIGHT))
    return mix(light, dark, smooth_step(far))


def compose(person: Array, alpha: Array, behind: Array) -> Array:
    """Put the person before a wall; soft edges take the colour of the person beside them."""
    sure = np.asarray(alpha > 0.95, np.float32)
    beside = f32(blur(person * sure[..., None], 6) / np.maximum(blur(sure, 6), 1e-4)[..., None])
    color = mix(beside, person, smooth_step((alpha - 0.5) / 0.45))
    return mix(behind, color, alpha)


def finish(linear: Array) -> Pixels:
    """Sharpen, and add a trace of grain, without which the wall would show bands; to sRGB."""
    srgb = linear_to_srgb(linear)
    light = srgb.mean(2)
    grain = np.random.default_rng(0).normal(0, 0.012, light.shape)
    change = 0.5 * (light - blur(light, 1.5)) + blur(f32(grain), 0.7)
    return images.from_float(srgb + change[..., None], np.uint8)


# Arrays --------------------------------------------------------------------------------------


def f32(values: npt.ArrayLike) -> Array:
    return np.asarray(values, np.float32)


def blur(values: Array, sigma: float) -> Array:
    return f32(cv2.GaussianBlur(values, (0, 0), sigma))


def mix(first: Array, second: Array, share: Array) -> Array:
    """The first picture where the share (H×W) is 0, the second where it is 1."""
    return first + (second - first) * share[..., None]


if __name__ == "__main__":
    main()
