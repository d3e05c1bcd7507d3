"""`python -m genapp augment`: a small data set, larger."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from genapp.cli.arguments import add_device_and_json
from genapp.cli.output import print_json, print_table, progress_bar, report_failures
from genapp.errors import BadValue

if TYPE_CHECKING:
    from genapp.augmenting import Augmented, Recipe, Source
    from genapp.registry.engines import Engines
    from genapp.upscaling import Progress

# New pictures on a contact sheet.
SHEET = 24


def add(parser: argparse.ArgumentParser) -> None:
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
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
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
    from genapp.cli.networks import open_engines

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
    with open_engines(options.device) as engines, progress_bar() as progress:
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
            result = _write_sheet(options.output, source, recipe, engines, progress)
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
        print_json({"outputs": [str(options.output)], **report})
    else:
        print(options.output)
        print_table(
            [("CLASS", "PICTURES", "NEW")]
            + [
                (label or "(none)", str(counts["source"]), str(counts["new"]))
                for label, counts in report["classes"].items()
            ]
        )
        if probed is not None:
            print(probed.verdict)
    return report_failures(report["failures"])


def _write_sheet(
    target: Path,
    source: "Source",
    recipe: "Recipe",
    engines: "Engines",
    progress: "Progress",
) -> "Augmented":
    from genapp import images
    from genapp.augmenting import contact_sheet, preview

    result = preview(source, recipe, SHEET, progress=progress, engines=engines)
    images.write(contact_sheet(result.pictures), target)
    return result
