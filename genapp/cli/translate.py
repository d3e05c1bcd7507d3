"""`python -m genapp translate`: a photo, painted in a style."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genapp.cli.arguments import add_device_and_json, add_encoding, add_parser
from genapp.cli.output import print_json, print_notes, print_table, progress_bar
from genapp.cli.pictures import Work, run_work
from genapp.errors import BadValue
from genapp.registry.catalog import load
from genapp.registry.devices import ran_notes
from genapp.registry.store import Store

if TYPE_CHECKING:
    from genapp.registry.engines import Engines
    from genapp.translating import Translated


def add(parser: argparse.ArgumentParser) -> None:
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
    add_parser(parser, "what finds the edges of such a region")
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
    add_encoding(parser)
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.styles:
        return _print_styles(options)
    for value, name in (
        (options.input, "The photo"),
        (options.output, "The output (-o)"),
        (options.style, "The style (--style)"),
    ):
        if value is None:
            raise BadValue(f"{name} is missing.", "Name it, or list the --styles.")

    def make(source: Path, target: Path, engines: "Engines") -> dict[str, Any]:
        return _translate_file(options, source, target, engines).report()

    return run_work(options.input, options, Work(make, _print_translated, format=options.format))


def _print_styles(options: argparse.Namespace) -> int:
    from genapp.translating import list_styles

    listed = list_styles(load(), Store())
    if options.json:
        print_json({"styles": [asdict(style) for style in listed]})
        return 0
    rows = [
        (style.name, style.description, style.license or "", "" if style.present else "fetch first")
        for style in listed
    ]
    print_table([("NAME", "LOOK", "LICENCE", ""), *rows])
    return 0


def _translate_file(
    options: argparse.Namespace, source: Path, target: Path, engines: "Engines"
) -> "Translated":
    from genapp import images, translate
    from genapp.translating import parse_styles

    with progress_bar() as progress:
        result = translate(
            source,
            parse_styles(options.style),
            strength=options.strength,
            face_strength=options.face_strength,
            keep_colors=options.keep_colors,
            region=options.region,
            parser=options.parser,
            detail=options.detail,
            refine=not options.no_refine,
            format=target.suffix,
            progress=progress,
            engines=engines,
        )
    lost = images.write(result.photo, target, quality=options.quality, keep_grey=True)
    print_notes(source, (*result.photo.notes, *lost, *ran_notes(result.ran)))
    return result


def _print_translated(output: Path | str, report: dict[str, Any]) -> None:
    print(output)
    recipe = report["recipe"]
    styles = ", ".join(f"{name} {weight:.0%}" for name, weight in recipe["style"].items())
    seconds = report["timings_ms"]["networks"] / 1000
    print(f"  {styles}; strokes of a picture of {recipe['detail']} px, in {seconds:.1f} s")
