"""The command line: `python -m genapp COMMAND`.

Results go to `-o`, facts to stdout, progress and notes to stderr. The exit code is 0, or 2 for a
user's mistake (one line on stderr), or 1 for a bug (logged whole).

Each command imports its task when it runs, so that `models list` does not wait for a network
runtime and `--help` waits for nothing.
"""

# ruff: noqa: PLC0415

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from genapp.errors import BadValue, ModelMissing, UserError
from genapp.registry.catalog import Catalog, Model, load
from genapp.registry.store import Store

if TYPE_CHECKING:
    from genapp.augmenting import Augmented, Source
    from genapp.augmenting import Recipe as AugmentRecipe
    from genapp.colorizing import Analysis, Colorized, Look
    from genapp.facemaking import Face, Maker, Recipe
    from genapp.images import Photo
    from genapp.registry.engines import Engines
    from genapp.screening import Outliers
    from genapp.translating import Translated
    from genapp.tryon import Frame, TryOn
    from genapp.upscaling import Progress, Upscaled

# What counts as a picture in a folder. HEIC cannot be read, and is listed so that it is said.
PICTURES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm"}
    | {".tga", ".tif", ".tiff", ".webp"}
)

# New pictures on a contact sheet.
SHEET = 24

# tqdm's: what is done, how far it is, and how long it will still take.
BAR = "{desc} {percentage:3.0f} % |{bar}| {remaining} left"

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Pillow warns about oddities in metadata, which `images` already deals with.
    warnings.filterwarnings("ignore", module="PIL")
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except Exception:
        logger.exception("This is a bug in genapp; please report it with what follows.")
        return 1


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        self.exit(2, f"{text}. Run `{self.prog} --help` for what is possible.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m genapp", description="Generative image models.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_try_on(commands.add_parser("try-on", help="put glasses on the faces of a photo"))
    _add_frames(commands.add_parser("frames", help="list the frames, and export them as models"))
    _add_colorize(commands.add_parser("colorize", help="colour a grey photo"))
    _add_upscale(commands.add_parser("upscale", help="enlarge a picture"))
    _add_faces(commands.add_parser("faces", help="make faces of people who do not exist"))
    _add_translate(commands.add_parser("translate", help="paint a photo in a style"))
    _add_sketch_to_face(commands.add_parser("sketch-to-face", help="make a photo of a drawn face"))
    _add_augment(commands.add_parser("augment", help="grow a small data set"))
    _add_outliers(commands.add_parser("outliers", help="find the pictures that don't belong"))
    _add_models(commands.add_parser("models", help="list, fetch and check the models"))
    _add_serve(commands.add_parser("serve", help="open the app in the browser"))
    return parser


# try-on --------------------------------------------------------------------------------------


def _add_try_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("face", metavar="FACE", type=Path, help="a photo, or a folder of photos")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="a picture, or a folder"
    )
    parser.add_argument(
        "--frame",
        metavar="NAME[,NAME…]",
        default="aviator",
        help="one for all faces, or one for each, the largest first, 'none' for no glasses; a "
        "name (see `frames list`), or a file of your own (.glb, .gltf, or .png of the front); "
        "default: %(default)s",
    )
    parser.add_argument(
        "--width-mm", metavar="MM", type=float, help="width of the front of your own frame"
    )
    parser.add_argument(
        "--compare", metavar="NAME,NAME…", help="the largest face in each of these, in one picture"
    )
    parser.add_argument("--tint", metavar="#RRGGBB", help="colour of the lenses")
    parser.add_argument("--opacity", metavar="0..1", type=float, help="0 clear, 1 full tint")
    parser.add_argument("--gradient", metavar="0..1", type=float, help="0 even, 1 clear below")
    parser.add_argument(
        "--dioptres", metavar="D", type=float, default=0.0, help="power of the lenses, -10 to 8"
    )
    parser.add_argument(
        "--nudge",
        metavar="KEY=N,…",
        default="",
        help="move the frame: right, down, forward (mm), tilt (degrees), size (times)",
    )
    ruler = parser.add_mutually_exclusive_group()
    ruler.add_argument(
        "--pd", metavar="MM", type=float, help="pupillary distance of the largest face, if known"
    )
    ruler.add_argument(
        "--card", action="store_true", help="a bank card is held against the face: measure by it"
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        default="face/facemesh.attention",
        help="network that finds the landmarks; default: %(default)s",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_try_on)


def _try_on(options: argparse.Namespace) -> int:
    from genapp.registry.engines import Engines

    if options.compare:
        return _compare(options)
    if options.face.is_dir():
        return _try_on_folder(options)
    _check_output(options.face, options.output)
    frames = _frames(options)
    with Engines(device=options.device) as engines:
        result = _try_on_file(options, frames, options.face, options.output, engines)
    if options.json:
        _print_json(result.report())
    else:
        _print_faces(options.output, result.report())
    return 0


def _frames(options: argparse.Namespace) -> "list[Frame | None]":
    from genapp.tryon import open_frames, parse_frames

    return open_frames(parse_frames(options.compare or options.frame), options.width_mm)


