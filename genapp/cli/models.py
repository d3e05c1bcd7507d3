"""`python -m genapp models`: what the catalogue names, and whether it is here."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from genapp.cli.output import print_json, print_table, report_failures, size_text, yes_or_no
from genapp.errors import BadValue, ModelMissing, UserError
from genapp.registry.catalog import Catalog, Model, load
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
    pull.add_argument("--all", action="store_true", help="every model")
    pull.set_defaults(run=_pull)
    verify = actions.add_parser("verify", help="hash models again; by default those that are here")
    verify.add_argument("names", metavar="NAME", nargs="*")
    verify.set_defaults(run=_verify)
    licenses = actions.add_parser("licenses", help="which licence covers which models")
    licenses.set_defaults(run=_licenses)
    exporting = actions.add_parser("export", help="write a torch model as an ONNX file")
    exporting.add_argument("name", metavar="NAME")
    exporting.add_argument(
        "-o", "--output", metavar="OUT.onnx", type=Path, help="default: the model's own name"
    )
    exporting.set_defaults(run=_export)
    for action in (listing, show, pull, verify, licenses, exporting):
        action.add_argument("--json", action="store_true", help="print one JSON object")


def _list(options: argparse.Namespace) -> int:
    store = Store()
    rows: list[dict[str, Any]] = [
        {
            "name": model.name,
            "license": model.license,
            "commercial": model.commercial,
            "engine": model.engine,
            "bytes": model.bytes,
            "embedded": model.embedded,
            "pinned": model.pinned,
            "present": _present(model, store),
        }
        for model in load().models
    ]
    if options.json:
        print_json({"models": rows})
        return 0
    table = [("NAME", "ENGINE", "LICENSE", "COMMERCIAL", "SIZE", "HERE")]
    for row in rows:
        size = size_text(row["bytes"])
        flags = yes_or_no(row["commercial"]), size, yes_or_no(row["present"])
        table.append((row["name"], row["engine"], row["license"], *flags))
    print_table(table)
    return 0


def _show(options: argparse.Namespace) -> int:
    model = load().get(options.name)
    present = _present(model, Store())
    if options.json:
        extra = {"bytes": model.bytes, "embedded": model.embedded, "present": present}
        print_json(asdict(model) | extra)
        return 0
    print(f"{model.name}: {model.summary}")
    facts = [
        ("engine", model.engine),
        ("licence", f"{model.license}, commercial use {yes_or_no(model.commercial)}"),
        ("source", model.source),
        ("paper", model.paper),
        ("training data", model.training_data),
        ("size", size_text(model.bytes)),
        ("here", yes_or_no(present)),
    ]
    facts += [("file", f"{file.label}, SHA-256 {file.sha256 or 'unknown'}") for file in model.files]
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
    return _each_model(options, load(), Store(), fetch=True)


def _verify(options: argparse.Namespace) -> int:
    return _each_model(options, load(), Store(), fetch=False)


def _each_model(options: argparse.Namespace, catalog: Catalog, store: Store, *, fetch: bool) -> int:
    """Fetch or check models, all of them whatever becomes of one."""
    models = [catalog.get(name) for name in options.names] or catalog.models
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    for model in models:
        try:
            paths = [store.path(file) if fetch else store.verify(file) for file in model.files]
        except ModelMissing as error:
            # Nobody asked for this one by name, and it never was here.
            if not fetch and not options.names and not model.embedded:
                continue
            failures.append({"file": model.name, "reason": str(error)})
        except UserError as error:
            failures.append({"file": model.name, "reason": str(error)})
        else:
            rows.append({"name": model.name, "files": [str(path) for path in paths]})
            if not options.json:
                print(f"{model.name}: {'here' if fetch else 'as it should be'}")
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
    for model in load().models:
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
        for name in names:
            print(f"  {name}")
    return 0


def _present(model: Model, store: Store) -> bool:
    return all(store.find(file) is not None for file in model.files)
