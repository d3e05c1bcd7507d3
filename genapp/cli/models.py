"""`python -m genapp models`: what the catalogue names, and whether it is here."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genapp.cli import models_audit
from genapp.cli.output import (
    print_json,
    print_table,
    report_failures,
    size_text,
    transfer_bar,
    yes_or_no,
)
from genapp.errors import BadValue, UnknownName, UserError
from genapp.registry.catalog import Catalog, File, Model, load
from genapp.registry.listing import is_present, listed
from genapp.registry.store import Store

EXAMPLES = Path(__file__).parents[1] / "ui" / "examples"
"""Photographs that an exported model is compared on."""


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="every model, and whether it is here")
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="all that is known about one model")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(run=_show)
    pull = actions.add_parser("pull", help="fetch models, to have them without a network")
    pull.add_argument("names", metavar="NAME", nargs="*")
    pull.add_argument(
        "--all", action="store_true", help="every model that is pinned and may be used"
    )
    pull.add_argument(
        "--task", metavar="TASK", help="with --all: only of this task, such as colorize"
    )
    pull.set_defaults(run=_pull)
    verify = actions.add_parser("verify", help="hash models again; by default those that are here")
    verify.add_argument("names", metavar="NAME", nargs="*")
    verify.set_defaults(run=_verify)
    licenses = actions.add_parser("licenses", help="which licence covers which models")
    licenses.set_defaults(run=_licenses)
    models_audit.add(actions.add_parser("audit", help="ask the Hub whether it has what is pinned"))
    exporting = actions.add_parser("export", help="write a torch model as an ONNX file")
    exporting.add_argument("name", metavar="NAME")
    exporting.add_argument(
        "-o", "--output", metavar="OUT.onnx", type=Path, help="default: the model's own name"
    )
    exporting.set_defaults(run=_export)
    for action in (listing, show, pull, verify, licenses, exporting):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _list(options: argparse.Namespace) -> int:
    rows = listed(load(), Store())
    if options.json:
        print_json({"models": rows})
        return 0
    table = [("NAME", "ENGINE", "LICENSE", "COMMERCIAL", "SIZE", "PIN", "HERE")]
    for row in rows:
        size = size_text(row["bytes"])
        pin = "" if row["embedded"] else row["confidence"] or "?"
        pin += "" if row["pinned"] else ", unpinned"
        flags = yes_or_no(row["commercial"]), size, pin, yes_or_no(row["present"])
        table.append((row["name"], row["engine"], row["license"], *flags))
    print_table(table)
    return 0


def _show(options: argparse.Namespace) -> int:
    model = load().get(options.name)
    present = is_present(model, Store())
    if options.json:
        extra = {"bytes": model.bytes, "embedded": model.embedded, "present": present}
        print_json(asdict(model) | extra)
        return 0
    print(f"{model.name}: {model.summary}")
    facts = [
        ("role", model.role),
        ("engine", model.engine),
        ("licence", f"{model.license}, commercial use {yes_or_no(model.commercial)}"),
        ("source", model.source),
        ("paper", model.paper),
        ("training data", model.training_data),
        ("size", size_text(model.bytes)),
        ("here", yes_or_no(present)),
    ]
    facts += [("file", _file_text(file)) for file in model.files]
    for kind, ports in (("input", model.inputs), ("output", model.outputs)):
        for port in ports:
            shape = "×".join(str(size) for size in port.shape)
            extras = [port.layout, port.colors, port.meaning]
            if port.range is not None:
                extras.insert(2, f"{port.range[0]:g} to {port.range[1]:g}")
            facts.append((kind, ", ".join([f"{port.name} {shape}", *filter(None, extras)])))
    for measure in model.measures:
        facts.append(("measured", f"{measure.what}: {measure.value:g} {measure.unit}"))
        facts.append(("", f"by {measure.command}"))
    print_table([(f"  {key}", value) for key, value in facts if value is not None])
    return 0


def _pull(options: argparse.Namespace) -> int:
    if bool(options.names) == options.all:
        raise BadValue("Which models?", "Give names, or --all for every one.")
    catalog, store = load(), Store()
    if options.all:
        models = _usable(_of_task(catalog, options.task), store)
    elif options.task is not None:
        raise BadValue("--task was given with names.", "Use it with --all.")
    else:
        models = [catalog.get(name) for name in options.names]

    def fetch(model: Model) -> list[Path]:
        with transfer_bar(model.name) as progress:
            return store.fetch(model, progress)

    return _each_model(options, models, fetch, "here")


def _of_task(catalog: Catalog, task: str | None) -> list[Model]:
    tasks = {model.task for model in catalog.models}
    if task is not None and task not in tasks:
        raise UnknownName("task", task, tasks)
    return [model for model in catalog.models if task in {None, model.task}]


def _usable(models: Sequence[Model], store: Store) -> list[Model]:
    """Those that would not be refused; says which would be."""
    usable = []
    for model in models:
        if not all(store.takes(file) for file in model.files):
            print(f"{model.name}: left out, for it is not pinned", file=sys.stderr)
        else:
            usable.append(model)
    return usable


def _verify(options: argparse.Namespace) -> int:
    catalog, store = load(), Store()
    if options.names:
        models = [catalog.get(name) for name in options.names]
    else:
        # What was never fetched need not be here.
        models = [model for model in catalog.models if model.embedded or is_present(model, store)]

    def verify(model: Model) -> list[Path]:
        return [store.verify(file) for file in model.files]

    return _each_model(options, models, verify, "as it should be")


def _each_model(
    options: argparse.Namespace,
    models: Sequence[Model],
    work: Callable[[Model], list[Path]],
    done: str,
) -> int:
    """Fetch or check models, all of them whatever becomes of one."""
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    for model in models:
        try:
            paths = work(model)
        except UserError as error:
            failures.append({"file": model.name, "reason": str(error)})
        else:
            rows.append({"name": model.name, "files": [str(path) for path in paths]})
            if not options.json:
                print(f"{model.name}: {done}")
    if options.json:
        failed = [{"name": failure["file"], "reason": failure["reason"]} for failure in failures]
        print_json({"models": rows, "failures": failed})
    return report_failures(failures)


def _export(options: argparse.Namespace) -> int:
    from genapp import images
    from genapp.registry.export import export

    model = load().get(options.name)
    target = options.output or Path(f"{model.name.rpartition('/')[2]}.onnx")
    photos = [images.read(path) for path in sorted(EXAMPLES.glob("*.jpg"))]
    pictures = [images.to_float(photo.pixels) for photo in photos]
    exported = export(model, Store(), target, pictures)
    if options.json:
        print_json({**asdict(exported), "path": str(exported.path), "name": model.name})
        return 0
    shape = "×".join(str(size) for size in exported.shape)
    print(f"{exported.path}: {size_text(exported.bytes)}, {model.inputs[0].name} {shape}")
    for parity in exported.parity:
        print(f"  {parity.text}")
    return 0


def _licenses(options: argparse.Namespace) -> int:
    groups: dict[tuple[str, bool], list[str]] = {}
    catalog = load()
    for model in catalog.models:
        groups.setdefault((model.license, model.commercial), []).append(model.name)
    if options.json:
        rows = [
            {"license": license, "commercial": commercial, "models": names}
            for (license, commercial), names in groups.items()
        ]
        print_json({"licenses": rows})
        return 0
    for (license, commercial), names in groups.items():
        print(f"{license} (commercial use: {yes_or_no(commercial)})")
        # Where it is not the licence that forbids it, what the model learnt from does.
        tells_why = commercial or "-NC" in license
        for name in names:
            why = "" if tells_why else f" (training data: {catalog.get(name).training_data})"
            print(f"  {name}{why}")
    return 0


def _file_text(file: File) -> str:
    facts = [file.label]
    if file.path is None:
        facts += [
            f"commit {file.commit or 'unknown'}",
            f"confidence {file.confidence or 'unknown'}",
        ]
    facts.append(f"SHA-256 {file.sha256 or 'unknown'}")
    return ", ".join(facts) + ("" if file.pinned else f": not pinned, {file.doubt}")