def _compare(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.tryon import compare_frames, parse_nudge

    if options.face.is_dir():
        raise BadValue("--compare was given a folder.", "Give it one photo.")
    _check_output(options.face, options.output)
    result = compare_frames(
        options.face,
        [frame for frame in _frames(options) if frame],
        tint=options.tint,
        opacity=options.opacity,
        gradient=options.gradient,
        dioptres=options.dioptres,
        nudge=parse_nudge(options.nudge),
        pd_mm=options.pd,
        card=options.card,
        model=options.model,
        device=options.device,
    )
    notes = (*result.sheet.notes, *images.write(result.sheet, options.output))
    _print_notes(options.face, notes)
    if options.json:
        _print_json(result.report())
    else:
        _print_faces(options.output, {"faces": result.faces})
    return 0


def _try_on_folder(options: argparse.Namespace) -> int:
    pairs = _folder_pairs(options.face, options.output)
    frames = _frames(options)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _try_on_file(options, frames, source, target, engines).report()

    results, failures = _each_picture(options, pairs, "photo", make)
    if options.json:
        _print_json({"results": results, "failures": failures})
    else:
        for report in results:
            _print_faces(report["output"], report)
    return _report_failures(failures)


def _try_on_file(
    options: argparse.Namespace,
    frames: "Sequence[Frame | None]",
    source: Path,
    target: Path,
    engines: "Engines",
) -> "TryOn":
    from genapp import images, try_on
    from genapp.tryon import parse_nudge

    result = try_on(
        source,
        frames,
        nudge=parse_nudge(options.nudge),
        tint=options.tint,
        opacity=options.opacity,
        gradient=options.gradient,
        pd_mm=options.pd,
        card=options.card,
        dioptres=options.dioptres,
        model=options.model,
        device=options.device,
        engines=engines,
    )
    _print_notes(source, (*result.photo.notes, *images.write(result.photo, target)))
    return result


def _print_notes(source: Path, notes: Iterable[str]) -> None:
    for note in notes:
        print(f"{source.name}: {note}", file=sys.stderr)


def _print_faces(output: Path | str, report: dict[str, Any]) -> None:
    print(output)
    for face in report["faces"]:
        pupils, width, pose = face["pd_mm"], face["face_width_mm"], face["pose"]
        frame = face["frame"]
        worn = f"{frame['name']}, {frame['width_mm']:g} mm wide: {face['fit']}" if frame else "bare"
        print(
            f"  {worn} on a face of {width['value']:g} ± {width['error']:g} mm; "
            f"pupils {pupils['value']:g} ± {pupils['error']:g} mm apart; "
            f"yaw {pose['yaw']:g}°, pitch {pose['pitch']:g}°, roll {pose['roll']:g}°"
        )
        print(f"  {face['scale']['note']} Recommended: {face['recommended']['text']}.")
        print(f"  {face['shape']['reason']}")


# frames --------------------------------------------------------------------------------------


def _add_frames(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every frame with its sizes")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run=_frames_list)
    export = actions.add_parser("export", help="write a frame as a 3-D model, to start from")
    export.add_argument("name", metavar="NAME")
    export.add_argument(
        "-o", "--output", metavar="OUT.glb", type=Path, required=True, help="a .glb file"
    )
    export.set_defaults(run=_frames_export)


def _frames_list(options: argparse.Namespace) -> int:
    from genapp.tryon import frame_names, load_frame

    frames = [load_frame(name) for name in frame_names()]
    if options.json:
        rows = [
            {
                "name": frame.name,
                "title": frame.title,
                "lens_mm": frame.lens,
                "bridge_mm": frame.bridge,
                "temple_mm": frame.temple,
                "width_mm": round(frame.width, 1),
            }
            for frame in frames
        ]
        _print_json({"frames": rows})
        return 0
    table = [("NAME", "TITLE", "LENS-BRIDGE-TEMPLE", "WIDTH")]
    table += [(frame.name, frame.title, frame.size, f"{frame.width:.0f} mm") for frame in frames]
    _print_table(table)
    return 0


def _frames_export(options: argparse.Namespace) -> int:
    from genapp.files import write_atomic
    from genapp.tryon import load_frame, write_glb

    frame = load_frame(options.name)
    if options.output.suffix.lower() != ".glb":
        raise BadValue(f"{str(options.output)!r} is no name for a model.", "End it in .glb.")
    data = write_glb(frame)
    try:
        write_atomic(options.output, data)
    except OSError as error:
        raise BadValue(
            f"{str(options.output)!r} cannot be written: {error.strerror}.", "Choose another place."
        ) from error
    print(options.output)
    return 0


# colorize ------------------------------------------------------------------------------------


def _add_colorize(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="a photo, or a folder of photos")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="a picture, or a folder"
    )
    parser.add_argument(
        "--hint",
        metavar="X,Y,#RRGGBB",
        action="append",
        default=[],
        help="what is at this place, in pixels from the top left, has this colour; again for more",
    )
    parser.add_argument(
        "--saturation", metavar="0..2", type=float, default=1.0, help="0 grey, 1 the network's"
    )
    parser.add_argument(
        "--warmth", metavar="-1..1", type=float, default=0.0, help="-1 bluish, 1 yellowish"
    )
    parser.add_argument(
        "--strength", metavar="0..1", type=float, default=1.0, help="0 the photo, 1 the colours"
    )
    parser.add_argument(
        "--candidate", metavar="K", type=int, default=0, help="another plausible colouring, from 1"
    )
    parser.add_argument(
        "--candidates", metavar="N", type=int, help="write a sheet of N of them, with their numbers"
    )
    parser.add_argument(
        "--reference", metavar="PICTURE", type=Path, help="take over the colours of a picture"
    )
    parser.add_argument(
        "--reference-strength", metavar="0..1", type=float, default=0.7, help="how far"
    )
    parser.add_argument(
        "--keep-grey", metavar="MASK", type=Path, help="a picture, white where it stays grey"
    )
    parser.add_argument(
        "--denoise", metavar="0..1", type=float, default=0.0, help="take grain away before"
    )
    parser.add_argument(
        "--scratches", metavar="0..1", type=float, default=0.0, help="take scratches and dust away"
    )
    parser.add_argument(
        "--contrast", metavar="0..1", type=float, default=0.0, help="undo fading of black and white"
    )
    parser.add_argument(
        "--sketch", action="store_true", help="it is a line drawing: colour under its lines"
    )
    parser.add_argument(
        "--palette",
        metavar="NAME",
        default="natural",
        help="of a drawing: natural, pastel, vivid, vintage or comic; default: %(default)s",
    )
    parser.add_argument(
        "--uncertainty", metavar="OUT2", type=Path, help="also draw where the network is unsure"
    )
    parser.add_argument(
        "--model", metavar="NAME", help="colorize/…; default: the best that is here"
    )
    parser.add_argument(
        "--format", choices=("png", "tiff", "webp", "jpg", "avif"), help="of a folder's results"
    )
    parser.add_argument(
        "--quality", metavar="1..100", type=int, default=95, help="of jpg, avif, webp; 100 lossless"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_colorize)


def _colorize(options: argparse.Namespace) -> int:
    from genapp.registry.engines import Engines

    if options.input.is_dir():
        return _colorize_folder(options)
    _refuse_format(options)
    _check_output(options.input, options.output)
    outputs = [str(options.output)]
    if options.uncertainty is not None:
        _check_output(options.input, options.uncertainty)
        outputs.append(str(options.uncertainty))
    look = _look(options)
    with Engines(device=options.device) as engines:
        report = _colorize_file(options, options.input, options.output, look, engines)
    if options.json:
        _print_json({"outputs": outputs, **report})
    else:
        _print_colorized(options.output, report)
    return 0


def _colorize_folder(options: argparse.Namespace) -> int:
    alone = {"--hint": options.hint, "--uncertainty": options.uncertainty}
    for name, value in alone.items():
        if value:
            raise BadValue(f"{name} is for one photo.", "Name a photo instead of the folder.")
    pairs = _folder_pairs(options.input, options.output, options.format)
    look = _look(options)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _colorize_file(options, source, target, look, engines)

    results, failures = _each_picture(options, pairs, "photo", make)
    return _report_folder(options, results, failures, _print_colorized)


def _look(options: argparse.Namespace) -> "Look":
    from genapp import images
    from genapp.colorizing import Look, palette_of, read_mask

    return Look(
        options.saturation,
        options.warmth,
        options.strength,
        options.candidate,
        None if options.keep_grey is None else read_mask(options.keep_grey),
        None if options.reference is None else palette_of(images.read(options.reference)),
        options.reference_strength,
        options.palette,
    )


def _colorize_file(
    options: argparse.Namespace, source: Path, target: Path, look: "Look", engines: "Engines"
) -> dict[str, Any]:
    """Writes what was asked for; returns the report."""
    from genapp import images
    from genapp.colorizing import Clean, analyse

    photo = images.read(source)
    if options.candidates is None:
        images.check_sides(photo.pixels.shape[1], photo.pixels.shape[0], target.suffix)
    analysis = analyse(
        photo,
        model=options.model,
        hints=options.hint,
        clean=Clean(options.denoise, options.scratches, options.contrast),
        sketch=options.sketch,
        engines=engines,
    )
    picture, result = _colored(analysis, look, options.candidates)
    lost = images.write(picture, target, quality=options.quality)
    if options.uncertainty is not None:
        _write_uncertainty(analysis, options.uncertainty)
    _print_notes(source, (*result.notes, *lost))
    return result.report()


def _colored(analysis: "Analysis", look: "Look", count: int | None) -> "tuple[Photo, Colorized]":
    """The picture to write, a colouring or a sheet of several, and one colouring."""
    from genapp.colorizing import candidates, contact_sheet, paint

    if count is None:
        result = paint(analysis, look)
        return result.photo, result
    results = candidates(analysis, count, look)
    return contact_sheet(results), results[0]


def _write_uncertainty(analysis: "Analysis", target: Path) -> None:
    from genapp import images
    from genapp.colorizing import heat_map

    drawn = heat_map(analysis)
    if drawn is None:
        raise BadValue(
            f"{analysis.model} does not tell how sure it is.", "Leave --uncertainty out."
        )
    images.write(images.read(drawn), target)


def _print_colorized(output: Path | str, report: dict[str, Any]) -> None:
    print(output)
    width, height = report["size"]
    seconds = (report["timings_ms"]["analyse"] + report["timings_ms"]["paint"]) / 1000
    print(f"  {width}×{height} with {report['model']} in {seconds:.1f} s")


# upscale -------------------------------------------------------------------------------------


def _add_upscale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="a picture, or a folder of them")
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="a picture, or a folder"
    )
    parser.add_argument("--scale", metavar="1.1..8", type=float, help="default: 2")
    parser.add_argument("--width", metavar="PX", type=int, help="instead of a scale")
    parser.add_argument("--height", metavar="PX", type=int, help="one alone keeps the proportions")
    parser.add_argument(
        "--model", metavar="NAME", help="upscale/…; default: the first that reaches the size"
    )
    parser.add_argument(
        "--strength", metavar="0..1", type=float, default=1.0, help="0 bicubic, 1 the network's"
    )
    parser.add_argument(
        "--grain", metavar="0..1", type=float, default=0.0, help="how much of it comes back"
    )
    parser.add_argument(
        "--shift-colors", action="store_true", help="let the network change colours and light"
    )
    parser.add_argument(
        "--protect", metavar="MASK", type=Path, help="a picture, white where the input stays"
    )
    parser.add_argument(
        "--no-faces",
        metavar="N",
        type=int,
        nargs="*",
        help="leave these faces as they are, 0 the largest; without numbers all",
    )
    parser.add_argument("--restore-faces", action="store_true", help="with RestoreFormer++")
    parser.add_argument(
        "--fidelity", metavar="0..1", type=float, default=0.5, help="0 the network's face, 1 yours"
    )
    parser.add_argument(
        "--format", choices=("png", "tiff", "webp", "jpg", "avif"), help="of a folder's results"
    )
    parser.add_argument(
        "--quality", metavar="1..100", type=int, default=95, help="of jpg, avif, webp; 100 lossless"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_upscale)


