"""The architectures that have an adapter: how each is opened, exported and used."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

import genapp
from genapp.registry.catalog import Catalog, File, Model, Port, load
from genapp.registry.engines import Engines, OnnxEngine, TorchEngine
from genapp.registry.store import Store
from tests.adapters import networks
from tests.adapters.photos import portrait

Backend = Literal["torch", "onnx"]
Arrays = dict[str, NDArray[Any]]

OPSET = 17
SMALL = (32, 48)
"""Height and width where they are free."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Exported:
    """What of a network becomes an ONNX file, and which entry of the catalogue that stands for."""

    entry: str
    module: Callable[[Any], nn.Module] = lambda network: network
    fixed: tuple[int, int] | None = None
    """Height and width that the export freezes, px."""


@dataclass(frozen=True)
class Case:
    """An architecture.

    Attributes:
        name: what it is called.
        build: the network, and what its published file holds; None: no architecture in torch was
            ever published.
        exports: its entries of the catalogue.
        use: the task's public function on a pool of engines; raises if its result is not right.
        sizes: fixed sizes in the catalogue → those of the small network.
        tolerance: largest difference of torch and ONNX, as a part of the largest value.
    """

    name: str
    build: Callable[[], tuple[Any, Any]] | None
    exports: tuple[Exported, ...]
    use: Callable[[Engines], None]
    sizes: Mapping[int, int] = field(default_factory=dict)
    tolerance: float = 1e-5


def model_of(case: Case, exported: Exported, backend: Backend, path: Path) -> Model:
    """The catalogue's entry, for a small network in a file as it would be on the Hub."""
    entry = load().get(exported.entry)

    def small(port: Port) -> Port:
        sizes: list[int | str] = [
            case.sizes.get(size, size) if isinstance(size, int) else size for size in port.shape
        ]
        return replace(port, shape=tuple(sizes))

    inputs = tuple(small(port) for port in entry.inputs)
    outputs = tuple(small(port) for port in entry.outputs)
    if exported.fixed is not None and backend == "onnx":
        factor = entry.scale or 1
        large = tuple(factor * side for side in exported.fixed)
        inputs = tuple(replace(port, shape=(1, 3, *exported.fixed)) for port in inputs)
        outputs = tuple(replace(port, shape=(1, 3, *large)) for port in outputs)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = File(exported.entry, digest, None, None, "owner/name", COMMIT, path.name)
    return replace(
        entry,
        engine=backend,
        commercial=True,
        files=(file,),
        inputs=inputs,
        outputs=outputs,
        shared_norms=entry.shared_norms and backend == "onnx",
    )


@dataclass(frozen=True)
class Files:
    """A small network on disk."""

    case: Case
    weights: Path | None
    exports: tuple[Path, ...]

    def models(self, backend: Backend) -> list[Model]:
        """The entries that it stands for."""
        return [
            model_of(self.case, exported, backend, self.path(backend, number))
            for number, exported in enumerate(self.case.exports)
        ]

    def path(self, backend: Backend, number: int) -> Path:
        if backend == "onnx":
            return self.exports[number]
        assert self.weights is not None
        return self.weights

    def engine(self, backend: Backend, number: int = 0) -> TorchEngine | OnnxEngine:
        """One of its entries, ready to run."""
        kind = TorchEngine if backend == "torch" else OnnxEngine
        return kind(self.models(backend)[number], self.path(backend, number), "cpu")

    def pool(self, backend: Backend, home: Path) -> Engines:
        """Everything that comes with genapp, and this network as if it had been fetched.

        Args:
            backend: which of its two forms.
            home: an empty folder.
        """
        folder = home / "models--owner--name" / "snapshots" / COMMIT
        folder.mkdir(parents=True)
        mine = {model.name: model for model in self.models(backend)}
        for number in range(len(self.case.exports)):
            path = self.path(backend, number)
            (folder / path.name).write_bytes(path.read_bytes())
        # Without twins: else the CPU would take the ONNX one of a torch model, which is not here.
        models = (mine.get(model.name, model) for model in load().models)
        catalog = Catalog(tuple(replace(model, twin=None) for model in models))
        store = Store(cache_dir=home, offline=True, stamps=home / "stamps.json")
        return Engines(catalog, store, device="cpu")


