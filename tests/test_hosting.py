"""What hosts read: the Space's front matter, requirements, Dockerfile, and docs/hosting.md."""

import ast
import json
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parent.parent
HOSTING = (REPOSITORY / "docs" / "hosting.md").read_text(encoding="utf-8")
# Of https://huggingface.co/docs/hub/spaces-config-reference.
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
INSTRUCTIONS = "FROM|RUN|WORKDIR|COPY|ARG|USER|ENV|EXPOSE|HEALTHCHECK|CMD"


def required(file: str) -> dict[str, str]:
    """Distributions that a requirements file names, each with its versions."""
    found = {}
    for line in (REPOSITORY / file).read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(r"([\w-]+)(?:\[\w+\])?([<>=~].*)", line)
        if match:
            found[match[1].lower()] = match[2]
        else:
            assert line == "" or line.startswith(("#", "-r ")), line
    return found


# The Space -----------------------------------------------------------------------------------


def test_front_matter() -> None:
    _, text, _ = (REPOSITORY / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    space = yaml.safe_load(text)
    assert space["sdk"] == "gradio"
    assert (REPOSITORY / space["app_file"]).is_file()
    assert {space["colorFrom"], space["colorTo"]} <= COLORS
    assert len(space["short_description"]) <= 60
    assert space["suggested_hardware"] == "cpu-basic"
    low, high = re.findall(r"\d+(?:\.\d+)*", required("requirements.txt")["gradio"])
    version = tuple(map(int, space["sdk_version"].split(".")))
    assert tuple(map(int, low.split("."))) <= version < (int(high),)
    assert tuple(map(int, space["python_version"].split("."))) >= (3, 11)


def test_the_cpu_needs_no_torch() -> None:
    lean, torch = required("requirements.txt"), required("requirements-torch.txt")
    assert not {"torch", "torchvision", "spandrel", "diffusers"} & lean.keys()
    assert {"torch", "torchvision"} <= torch.keys()
    assert not lean.keys() & torch.keys()


def imported() -> set[str]:
    """Packages of others that genapp imports anywhere."""
    names = set()
    for path in (REPOSITORY / "genapp").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add(str(node.module).partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"genapp"}


def test_what_is_imported_is_required() -> None:
    known = required("requirements.txt").keys() | required("requirements-torch.txt").keys()
    # What these need themselves: Gradio's server, the Hub client's HTTP library.
    known |= {"starlette", "fastapi", "pydantic", "httpx2"}
    installed = {**packages_distributions(), "cv2": ["opencv-python-headless"]}
    missing = {
        name
        for name in imported()
        if not known & {given.lower().replace("_", "-") for given in installed.get(name, [name])}
    }
    assert missing <= {"spaces"}  # Of a Space with ZeroGPU alone.


# Docker --------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, with continued lines as one."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_dockerfile() -> None:
    steps = instructions()
    words = [word for word, _ in steps]
    assert words[0] == "FROM"
    assert all(re.fullmatch(INSTRUCTIONS, word) for word in words)
    by_word = dict(steps)
    assert re.fullmatch(r"python:3\.1[1-9]-slim", by_word["FROM"])
    # A number, so that Kubernetes can tell that it isn't root.
    assert by_word["USER"] == "1000"
    assert words.index("USER") < words.index("CMD")
    command = json.loads(by_word["CMD"])
    assert command[:4] == ["python", "-m", "genapp", "serve"]
    port = command[command.index("--port") + 1]
    assert by_word["EXPOSE"] == port
    assert f"127.0.0.1:{port}/health" in by_word["HEALTHCHECK"]
    ast.parse(json.loads(by_word["HEALTHCHECK"].partition("CMD")[2])[-1])


def test_what_is_copied_is_there_and_nothing_else_is_sent() -> None:
    copied = {
        source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]
    }
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert copied == {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    for source in copied:
        assert (REPOSITORY / source).exists()


# The words -----------------------------------------------------------------------------------


def test_every_variable_is_documented() -> None:
    read = {
        name
        for path in (REPOSITORY / "genapp").rglob("*.py")
        for name in re.findall(r"\b(?:GENAPP|GRADIO)_[A-Z_]+\b", path.read_text(encoding="utf-8"))
    }
    # The app sets this one itself, for a folder that it clears away.
    assert {name for name in read - {"GRADIO_TEMP_DIR"} if f"`{name}`" not in HOSTING} == set()


@pytest.mark.parametrize("file", re.findall(r"^    - (.+)$", HOSTING, re.M))
def test_the_example_is_what_the_catalogue_pins(file: str) -> None:
    from genapp.registry.catalog import load

    repo, name, commit = file.split()
    pinned = [file for model in load().models for file in model.files if file.repo == repo]
    assert (name, commit) in {(file.file, file.commit) for file in pinned}