def _upscale(options: argparse.Namespace) -> int:
    from genapp.registry.engines import Engines

    if options.input.is_dir():
        return _upscale_folder(options)
    _refuse_format(options)
    _check_output(options.input, options.output)
    with Engines(device=options.device) as engines:
        result = _upscale_file(options, options.input, options.output, engines)
    report = result.report()
    if options.json:
        _print_json({"outputs": [str(options.output)], **report})
    else:
        _print_upscaled(options.output, report)
    return 0


def _upscale_folder(options: argparse.Namespace) -> int:
    pairs = _folder_pairs(options.input, options.output, options.format)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _upscale_file(options, source, target, engines).report()

    results, failures = _each_picture(options, pairs, "picture", make)
    return _report_folder(options, results, failures, _print_upscaled)


def _upscale_file(
    options: argparse.Namespace, source: Path, target: Path, engines: "Engines"
) -> "Upscaled":
    from genapp import images, upscale

    photo = images.read(source)
    faces: bool | list[int] = True
    if options.no_faces is not None:
        faces = _other_faces(photo, options.no_faces, engines) if options.no_faces else False
    with _progress_bar() as progress:
        result = upscale(
            photo,
            options.scale,
            width=options.width,
            height=options.height,
            model=options.model,
            strength=options.strength,
            grain=options.grain,
            keep_colors=not options.shift_colors,
            protect=options.protect,
            faces=faces,
            restore_faces=options.restore_faces,
            fidelity=options.fidelity,
            format=target.suffix,
            progress=progress,
            engines=engines,
        )
    # Nothing lost: grey stays grey in the file too.
    lost = images.write(result.photo, target, quality=options.quality, keep_grey=True)
    _print_notes(source, (*result.photo.notes, *lost))
    return result


def _other_faces(photo: "Photo", left: list[int], engines: "Engines") -> list[int]:
    """The numbers of the faces that are not `left` as they are."""
    from genapp.tryon import find_faces
    from genapp.upscaling import chosen_faces

    count = len(find_faces(photo.pixels, engines))
    chosen_faces(left, count)
    return [number for number in range(count) if number not in left]


