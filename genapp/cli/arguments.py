"""Arguments that several commands have."""

import argparse
from pathlib import Path


def add_output(parser: argparse.ArgumentParser) -> None:
    """`-o`, of a command that takes a picture or a folder of them."""
    parser.add_argument(
        "-o", "--output", metavar="OUT", type=Path, required=True, help="a picture, or a folder"
    )


def add_parser(parser: argparse.ArgumentParser, what: str) -> None:
    """`--parser`: what tells the parts of faces apart. The names are `genapp.tryon.PARSER_NAMES`,
    which take a while to import."""
    names = ("auto", "bisenet-r34", "bisenet-r18", "selfie-multiclass", "none")
    parser.add_argument(
        "--parser",
        choices=names,
        default="auto",
        help=f"{what}, all from the Hub; default: the first that is here",
    )


def add_encoding(parser: argparse.ArgumentParser) -> None:
    """How results are written: `--format` and `--quality`."""
    parser.add_argument(
        "--format", choices=("png", "tiff", "webp", "jpg", "avif"), help="of a folder's results"
    )
    parser.add_argument(
        "--quality", metavar="1..100", type=int, default=95, help="of jpg, avif, webp; 100 lossless"
    )


def add_device_and_json(parser: argparse.ArgumentParser) -> None:
    """Where networks run, and whether facts are for machines: `--device` and `--json`."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", action="store_true", help="print the facts as one JSON object")
