"""`python -m genapp serve`: the app in the browser."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=7860, help="default: %(default)s")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from genapp.ui import serve

    serve(options.host, options.port)
    return 0