def _print_upscaled(output: Path | str, report: dict[str, Any]) -> None:
    print(output)
    width, height = report["size"]
    models = ", then ".join(report["recipe"]["models"])
    print(f"  {width}×{height} with {models} in {report['timings_ms']['networks'] / 1000:.1f} s")


# faces ---------------------------------------------------------------------------------------


def _add_faces(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Faces of people who do not exist. The same seed is the same face, however many are made."
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="a folder (face-<seed>.png), a .zip with a manifest, or a picture for a single face",
    )
    parser.add_argument("--grid", metavar="OUT.png", type=Path, help="all of them in one picture")
    parser.add_argument(
        "--animate", metavar="OUT.mp4", type=Path, help="a film from face to face; or .webp"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seeds", metavar="1,5,9-20", help="exactly these")
    which.add_argument("--seed", metavar="N", type=int, default=0, help="the first one; default: 0")
    which.add_argument(
        "--recipe", metavar="LINE", help="the line of a face, or a picture that was made here"
    )
    parser.add_argument("--count", metavar="N", type=int, default=1, help="how many; default: 1")
    parser.add_argument(
        "--truncation",
        metavar="0..1.5",
        type=float,
        help="0 the mean face, 1 as different as can be; default: 0.7",
    )
    parser.add_argument(
        "--edit", metavar="NAME=N,…", default="", help="sliders, such as age=+1.5,smile=-0.5"
    )
    parser.add_argument(
        "--mix",
        metavar="SEED[@LEVELS]",
        help="skin and colours of another face; LEVELS coarse ones stay, default: 3",
    )
    parser.add_argument(
        "--around", metavar="N", type=int, help="instead of each face N that are like it"
    )
    parser.add_argument(
        "--distance", metavar="0..1", type=float, default=0.3, help="how different those are"
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, help="side of the pictures, such as 512; default: as made"
    )
    parser.add_argument("--seconds", metavar="S", type=float, default=2, help="between two faces")
    parser.add_argument("--no-loop", action="store_true", help="the film ends at the last face")
    parser.add_argument(
        "--format", choices=("png", "jpg", "webp"), default="png", help="of the pictures"
    )
    parser.add_argument(
        "--no-mark", action="store_true", help='leave "AI-generated" out of the files\' metadata'
    )
    parser.add_argument(
        "--no-compare",
        action="store_true",
        help="of a .zip: do not look for copies of training faces and for duplicates",
    )
    parser.add_argument(
        "--no-measure", action="store_true", help="of a .zip: no columns of age, smile, angles …"
    )
    parser.add_argument("--model", metavar="NAME", help="faces/…; default: our own")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_faces)


def _faces(options: argparse.Namespace) -> int:
    from genapp.registry.engines import Engines

    if not (options.output or options.grid or options.animate):
        raise BadValue("Where to?", "Name a folder, a .zip or a picture with -o, or use --grid.")
    with Engines(device=options.device) as engines:
        if options.output and options.output.suffix.lower() == ".zip":
            return _faces_zip(options, engines)
        return _faces_files(options, engines)


def _faces_zip(options: argparse.Namespace, engines: "Engines") -> int:
    from genapp.facemaking import write_dataset

    others = {
        "--grid": options.grid,
        "--animate": options.animate,
        "--recipe": options.recipe,
        "--around": options.around,
    }
    for name, value in others.items():
        if value is not None:
            raise BadValue(f"{name} does not go with a .zip.", "Name a folder instead.")
    settings = _face_settings(options)
    with _progress_bar() as progress:
        made = write_dataset(
            options.output,
            seeds=_face_seeds(options),
            truncation=settings.truncation,
            edits=settings.edits,
            mix=settings.mix,
            model=options.model,
            size=options.size,
            format=options.format,
            mark=not options.no_mark,
            compare=not options.no_compare,
            measure=not options.no_measure,
            progress=progress,
            engines=engines,
        )
    _print_notes(options.output, made.notes)
    if options.json:
        _print_json({"outputs": [str(options.output)], **made.report()})
        return 0
    print(options.output)
    print(f"  {len(made.rows)} faces with {made.model}")
    if made.compared:
        print(
            f"  suspected copies of training faces: {len(made.suspected)}; duplicates: "
            f"{len(made.duplicates)} (see manifest.csv)"
        )
    return 0


def _faces_files(options: argparse.Namespace, engines: "Engines") -> int:
    """Pictures in a folder or one file, a sheet, a film."""
    from genapp import images
    from genapp.facemaking import open_maker

    recipes = _face_recipes(options)
    if options.grid:
        images.check_output(options.grid)
    maker = open_maker(engines, options.model or recipes[0].model)
    outputs: list[str] = []
    with _progress_bar() as progress:
        if options.output or options.grid:
            paths, recipes = _write_faces(options, recipes, maker, engines, progress)
            outputs += map(str, paths)
        if options.animate:
            _animate(options, recipes, engines, progress)
            outputs.append(str(options.animate))
    if options.json:
        side = options.size or maker.size
        lines = [str(recipe) for recipe in recipes]
        facts = {"model": maker.model, "size": [side, side], "recipe": lines}
        _print_json({"outputs": outputs, **facts})
        return 0
    for output in outputs:
        print(output)
    for recipe in recipes:
        print(f"  {recipe}")
    return 0


def _write_faces(
    options: argparse.Namespace,
    recipes: "Sequence[Recipe]",
    maker: "Maker",
    engines: "Engines",
    progress: "Progress",
) -> "tuple[list[Path], list[Recipe]]":
    """Writes pictures and the sheet; returns where they are, and the recipes of what was made."""
    from genapp import images
    from genapp.facemaking import make_faces, sheet

    paths = _face_paths(options, recipes) if options.output else []
    made: list[Face] = []
    notes: dict[str, None] = {}
    for face in make_faces(recipes, maker, engines, mark=not options.no_mark):
        if paths:
            images.write(face.photo, paths[len(made)])
        made.append(face)
        notes |= dict.fromkeys(face.notes)
        progress(len(made) / len(recipes), "Making faces", None)
    for note in notes:
        print(note, file=sys.stderr)
    if options.grid:
        images.write(sheet(made), options.grid)
        paths = [*paths, options.grid]
    return paths, [face.recipe for face in made]