def saved(case: Case, folder: Path) -> Files:
    """Writes the network's weights as published, and its ONNX files."""
    torch.manual_seed(0)
    weights = None
    network: Any = None
    if case.build is not None:
        network, state = case.build()
        weights = folder / "weights.pth"
        torch.save(state, weights)
    paths = []
    for number, exported in enumerate(case.exports):
        path = folder / f"network{number}.onnx"
        export(case, exported, exported.module(network).eval(), path)
        paths.append(path)
    return Files(case, weights, tuple(paths))


def export(case: Case, exported: Exported, module: nn.Module, path: Path) -> None:
    """As an ONNX file with the catalogue's sizes; ports of networks with shared norms are those
    before the statistics were added, as on the Hub."""
    model = load().get(exported.entry)
    arrays = example(case, exported)
    inputs, outputs = list(model.inputs), list(model.outputs)
    if model.shared_norms:
        inputs, outputs = inputs[:1], outputs[:1]
    free = {}
    for port in (*inputs, *outputs):
        axes = {axis: size for axis, size in enumerate(port.shape) if isinstance(size, str)}
        if axes and exported.fixed is None:
            free[port.name if port in inputs else f"port_{port.name}"] = axes
    torch.onnx.export(
        module,
        tuple(torch.from_numpy(arrays[port.name]) for port in inputs),
        str(path),
        dynamo=False,
        opset_version=OPSET,
        input_names=[port.name for port in inputs],
        # The exporter takes no name that begins with a digit, as some on the Hub do.
        output_names=[f"port_{port.name}" for port in outputs],
        dynamic_axes=free,
    )
    file = onnx.load(str(path))
    names = {f"port_{port.name}": port.name for port in outputs}
    for output in file.graph.output:
        output.name = names[output.name]
    for node in file.graph.node:
        node.output[:] = [names.get(name, name) for name in node.output]
        node.input[:] = [names.get(name, name) for name in node.input]
    onnx.save(file, str(path))


def example(case: Case, exported: Exported) -> Arrays:
    """Random inputs of an entry."""
    model = load().get(exported.entry)
    rng = np.random.default_rng(0)
    free = {"n": 1, "h": SMALL[0], "w": SMALL[1], "height": SMALL[0], "width": SMALL[1]}
    if exported.fixed is not None:
        free |= dict(zip(("h", "w", "height", "width"), 2 * exported.fixed, strict=True))
    arrays: Arrays = {}
    for port in model.inputs:
        if port.name == "statistics":
            arrays[port.name] = np.ones((2, 16_384), np.float32)
        elif port.name == "shared":
            arrays[port.name] = np.zeros(1, np.float32)
        elif port.name == "time":
            arrays[port.name] = np.array([500], np.float32)
        else:
            shape = [
                free[size] if isinstance(size, str) else case.sizes.get(size, size)
                for size in port.shape
            ]
            low, high = port.range or (-1.0, 1.0)
            arrays[port.name] = rng.uniform(low, high, shape).astype(np.float32)
    return arrays


def difference(files: Files) -> float:
    """The largest difference between torch and ONNX on the same input, as a part of the
    largest value; outputs that the catalogue gives a range are clipped to it, as every use does."""
    worst = 0.0
    for number, exported in enumerate(files.case.exports):
        inputs = example(files.case, exported)
        ours = files.engine("torch", number).run(inputs)
        theirs = files.engine("onnx", number).run(inputs)
        for port in load().get(exported.entry).outputs:
            a, b = ours[port.name], theirs[port.name]
            if port.range is not None:
                a, b = np.clip(a, *port.range), np.clip(b, *port.range)
            if a.shape != b.shape:
                raise AssertionError(f"{port.name}: {a.shape} in torch, {b.shape} in ONNX")
            if b.max() == b.min():
                raise AssertionError(f"{port.name} is {b.flat[0]} everywhere: it shows nothing")
            worst = max(worst, float(np.abs(a - b).max()) / float(np.abs(b).max()))
    return worst


# Uses -----------------------------------------------------------------------------------------


