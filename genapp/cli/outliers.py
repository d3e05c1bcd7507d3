"""`python -m genapp outliers`: the pictures that don't belong."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from genapp.cli.arguments import add_device_and_json
from genapp.cli.output import (
    print_json,
    print_notes,
    print_table,
    progress_bar,
    report_failures,
)
from genapp.errors import BadValue

if TYPE_CHECKING:
    from genapp.screening import Outliers


def add(parser: argparse.ArgumentParser) -> None:
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
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from genapp import outliers
    from genapp.cli.networks import open_engines
    from genapp.screening import UNTUNED, check_report, save, write_report

    if options.output is not None:
        check_report(options.output)
    if options.save_detector is not None and options.reference is None:
        raise BadValue("--save-detector was given without --reference.", "Name a reference.")
    if options.tune and options.reference is None:
        raise BadValue("--tune was given without --reference.", "Name a reference.")
    also = list(UNTUNED) if options.also == "all" else options.also.split(",")
    with open_engines(options.device) as engines, progress_bar() as progress:
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
    print_notes(options.input, result.notes)
    if options.json:
        print_json(result.report())
    else:
        _print_outliers(result)
    return report_failures(result.report()["failures"])


def _print_outliers(result: "Outliers") -> None:
    table = [("FILE", "SCORE", "P-VALUE", "OUTLIER")]
    for image in result.ranked:
        flag = "OUTLIER" if result.is_outlier(image) else ""
        values = image.scores[result.score], image.p_values[result.score]
        table.append((image.name, f"{values[0]:.3f}", f"{values[1]:.4f}", flag))
    print_table(table)
    print(
        f"{len(result.found)} of {len(result.images)} are outliers at a false-alarm rate of "
        f"{result.false_alarm:g} (score above {result.threshold:.3f}). p-values are ranks among "
        f"{result.held_out} held-out pictures of {result.detector.name!r}: none is below "
        f"{result.resolution:.2g}."
    )