def _animate(
    options: argparse.Namespace,
    recipes: "Sequence[Recipe]",
    engines: "Engines",
    progress: "Progress",
) -> None:
    from genapp.facemaking import Generator, open_maker, recipe_w, write_animation

    maker = open_maker(engines, options.model or recipes[0].model)
    if not isinstance(maker, Generator):
        raise BadValue(f"{maker.model} has nothing between two faces.", "Choose another --model.")
    write_animation(
        options.animate,
        [recipe_w(recipe, maker, engines)[0] for recipe in recipes],
        maker,
        engines,
        seconds=options.seconds,
        loop=not options.no_loop,
        size=options.size,
        mark=not options.no_mark,
        progress=progress,
    )


def _face_seeds(options: argparse.Namespace) -> list[int]:
    from genapp.facemaking import consecutive, parse_seeds

    if options.seeds is None:
        return consecutive(options.seed, options.count)
    if options.count != 1:
        raise BadValue("--count does not go with --seeds.", "Leave one of them out.")
    return parse_seeds(options.seeds)


def _face_recipes(options: argparse.Namespace) -> "list[Recipe]":
    """A recipe for each face that was asked for."""
    from genapp.facemaking import neighbour_recipes

    if options.recipe is None:
        base = _face_settings(options)
        recipes = [replace(base, seed=seed) for seed in _face_seeds(options)]
    else:
        recipes = [_given_recipe(options)]
    if options.around is None:
        return recipes
    lists = [neighbour_recipes(one, options.around, options.distance) for one in recipes]
    return [recipe for some in lists for recipe in some]


def _face_settings(options: argparse.Namespace) -> "Recipe":
    """What all faces of a command have in common."""
    from genapp.facemaking import TRUNCATION, Recipe, parse_edits, parse_mix

    return Recipe(
        truncation=TRUNCATION if options.truncation is None else options.truncation,
        mix=None if options.mix is None else parse_mix(options.mix),
        edits=parse_edits(options.edit),
        size=options.size,
    )


def _given_recipe(options: argparse.Namespace) -> "Recipe":
    """Of the line, or of the picture that it is in."""
    from genapp import images
    from genapp.facemaking import parse_recipe, recipe_line

    fixed = {
        "--truncation": options.truncation is not None,
        "--edit": bool(options.edit),
        "--mix": options.mix is not None,
        "--count": options.count != 1,
        "--model": options.model is not None,
    }
    for name, given in fixed.items():
        if given:
            raise BadValue(f"{name} does not go with --recipe.", "Change the recipe's line.")
    line = options.recipe
    if Path(line).suffix.lower() in PICTURES:
        found = recipe_line(images.read(line))
        if found is None:
            raise BadValue(f"There is no recipe in {line!r}.", "Give its line instead.")
        line = found
    recipe = parse_recipe(line)
    return recipe if options.size is None else replace(recipe, size=options.size)


def _face_paths(options: argparse.Namespace, recipes: "Sequence[Recipe]") -> list[Path]:
    """Where each face goes: into the folder, which is created, or the one file."""
    from genapp import images

    target: Path = options.output
    if target.suffix.lower() in PICTURES and not target.is_dir():
        if len(recipes) > 1:
            raise BadValue(
                f"{len(recipes)} faces do not fit into one file.",
                "Name a folder or a .zip, or use --grid instead of -o.",
            )
        images.check_output(target)
        return [target]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadValue(
            f"The folder {str(target)!r} cannot be created: {error.strerror}.",
            "Choose another place.",
        ) from error
    return [target / f"{recipe.name}.{options.format}" for recipe in recipes]


# translate -----------------------------------------------------------------------------------


def _add_translate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="IN", type=Path, nargs="?", help="a photo, or a folder of photos"
    )
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="a picture, or a folder")
    parser.add_argument(
        "--style",
        metavar="NAME|FILE[=WEIGHT],…",
        help="a style or look (see --styles), a picture to take the style from, or a blend, such "
        "as embers=2,painting.jpg=1",
    )
    parser.add_argument("--styles", action="store_true", help="list the styles and looks")
    parser.add_argument(
        "--strength", metavar="0..1", type=float, default=1.0, help="0 the photo, 1 the painting"
    )
    parser.add_argument(
        "--face-strength",
        metavar="0..1",
        type=float,
        help="how much of that on faces; default: as much as lets them still be told",
    )
    parser.add_argument(
        "--keep-colors", action="store_true", help="the painting's light in the photo's colours"
    )
    parser.add_argument(
        "--region", choices=("all", "face", "background"), default="all", help="what is painted"
    )
    parser.add_argument(
        "--detail",
        metavar="PX",
        type=int,
        help="longer side of the picture in which the strokes are made, 64 to 12000: the larger, "
        "the finer they are; default: what suits style and faces, 1024 to 2048",
    )
    parser.add_argument(
        "--no-refine", action="store_true", help="no finer strokes in large photos: quicker, softer"
    )
    parser.add_argument(
        "--format", choices=("png", "tiff", "webp", "jpg", "avif"), help="of a folder's results"
    )
    parser.add_argument(
        "--quality", metavar="1..100", type=int, default=95, help="of jpg, avif, webp; 100 lossless"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_translate)


def _translate(options: argparse.Namespace) -> int:
    from genapp.registry.engines import Engines

    if options.styles:
        return _translate_styles(options)
    for value, name in (
        (options.input, "The photo"),
        (options.output, "The output (-o)"),
        (options.style, "The style (--style)"),
    ):
        if value is None:
            raise BadValue(f"{name} is missing.", "Name it, or list the --styles.")
    if options.input.is_dir():
        return _translate_folder(options)
    if options.format is not None:
        raise BadValue(
            "--format is for folders.", f"Name the output with the ending .{options.format}."
        )
    _check_output(options.input, options.output)
    with Engines(device=options.device) as engines:
        result = _translate_file(options, options.input, options.output, engines)
    report = result.report()
    if options.json:
        _print_json({"outputs": [str(options.output)], **report})
    else:
        _print_translated(options.output, report)
    return 0


def _translate_styles(options: argparse.Namespace) -> int:
    from genapp.translating import list_styles

    listed = list_styles(load(), Store())
    if options.json:
        _print_json({"styles": [asdict(style) for style in listed]})
        return 0
    rows = [
        (style.name, style.description, style.license or "", "" if style.present else "fetch first")
        for style in listed
    ]
    _print_table([("NAME", "LOOK", "LICENCE", ""), *rows])
    return 0


