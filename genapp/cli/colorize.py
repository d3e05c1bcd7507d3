"""`python -m genapp colorize`: colours for a grey photo or a line drawing."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genapp.cli.arguments import add_device_and_json, add_encoding, add_output
from genapp.cli.output import print_notes
from genapp.cli.pictures import Work, run_work
from genapp.errors import BadValue

if TYPE_CHECKING:
    from genapp.colorizing import Analysis, Colorized, Look
    from genapp.images import Photo
    from genapp.registry.engines import Engines


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", metavar="IN", type=Path, help="a photo, or a folder of photos")
    add_output(parser)
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
    add_encoding(parser)
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    alone = {"--hint": options.hint, "--uncertainty": options.uncertainty}
    for name, value in alone.items():
        if value and options.input.is_dir():
            raise BadValue(f"{name} is for one photo.", "Name a photo instead of the folder.")
    look = _look(options)

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _colorize_file(options, source, target, look, engines)

    work = Work(make, _print_colorized, format=options.format, also=options.uncertainty)
    return run_work(options.input, options, work)


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
    print_notes(source, (*result.notes, *lost))
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
