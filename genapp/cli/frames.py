"""`python -m genapp frames`: the frames of glasses, and their models."""

import argparse
from pathlib import Path

from genapp.cli.output import print_json, print_table
from genapp.errors import BadValue


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every frame with its sizes")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    listing.set_defaults(run=_list)
    export = actions.add_parser("export", help="write a frame as a 3-D model, to start from")
    export.add_argument("name", metavar="NAME")
    export.add_argument(
        "-o", "--output", metavar="OUT.glb", type=Path, required=True, help="a .glb file"
    )
    export.set_defaults(run=_export)


def _list(options: argparse.Namespace) -> int:
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
        print_json({"frames": rows})
        return 0
    table = [("NAME", "TITLE", "LENS-BRIDGE-TEMPLE", "WIDTH")]
    table += [(frame.name, frame.title, frame.size, f"{frame.width:.0f} mm") for frame in frames]
    print_table(table)
    return 0


def _export(options: argparse.Namespace) -> int:
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