def _translate_folder(options: argparse.Namespace) -> int:
    pairs = _folder_pairs(options.input, options.output, options.format)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _translate_file(options, source, target, engines).report()

    results, failures = _each_picture(options, pairs, "photo", make)
    return _report_folder(options, results, failures, _print_translated)


def _translate_file(
    options: argparse.Namespace, source: Path, target: Path, engines: "Engines"
) -> "Translated":
    from genapp import images, translate
    from genapp.translating import parse_styles

    with _progress_bar() as progress:
        result = translate(
            source,
            parse_styles(options.style),
            strength=options.strength,
            face_strength=options.face_strength,
            keep_colors=options.keep_colors,
            region=options.region,
            detail=options.detail,
            refine=not options.no_refine,
            format=target.suffix,
            progress=progress,
            engines=engines,
        )
    lost = images.write(result.photo, target, quality=options.quality, keep_grey=True)
    _print_notes(source, (*result.photo.notes, *lost))
    return result


def _print_translated(output: Path | str, report: dict[str, Any]) -> None:
    print(output)
    recipe = report["recipe"]
    styles = ", ".join(f"{name} {weight:.0%}" for name, weight in recipe["style"].items())
    seconds = report["timings_ms"]["networks"] / 1000
    print(f"  {styles}; strokes of a picture of {recipe['detail']} px, in {seconds:.1f} s")


# sketch-to-face ------------------------------------------------------------------------------


def _add_sketch_to_face(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="DRAWING", type=Path, help="dark lines on light paper; the head fills it"
    )
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, required=True)
    parser.add_argument(
        "--look",
        metavar="N",
        type=int,
        default=0,
        help="what lines leave open (skin, hair, light): 0 the usual, 1 and up other ones",
    )
    parser.add_argument(
        "--variety", metavar="0..2", type=float, default=1.0, help="how far other looks are off"
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, default=512, help="side of the result, up to 1024"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_sketch_to_face)


def _sketch_to_face(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.translating import sketch_to_face

    _check_output(options.input, options.output)
    with _progress_bar() as progress:
        made = sketch_to_face(
            options.input,
            look=options.look,
            variety=options.variety,
            size=options.size,
            format=options.output.suffix,
            progress=progress,
            device=options.device,
        )
    images.write(made.photo, options.output)
    if options.json:
        _print_json({"outputs": [str(options.output)], **made.report()})
    else:
        print(options.output)
        print(f"  look {options.look}; this person does not exist")
    return 0


# augment -------------------------------------------------------------------------------------


def _add_augment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input",
        metavar="DIR",
        type=Path,
        help="a folder or a ZIP of 5 to 5000 pictures, with classes as subfolders or in a CSV",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="a .zip of new pictures with a manifest and the recipe, or a contact sheet (.png …)",
    )
    numbers = parser.add_mutually_exclusive_group()
    numbers.add_argument(
        "--count", metavar="N", type=int, help="new pictures; default: as many as there are"
    )
    numbers.add_argument("--per-class", metavar="N", type=int, help="new pictures of each class")
    parser.add_argument("--seed", metavar="N", type=int, help="other new pictures; default: 0")
    parser.add_argument(
        "--size",
        metavar="PX",
        type=int,
        help="new pictures are squares of this side; default: as large as those they come from",
    )
    parser.add_argument(
        "--recipe", metavar="R.yaml", type=Path, help="what to do; --print-recipe shows one"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a setting of the recipe, such as classic.rotate=20, mixing.cutmix=0.3, "
        "style.probability=0.2 or generative.probability=0.5; again for more",
    )
    parser.add_argument("--print-recipe", action="store_true", help="print the recipe, and stop")
    parser.add_argument(
        "--classes",
        metavar="CSV",
        type=Path,
        help="columns file and label, and for boxes x, y, width, height; default: a CSV at the "
        "top of DIR, or subfolders",
    )
    parser.add_argument(
        "--boxes", metavar="JSON", type=Path, help="boxes as a COCO file; default: one in DIR"
    )
    parser.add_argument(
        "--no-compare",
        action="store_true",
        help="don't look for near-copies and for classes that mirror images confuse",
    )
    parser.add_argument(
        "--probe",
        action="store_true",
        help="does it help? Train small classifiers with and without new pictures (minutes)",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_augment)


