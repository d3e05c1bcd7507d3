"""`python -m genapp models audit`: whether the Hub still has what the catalogue names."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from genapp.cli.output import print_json, print_table
from genapp.registry.audit import FINE, Finding, audit
from genapp.registry.catalog import File, load

SAME, OTHER, UNKNOWN = "same", "DIFFERS", "?"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="default: every model")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_audit)


def _audit(options: argparse.Namespace) -> int:
    catalog = load()
    models = [catalog.get(name) for name in options.names] or catalog.models
    findings = audit(models, progress=_tell)
    if options.json:
        print_json({"files": [_row(finding) for finding in findings]})
    else:
        _print(findings)
    return 0 if all(finding.status in FINE for finding in findings) else 1


def _tell(file: File) -> None:
    print(f"asking about {file.label}", file=sys.stderr)


def _row(finding: Finding) -> dict[str, Any]:
    file = finding.file
    return {
        "name": file.model,
        "repo": file.repo,
        "file": file.file,
        "confidence": file.confidence,
        "status": finding.status,
        "expected": asdict(finding.expected),
        "found": asdict(finding.found),
        "problems": list(finding.problems),
    }


def _print(findings: Sequence[Finding]) -> None:
    table: list[tuple[str, ...]] = [("NAME", "CONFIDENCE", "COMMIT", "SIZE", "SHA-256", "VERDICT")]
    for finding in findings:
        expected, found = asdict(finding.expected), asdict(finding.found)
        cells = [_cell(expected[key], found[key]) for key in ("commit", "bytes", "sha256")]
        file = finding.file
        table.append((file.model, file.confidence or UNKNOWN, *cells, finding.status))
    print_table(table)
    for finding in findings:
        for problem in finding.problems:
            print(f"{finding.file.label}: {problem}")
        if finding.status == "unpinned":
            print(f"{finding.file.label}: {finding.file.doubt}; the Hub has {_told(finding)}.")
    count = sum(finding.status not in FINE for finding in findings)
    unpinned = sum(finding.status == "unpinned" for finding in findings)
    print(
        f"{len(findings)} files asked about: {len(findings) - count - unpinned} as the catalogue "
        f"says, {unpinned} not pinned, {count} otherwise."
    )


def _cell(expected: object, found: object) -> str:
    """Of one thing that both may tell."""
    if expected is None or found is None:
        return UNKNOWN
    return SAME if expected == found else OTHER


def _told(finding: Finding) -> str:
    """What would make the pin."""
    found = finding.found
    size = "unknown" if found.bytes is None else f"{found.bytes} bytes"
    return f"commit {found.commit}, {size}, SHA-256 {found.sha256 or 'not told'}"
