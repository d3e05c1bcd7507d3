"""All commands as one program, and what becomes of their errors."""

import argparse
import logging
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from genapp.cli import (
    augment,
    colorize,
    faces,
    frames,
    models,
    outliers,
    serve,
    sketch_to_face,
    translate,
    try_on,
    upscale,
)
from genapp.errors import UserError

logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Pillow warns about oddities in metadata, which `images` already deals with.
    warnings.filterwarnings("ignore", module="PIL")
    options = parser().parse_args(arguments)
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


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        self.exit(2, f"{text}. Run `{self.prog} --help` for what is possible.\n")


def parser() -> Parser:
    """Of every command. What it parses has a function `run`, which takes it."""
    parser = Parser(prog="python -m genapp", description="Generative image models.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    try_on.add(commands.add_parser("try-on", help="put glasses on the faces of a photo"))
    frames.add(commands.add_parser("frames", help="list the frames, and export them as models"))
    colorize.add(commands.add_parser("colorize", help="colour a grey photo"))
    upscale.add(commands.add_parser("upscale", help="enlarge a picture"))
    faces.add(commands.add_parser("faces", help="make faces of people who do not exist"))
    translate.add(commands.add_parser("translate", help="paint a photo in a style"))
    sketch_to_face.add(commands.add_parser("sketch-to-face", help="make a photo of a drawn face"))
    augment.add(commands.add_parser("augment", help="grow a small data set"))
    outliers.add(commands.add_parser("outliers", help="find the pictures that don't belong"))
    models.add(commands.add_parser("models", help="list, fetch and check the models"))
    serve.add(commands.add_parser("serve", help="open the app in the browser"))
    return parser