def _augment(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.augmenting import (
        Recipe,
        filled,
        open_source,
        parse_setting,
        probe,
        read_recipe,
        write_zip,
    )
    from genapp.registry.engines import Engines

    source = open_source(options.input, classes=options.classes, boxes=options.boxes)
    given = Recipe() if options.recipe is None else read_recipe(options.recipe)
    recipe = filled(
        source,
        given.changed(dict(map(parse_setting, options.set))),
        count=options.count,
        per_class=options.per_class,
        seed=options.seed,
        size=options.size,
    )
    if options.print_recipe:
        print(recipe.to_yaml(), end="")
        return 0
    if options.output is None:
        raise BadValue("The output (-o) is missing.", "Name a .zip, or a .png for a sheet.")
    is_zip = options.output.suffix.lower() == ".zip"
    if not is_zip:
        images.check_output(options.output)
    with Engines(device=options.device) as engines, _progress_bar() as progress:
        if is_zip:
            result = write_zip(
                options.output,
                source,
                recipe=recipe,
                compare=not options.no_compare,
                progress=progress,
                engines=engines,
            )
        else:
            result = _augment_sheet(options.output, source, recipe, engines, progress)
        probed = (
            probe(source, recipe, progress=progress, engines=engines) if options.probe else None
        )
    said = dict.fromkeys((*result.warnings, *result.notes))
    if probed is not None:
        said |= dict.fromkeys((*probed.warnings, *probed.notes))
    for line in said:
        print(line, file=sys.stderr)
    report = result.report()
    if probed is not None:
        report["probe"] = probed.report()
    if options.json:
        _print_json({"outputs": [str(options.output)], **report})
    else:
        print(options.output)
        _print_table(
            [("CLASS", "PICTURES", "NEW")]
            + [
                (label or "(none)", str(counts["source"]), str(counts["new"]))
                for label, counts in report["classes"].items()
            ]
        )
        if probed is not None:
            print(probed.verdict)
    return _report_failures(report["failures"])


def _augment_sheet(
    target: Path,
    source: "Source",
    recipe: "AugmentRecipe",
    engines: "Engines",
    progress: "Progress",
) -> "Augmented":
    from genapp import images
    from genapp.augmenting import contact_sheet, preview

    result = preview(source, recipe, SHEET, progress=progress, engines=engines)
    images.write(contact_sheet(result.pictures), target)
    return result


# outliers ------------------------------------------------------------------------------------


def _add_outliers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "input", metavar="DIR", type=Path, help="a folder of pictures, a ZIP of them, or a picture"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        type=Path,
        help="table (.csv), report (.json), histogram (.svg), or all with heat maps (.zip)",
    )
    parser.add_argument(
        "--reference",
        metavar="DIR",
        type=Path,
        help="what belongs: at least 30 pictures (folder or ZIP), or a detector (.npz); default: "
        "upright faces that fill the picture",
    )
    parser.add_argument(
        "--save-detector", metavar="FILE.npz", type=Path, help="keep what --reference taught"
    )
    parser.add_argument(
        "--score",
        metavar="NAME",
        default="features",
        help="features, pixelcnn, elbo, iwae, complexity, regret or ratio; with --tune all of them "
        "but the first two as tuned-elbo … too; default: %(default)s",
    )
    parser.add_argument(
        "--also", metavar="NAME,NAME…", default="", help="further scores beside it, or 'all'"
    )
    parser.add_argument(
        "--tune",
        action="store_true",
        help="train a VAE further on --reference, of at least 60 pictures, and tell its scores "
        "too; about a minute on two cores",
    )
    parser.add_argument(
        "--false-alarm",
        metavar="0..1",
        type=float,
        default=0.05,
        help="share of pictures that belong which may be called outliers; default: %(default)s",
    )
    parser.add_argument(
        "--neighbours", metavar="N", type=int, default=3, help="of the reference; default: 3"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
    parser.set_defaults(run=_outliers)


def _outliers(options: argparse.Namespace) -> int:
    from genapp import outliers
    from genapp.registry.engines import Engines
    from genapp.screening import UNTUNED, check_report, save, write_report

    if options.output is not None:
        check_report(options.output)
    if options.save_detector is not None and options.reference is None:
        raise BadValue("--save-detector was given without --reference.", "Name a reference.")
    if options.tune and options.reference is None:
        raise BadValue("--tune was given without --reference.", "Name a reference.")
    also = list(UNTUNED) if options.also == "all" else options.also.split(",")
    with Engines(device=options.device) as engines, _progress_bar() as progress:
        result = outliers(
            options.input,
            reference=options.reference,
            score=options.score,
            also=[name.strip() for name in also if name.strip()],
            false_alarm=options.false_alarm,
            neighbours=options.neighbours,
            tune=options.tune,
            engines=engines,
            progress=progress,
        )
    if options.save_detector is not None:
        save(result.detector, options.save_detector)
    if options.output is not None:
        write_report(result, options.input, options.output)
    _print_notes(options.input, result.notes)
    if options.json:
        _print_json(result.report())
    else:
        _print_outliers(result)
    return _report_failures(result.report()["failures"])


def _print_outliers(result: "Outliers") -> None:
    table = [("FILE", "SCORE", "P-VALUE", "OUTLIER")]
    for image in result.ranked:
        flag = "OUTLIER" if result.is_outlier(image) else ""
        values = image.scores[result.score], image.p_values[result.score]
        table.append((image.name, f"{values[0]:.3f}", f"{values[1]:.4f}", flag))
    _print_table(table)
    print(
        f"{len(result.found)} of {len(result.images)} are outliers at a false-alarm rate of "
        f"{result.false_alarm:g} (score above {result.threshold:.3f}). p-values are ranks among "
        f"{result.held_out} held-out pictures of {result.detector.name!r}: none is below "
        f"{result.resolution:.2g}."
    )


# models --------------------------------------------------------------------------------------


def _add_models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every model, and whether it is here")
    listing.set_defaults(run=_models_list)
    show = actions.add_parser("show", help="all that is known about one model")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=_models_show)
    pull = actions.add_parser("pull", help="fetch models, to have them without a network")
    pull.add_argument("names", metavar="NAME", nargs="*")
    pull.add_argument("--all", action="store_true", help="every model")
    pull.set_defaults(run=_models_pull)
    verify = actions.add_parser("verify", help="hash models again; by default those that are here")
    verify.add_argument("names", metavar="NAME", nargs="*")
    verify.set_defaults(run=_models_verify)
    licenses = actions.add_parser("licenses", help="which licence covers which models")
    licenses.set_defaults(run=_models_licenses)
    for action in (listing, show, pull, verify, licenses):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _models_list(options: argparse.Namespace) -> int:
    store = Store()
    rows: list[dict[str, Any]] = [
        {
            "name": model.name,
            "license": model.license,
            "commercial": model.commercial,
            "engine": model.engine,
            "bytes": model.bytes,
            "embedded": model.embedded,
            "pinned": model.pinned,
            "present": _present(model, store),
        }
        for model in load().models
    ]
    if options.json:
        _print_json({"models": rows})
        return 0
    table = [("NAME", "ENGINE", "LICENSE", "COMMERCIAL", "SIZE", "HERE")]
    for row in rows:
        size = _size(row["bytes"])
        flags = _yes(row["commercial"]), size, _yes(row["present"])
        table.append((row["name"], row["engine"], row["license"], *flags))
    _print_table(table)
    return 0


def _models_show(options: argparse.Namespace) -> int:
    model = load().get(options.name)
    present = _present(model, Store())
    if options.json:
        extra = {"bytes": model.bytes, "embedded": model.embedded, "present": present}
        _print_json(asdict(model) | extra)
        return 0
    print(f"{model.name}: {model.summary}")
    facts = [
        ("engine", model.engine),
        ("licence", f"{model.license}, commercial use {_yes(model.commercial)}"),
        ("source", model.source),
        ("paper", model.paper),
        ("training data", model.training_data),
        ("size", _size(model.bytes)),
        ("here", _yes(present)),
    ]
    facts += [("file", f"{file.label}, SHA-256 {file.sha256 or 'unknown'}") for file in model.files]
    for kind, ports in (("input", model.inputs), ("output", model.outputs)):
        for port in ports:
            shape = "×".join(str(size) for size in port.shape)
            extras = [port.layout, port.colors, port.meaning]
            if port.range is not None:
                extras.insert(2, f"{port.range[0]:g} to {port.range[1]:g}")
            facts.append((kind, ", ".join([f"{port.name} {shape}", *filter(None, extras)])))
    for measure in model.measures:
        facts.append(("measured", f"{measure.what}: {measure.value:g} {measure.unit}"))
        facts.append(("", f"by {measure.command}"))
    _print_table([(f"  {key}", value) for key, value in facts if value is not None])
    return 0


