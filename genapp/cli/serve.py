"""`python -m genapp serve`: the app in the browser."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", help="address to listen on; default: GRADIO_SERVER_NAME, or this machine alone"
    )
    parser.add_argument(
        "--port",
        type=int,
        help="default: GRADIO_SERVER_PORT, or the first free one from 7860",
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from genapp.ui import serve

    serve(options.host, options.port)
    return 0
