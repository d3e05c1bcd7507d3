"""The import rule: ui, cli → tasks → features, sources → registry, images… → errors, files.

The rule is checked in the source, so that an import inside a function counts too.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "genapp"

# Parts of the package by layer, lowest first. Every other folder is a task.
LAYERS = (
    {"errors", "files", "nets"},
    {"archives", "images", "registry"},
    {"features", "sources"},
)
TOP = {"ui", "cli", "__main__", "__init__"}
TASK = len(LAYERS)


@dataclass(frozen=True)
class Import:
    """`from target import names` or `import target` in a file of the package."""

    file: Path
    line: int
    target: str
    names: tuple[str, ...]
    in_function: bool
    for_types_only: bool

    @property
    def part(self) -> str:
        """Which part of the package the file belongs to: "images", "tryon", "ui"…"""
        return self.file.relative_to(PACKAGE).parts[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.file.relative_to(REPOSITORY)}:{self.line} imports {self.target}"


def imports_of(file: Path) -> Iterator[Import]:
    def visit(node: ast.AST, in_function: bool, types_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            function = in_function or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            typed = types_only or (
                isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
            )
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(file, child.lineno, alias.name, (), function, typed)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{file}:{child.lineno}: relative import"
                names = tuple(alias.name for alias in child.names)
                yield Import(file, child.lineno, child.module or "", names, function, typed)
            yield from visit(child, function, typed)

    yield from visit(ast.parse(file.read_text(encoding="utf-8")), False, False)


ALL = [found for file in sorted(PACKAGE.rglob("*.py")) for found in imports_of(file)]
TASKS = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()} - set().union(
    *LAYERS, TOP
)


def layer(part: str) -> int:
    for number, parts in enumerate(LAYERS):
        if part in parts:
            return number
    return TASK + 1 if part in TOP else TASK


def may_use(user: str, used: str) -> bool:
    """Downwards always; sideways only a task another task, and the top itself."""
    if layer(user) == layer(used):
        return layer(user) >= TASK
    return layer(user) > layer(used)


def used_parts(found: Import) -> set[str]:
    """The parts of the package that one import reaches: `from genapp import images` → images."""
    if found.target == "genapp":
        return {
            name
            for name in found.names
            if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()
        }
    head, _, rest = found.target.partition(".")
    return {rest.split(".")[0]} if head == "genapp" else set()


def test_the_walk_sees_the_package() -> None:
    assert "tryon" in TASKS
    assert {"cli", "images", "registry", "tryon"} <= {found.part for found in ALL}
    assert any(found.in_function for found in ALL)


def test_imports_run_one_way() -> None:
    wrong = [
        str(found)
        for found in ALL
        for part in used_parts(found) - {found.part}
        if not may_use(found.part, part)
    ]
    assert wrong == []


def test_nobody_imports_the_top() -> None:
    allowed = {("__main__", "cli"), ("cli", "ui")}
    wrong = [
        str(found)
        for found in ALL
        for part in used_parts(found) & {"ui", "cli", "__main__"}
        if part != found.part and (found.part, part) not in allowed
    ]
    assert wrong == []


def test_tasks_are_used_through_their_public_names() -> None:
    """`from genapp.tryon import try_on`, not `from genapp.tryon.fit import …`."""
    wrong = [
        str(found)
        for found in ALL
        for task in TASKS
        if found.part != task
        and (
            found.target.startswith(f"genapp.{task}.")
            or (found.target == f"genapp.{task}" and not set(found.names) <= public_names(task))
        )
    ]
    assert wrong == []


def public_names(task: str) -> set[str]:
    for node in ast.parse((PACKAGE / task / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def test_tasks_form_no_circle() -> None:
    uses = {
        task: {part for found in ALL if found.part == task for part in used_parts(found) & TASKS}
        - {task}
        for task in TASKS
    }
    while free := {task for task, needs in uses.items() if not needs & uses.keys()}:
        for task in free:
            del uses[task]
    assert uses == {}


def test_gradio_is_imported_by_the_ui_only() -> None:
    wrong = [
        str(found)
        for found in ALL
        if found.target.split(".")[0] in {"gradio", "gradio_client"} and found.part != "ui"
    ]
    assert wrong == []


def test_torch_stays_where_it_belongs() -> None:
    """In nets/, and inside functions of registry/ and of augment."""
    wrong = [
        str(found)
        for found in ALL
        if found.target.split(".")[0] in {"torch", "torchvision"}
        and found.part != "nets"
        and not found.for_types_only
        and not (found.in_function and found.part in {"augmenting", "registry"})
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "statements",
    [
        "import genapp, genapp.tryon; genapp.try_on",
        "from genapp.cli import main; main(['models', 'list'])",
    ],
)
def test_start_up_is_light(statements: str) -> None:
    script = f"import json, sys\n{statements}\nprint()\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert "genapp" in loaded
    assert loaded & {"torch", "torchvision", "gradio"} == set()
    if "models" in statements:
        # Not needed to read a list, and slow.
        assert loaded & {"onnxruntime", "cv2"} == set()