def _models_pull(options: argparse.Namespace) -> int:
    if bool(options.names) == options.all:
        raise BadValue("Which models?", "Give names, or --all for every one.")
    return _each_model(options, load(), Store(), fetch=True)


def _models_verify(options: argparse.Namespace) -> int:
    return _each_model(options, load(), Store(), fetch=False)


def _each_model(options: argparse.Namespace, catalog: Catalog, store: Store, *, fetch: bool) -> int:
    """Fetch or check models, all of them whatever becomes of one."""
    models = [catalog.get(name) for name in options.names] or catalog.models
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    for model in models:
        try:
            paths = [store.path(file) if fetch else store.verify(file) for file in model.files]
        except ModelMissing as error:
            # Nobody asked for this one by name, and it never was here.
            if not fetch and not options.names and not model.embedded:
                continue
            failures.append({"file": model.name, "reason": str(error)})
        except UserError as error:
            failures.append({"file": model.name, "reason": str(error)})
        else:
            rows.append({"name": model.name, "files": [str(path) for path in paths]})
            if not options.json:
                print(f"{model.name}: {'here' if fetch else 'as it should be'}")
    if options.json:
        failed = [{"name": failure["file"], "reason": failure["reason"]} for failure in failures]
        _print_json({"models": rows, "failures": failed})
    return _report_failures(failures)


def _models_licenses(options: argparse.Namespace) -> int:
    groups: dict[tuple[str, bool], list[str]] = {}
    for model in load().models:
        groups.setdefault((model.license, model.commercial), []).append(model.name)
    if options.json:
        rows = [
            {"license": license, "commercial": commercial, "models": names}
            for (license, commercial), names in groups.items()
        ]
        _print_json({"licenses": rows})
        return 0
    for (license, commercial), names in groups.items():
        print(f"{license} (commercial use: {_yes(commercial)})")
        for name in names:
            print(f"  {name}")
    return 0


def _present(model: Model, store: Store) -> bool:
    return all(store.find(file) is not None for file in model.files)


# serve ---------------------------------------------------------------------------------------


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=7860, help="default: %(default)s")
    parser.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    from genapp.ui import serve

    serve(options.host, options.port)
    return 0


# Files and output ----------------------------------------------------------------------------


def _check_output(source: Path, target: Path) -> None:
    from genapp import images

    if target.exists() and source.exists() and target.samefile(source):
        raise BadValue("The output is the input.", "Choose another name for it.")
    images.check_output(target)


def _refuse_format(options: argparse.Namespace) -> None:
    if options.format is not None:
        raise BadValue(
            "--format is for folders.", f"Name the output with the ending .{options.format}."
        )


def _folder_pairs(source: Path, target: Path, format: str | None = None) -> list[tuple[Path, Path]]:
    """Each picture of a folder with its place in the other, which is created.

    Args:
        source, target: the folders.
        format: of the results; None: each picture's own.
    """
    if target.exists() and not target.is_dir():
        raise BadValue(
            f"{str(source)!r} is a folder, but {str(target)!r} is a file.",
            "Name a folder for the results.",
        )
    if target.exists() and target.samefile(source):
        raise BadValue("The output folder is the input folder.", "Choose another one.")
    pictures = sorted(
        path for path in source.iterdir() if path.is_file() and path.suffix.lower() in PICTURES
    )
    if not pictures:
        raise BadValue(f"There are no pictures in {str(source)!r}.", "Name another folder.")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadValue(
            f"The folder {str(target)!r} cannot be created: {error.strerror}.",
            "Choose another place.",
        ) from error
    return list(_paired(pictures, target, format))


def _paired(pictures: list[Path], target: Path, format: str | None) -> Iterator[tuple[Path, Path]]:
    """The same names; PNG, or the format asked for, instead of what cannot be written or is not
    asked for; no two pictures in one place."""
    from genapp.images import WRITABLE

    taken: set[str] = set()
    for picture in pictures:
        ending = picture.suffix.lower().removeprefix(".")
        same = ending in WRITABLE and (format is None or WRITABLE[ending] == WRITABLE[format])
        name = picture.name if same else f"{picture.stem}.{format or 'png'}"
        if name.lower() in taken:
            name = f"{picture.name}.{format or 'png'}"
        taken.add(name.lower())
        yield picture, target / name


@contextmanager
def _progress_bar() -> "Iterator[Progress]":
    """A bar on stderr, as what a task tells its progress to."""
    from tqdm import tqdm

    with tqdm(total=100, unit="%", leave=False, bar_format=BAR) as bar:

        def progress(done: float, what: str, seconds_left: float | None) -> None:
            bar.set_description_str(what, refresh=False)
            bar.update(round(100 * done) - bar.n)

        yield progress


def _each_picture(
    options: argparse.Namespace,
    pairs: Sequence[tuple[Path, Path]],
    unit: str,
    make: "Callable[[Path, Path, Engines], dict[str, Any]]",
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The reports of what `make` wrote, and what failed with the reason: the rest is done."""
    from tqdm import tqdm

    from genapp.registry.engines import Engines

    results: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    with Engines(device=options.device) as engines:
        for source, target in tqdm(pairs, unit=unit):
            try:
                _check_output(source, target)
                report = make(source, target, engines)
            except UserError as error:
                failures.append({"file": str(source), "reason": str(error)})
            else:
                results.append({"file": str(source), "output": str(target), **report})
    return results, failures


def _report_folder(
    options: argparse.Namespace,
    results: list[dict[str, Any]],
    failures: list[dict[str, str]],
    show: Callable[[Path | str, dict[str, Any]], None],
) -> int:
    if options.json:
        outputs = [report["output"] for report in results]
        _print_json({"outputs": outputs, "results": results, "failures": failures})
    else:
        for report in results:
            show(report["output"], report)
    return _report_failures(failures)


def _report_failures(failures: list[dict[str, str]]) -> int:
    if not failures:
        return 0
    print(f"{len(failures)} failed:", file=sys.stderr)
    for failure in failures:
        print(f"  {failure['file']}: {failure['reason']}", file=sys.stderr)
    return 2


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False))


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _size(count: int | None) -> str:
    """Decimal units, as file managers and the Hub show them."""
    if count is None:
        return "unknown"
    for unit, divisor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= divisor:
            return f"{count / divisor:.1f} {unit}"
    return f"{count} B"
