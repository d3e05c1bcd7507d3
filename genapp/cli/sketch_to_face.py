"""`python -m genapp sketch-to-face`: a photo of a drawn face."""

import argparse
from pathlib import Path

from genapp.cli.arguments import add_device_and_json
from genapp.cli.output import print_json, progress_bar
from genapp.cli.pictures import check_output


def add(parser: argparse.ArgumentParser) -> None:
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
    add_device_and_json(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.translating import sketch_to_face

    check_output(options.input, options.output)
    with progress_bar() as progress:
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
        print_json({"outputs": [str(options.output)], **made.report()})
    else:
        print(options.output)
        print(f"  look {options.look}; this person does not exist")
    return 0