def check(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def enlarges(entry: str, side: int = 40) -> Callable[[Engines], None]:
    def use(engines: Engines) -> None:
        photo = portrait(160)[:side, : side + 7]
        scale = engines.catalog.get(entry).scale or 1
        result = genapp.upscale(photo, scale, model=entry, keep_colors=False, engines=engines)
        check(result.plan.models == (entry,), f"{result.plan.models} ran")
        height, width = photo.shape[:2]
        check(result.photo.pixels.shape == (height * scale, width * scale, 3), "wrong size")
        check(float(result.photo.pixels.std()) > 1, "nothing is to be seen")

    return use


def colors(entry: str) -> Callable[[Engines], None]:
    def use(engines: Engines) -> None:
        result = genapp.colorize(portrait(128), model=entry, engines=engines)
        check(result.model == entry, f"{result.model} ran")
        check(result.photo.pixels.shape == portrait(128).shape, "wrong size")
        check(float(np.ptp(result.photo.pixels.astype(int), axis=2).max()) > 8, "no colours")

    return use


def paints(style: str, entry: str) -> Callable[[Engines], None]:
    def use(engines: Engines) -> None:
        photo = portrait(160)
        result = genapp.translate(photo, style, face_strength=1.0, detail=160, engines=engines)
        check(result.recipe["models"] == [entry], f"{result.recipe['models']} ran")
        check(result.photo.pixels.shape == photo.shape, "wrong size")
        changed = np.abs(result.photo.pixels.astype(int) - photo).mean()
        check(float(changed) > 2, "nothing was painted")

    return use


def makes_faces(entry: str) -> Callable[[Engines], None]:
    def use(engines: Engines) -> None:
        both = [genapp.faces(seed=seed, model=entry, engines=engines) for seed in (3, 4)]
        pictures = [made.faces[0].native for made in both]
        check(both[0].model == entry, f"{both[0].model} ran")
        check(bool((pictures[0] != pictures[1]).any()), "two seeds have one face")

    return use


def restores(engines: Engines) -> None:
    photo = portrait(160)
    plain = genapp.upscale(photo, 2, engines=engines)
    restored = genapp.upscale(photo, 2, restore_faces=True, fidelity=0.0, engines=engines)
    check(len(restored.faces) == 1, "the face was not found")
    changed = np.abs(restored.photo.pixels.astype(int) - plain.photo.pixels)
    check(float(changed.mean()) > 0.5, "the face is as it was")


def finds_faces(engines: Engines) -> None:
    photo = portrait(networks.WIDTH)
    usual = genapp.try_on(photo, "round", engines=engines)
    found = genapp.try_on(photo, "round", detector="yunet", engines=engines)
    check(len(found.faces) == 1, f"{len(found.faces)} faces")
    boxes = [np.array(result.faces[0]["box"]) for result in (usual, found)]
    check(float(np.abs(boxes[0] - boxes[1]).max()) < 0.03 * boxes[0][2], "another face")


def hides_glasses(parser: str) -> Callable[[Engines], None]:
    """It sees hair over the whole face."""

    def use(engines: Engines) -> None:
        photo = portrait(networks.WIDTH)
        # "auto": it is here.
        worn = [
            genapp.try_on(photo, "wayfarer", parser=chosen, engines=engines).photo.pixels
            for chosen in ("none", "auto")
        ]
        hidden, seen = (float(np.abs(each - photo.astype(int)).mean()) for each in reversed(worn))
        check(hidden < 0.5 * seen, "it was not used")
        masks = [painted(photo, "face", chosen, engines) for chosen in ("none", parser)]
        check(float(masks[1].mean()) < 0.5 * float(masks[0].mean()), "hair counts as face")

    return use


def painted(
    photo: NDArray[np.uint8], region: str, parser: str, engines: Engines
) -> NDArray[np.float64]:
    """How much a painting of a region changes each pixel."""
    result = genapp.translate(
        photo, "embers", region=region, parser=parser, detail=160, refine=False, engines=engines
    )
    check(result.recipe["parser"] == parser, "the recipe doesn't tell")
    return np.asarray(np.abs(result.photo.pixels - photo.astype(int)).mean(2))


def parts_people(engines: Engines) -> None:
    """It sees a face where it is bright, and people everywhere."""
    photo = portrait(networks.WIDTH)
    name = "selfie-multiclass"
    changed = painted(photo, "face", name, engines)
    # Hair where light is under a quarter; a soft edge lies between.
    dark, bright = photo.max(2) < 40, photo.min(2) > 100
    face = slice(photo.shape[0] // 4, photo.shape[0] // 2)
    inside = float(changed[face][bright[face]].mean())
    check(inside > 2, "no face was painted")
    check(float(changed[dark].mean()) < 0.3 * inside, "dark is no face")
    behind = [painted(photo, "background", each, engines).mean() for each in ("none", name)]
    check(float(behind[1]) < 0.5 * float(behind[0]), "people are no background")
    worn = [
        genapp.try_on(photo, "wayfarer", parser=each, engines=engines) for each in ("none", name)
    ]
    check(bool((worn[0].photo.pixels != worn[1].photo.pixels).any()), "it was not used")


LINE_ART = "translate/informative-drawings.line-art"
ANIME = "translate/animeganv2.face-paint"
MOSAIC = "translate/fast-neural-style.mosaic"
GAN, MAPPING = "faces/mobilestylegan.ffhq-1024", "faces/mobilestylegan-mapping.ffhq-1024"
DDPM = "faces/ddpm.celebahq-256"
GENERAL, REAL_X4, REAL_X2 = (
    "upscale/compact-x4.general",
    "upscale/rrdbnet-x4.real",
    "upscale/rrdbnet-x2.real",
)
HAT, SWIN2SR = "upscale/hat-x4.real", "upscale/swin2sr-x2.classical"
RESTORER = "face/restoreformer.plus-plus"

YUNET, BISENET = "face/yunet.2023mar", "face/parsing.bisenet-r18"
MULTICLASS = "face/parsing.selfie-multiclass"

CASES = (
    # Its norms' statistics are those of one photo: where they hardly vary, rounding shows.
    Case("YuNet", networks.yunet, (Exported(YUNET),), finds_faces, tolerance=1e-3),
    Case("BiSeNet parsing", networks.bisenet, (Exported(BISENET),), hides_glasses("bisenet-r18")),
    Case(
        "Selfie multiclass",
        None,
        (Exported(MULTICLASS, lambda _: networks.Multiclass()),),
        parts_people,
    ),
    Case(
        "DDColor",
        networks.ddcolor,
        (Exported("colorize/ddcolor.tiny"),),
        colors("colorize/ddcolor.tiny"),
    ),
    Case(
        "DeOldify",
        networks.deoldify,
        (Exported("colorize/deoldify.artistic"),),
        colors("colorize/deoldify.artistic"),
    ),
    Case("SRVGGNetCompact", networks.compact, (Exported(GENERAL),), enlarges(GENERAL)),
    Case("RRDBNet ×4", networks.rrdbnet, (Exported(REAL_X4),), enlarges(REAL_X4)),
    Case(
        "RRDBNet ×2",
        networks.rrdbnet_x2,
        (Exported(REAL_X2, fixed=(48, 48)),),
        enlarges(REAL_X2),
    ),
    Case("Swin2SR", networks.swin2sr, (Exported(SWIN2SR, fixed=(64, 64)),), enlarges(SWIN2SR)),
    Case("HAT", networks.hat, (Exported(HAT, fixed=(32, 32)),), enlarges(HAT)),
    # It softens and normalizes attention over whole faces.
    Case(
        "RestoreFormer++", networks.restoreformer, (Exported(RESTORER),), restores, tolerance=1e-4
    ),
    Case(
        "Informative drawings",
        networks.informative_drawings,
        (Exported(LINE_ART, networks.Plain),),
        paints("line-art", LINE_ART),
    ),
    Case(
        "Fast neural style",
        networks.fast_neural_style,
        (Exported(MOSAIC, networks.Plain),),
        paints("mosaic", MOSAIC),
    ),
    Case(
        "AnimeGANv2",
        networks.animeganv2,
        (Exported(ANIME, networks.Plain),),
        paints("anime-face", ANIME),
    ),
    Case("DDPM", networks.ddpm, (Exported(DDPM),), makes_faces(DDPM), {256: 16}),
    Case(
        "MobileStyleGAN",
        networks.mobilestylegan,
        (
            Exported(GAN, lambda network: networks.Part(network, "w")),
            Exported(MAPPING, lambda network: networks.Part(network, "z")),
        ),
        makes_faces(GAN),
        {1024: 32, 512: 24, 23: 8},
    ),
)
