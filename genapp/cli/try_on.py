"""`python -m genapp try-on`: glasses on the faces of a photo."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genapp.cli.arguments import add_device_and_json, add_output, add_parser
from genapp.cli.output import print_json, print_notes
from genapp.cli.pictures import Work, check_output, run_work
from genapp.errors import BadValue

if TYPE_CHECKING:
    from genapp.registry.engines import Engines
    from genapp.tryon import Frame, TryOn


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("face", metavar="FACE", type=Path, help="a photo, or a folder of photos")
    add_output(parser)
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
    parser.add_argument(
        "--detector",
        choices=("blazeface", "yunet"),
        default="blazeface",
        help="what finds the faces; yunet is fetched from the Hub; default: %(default)s",
    )
    add_parser(parser, "what tells hands, hair and clothes from the face")
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.compare:
        return _compare(options)
    frames = _frames(options)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _try_on_file(options, frames, source, target, engines).report()

    return run_work(options.face, options, Work(make, _print_faces, lists_outputs=False))


def _frames(options: argparse.Namespace) -> "list[Frame | None]":
    from genapp.tryon import open_frames, parse_frames

    return open_frames(parse_frames(options.compare or options.frame), options.width_mm)


def _compare(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.tryon import compare_frames, parse_nudge

    if options.face.is_dir():
        raise BadValue("--compare was given a folder.", "Give it one photo.")
    check_output(options.face, options.output)
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
        detector=options.detector,
        parser=options.parser,
        device=options.device,
    )
    notes = (*result.sheet.notes, *images.write(result.sheet, options.output))
    print_notes(options.face, notes)
    if options.json:
        print_json(result.report())
    else:
        _print_faces(options.output, {"faces": result.faces})
    return 0


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
        detector=options.detector,
        parser=options.parser,
        device=options.device,
        engines=engines,
    )
    print_notes(source, (*result.photo.notes, *images.write(result.photo, target)))
    return result


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
