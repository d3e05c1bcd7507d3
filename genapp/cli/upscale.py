"""`python -m genapp upscale`: a picture, larger."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genapp.cli.arguments import add_device_and_json, add_encoding, add_output
from genapp.cli.output import print_notes, progress_bar
from genapp.cli.pictures import Work, run_work
from genapp.registry.devices import ran_notes

if TYPE_CHECKING:
    from genapp.images import Photo
    from genapp.registry.engines import Engines
    from genapp.upscaling import Upscaled


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="a picture, or a folder of them")
    add_output(parser)
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
    add_encoding(parser)
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _upscale_file(options, source, target, engines).report()

    work = Work(make, _print_upscaled, unit="picture", format=options.format)
    return run_work(options.input, options, work)


def _upscale_file(
    options: argparse.Namespace, source: Path, target: Path, engines: "Engines"
) -> "Upscaled":
    from genapp import images, upscale

    photo = images.read(source)
    faces: bool | list[int] = True
    if options.no_faces is not None:
        faces = _other_faces(photo, options.no_faces, engines) if options.no_faces else False
    with progress_bar() as progress:
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
    print_notes(source, (*result.photo.notes, *lost, *ran_notes(result.ran)))
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
