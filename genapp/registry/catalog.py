"""Which models exist: `weights/catalog.toml`, read into frozen dataclasses.

Every mistake in the file is a `CatalogError` that names the entry and the key. It is a developer's
mistake, so it is no `UserError`.
"""

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from genapp.errors import BadValue, ModelMissing, UnknownName

Backend = Literal["onnx", "torch", "data"]
BACKENDS = ("onnx", "torch", "data")
Confidence = Literal["A", "B", "C", "D"]
CONFIDENCES = ("A", "B", "C", "D")
"""How sure the commit, size and hash of a file on the Hub are: two independent sources agree, or
its Git LFS pointer was seen (A); one source gives them (B); only its name and size were seen (C);
nobody has seen it for this catalogue (D)."""
SURE = ("A", "B")
Role = Literal["default", "best"]
ROLES = ("default", "best")

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+([.-][a-z0-9]+)*")
SHA256 = re.compile(r"[0-9a-f]{64}")
COMMIT = re.compile(r"[0-9a-f]{40}")
REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# An SPDX identifier, or several joined with AND, OR and WITH.
LICENSE = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")
DIMENSION = re.compile(r"[a-z][a-z0-9_]*")
COLORS = ("RGB", "BGR", "grey", "Lab", "YCbCr")

# Files that run code when loaded: never, and only through torch.load(weights_only=True).
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".dill"})
TORCH_PICKLES = frozenset({".pt", ".pth", ".bin", ".ckpt"})


class CatalogError(ValueError):
    """The catalogue, or a model file that it describes, is wrong."""


@dataclass(frozen=True)
class File:
    """One file of a model: embedded in the weights folder, or on the Hub.

    Attributes:
        model: name of the entry it belongs to.
        sha256: 64 hexadecimal digits; None where nobody has told it, as for the next one.
        bytes: size.
        path: place under the weights folder, with forward slashes; None if on the Hub.
        repo: "owner/name" on the Hub; None if embedded, as for the next two.
        commit: 40 hexadecimal digits; None for whatever is newest.
        file: path inside the repository.
        confidence: how sure the last four and the hash are, one of `CONFIDENCES`; None if
            embedded, or where nobody has judged it.
    """

    model: str
    sha256: str | None
    bytes: int | None
    path: str | None = None
    repo: str | None = None
    commit: str | None = None
    file: str | None = None
    confidence: Confidence | None = None

    @property
    def label(self) -> str:
        """What to call it in a message."""
        return self.path or f"{self.repo}/{self.file}"

    @property
    def pinned(self) -> bool:
        """Its bytes can be told from any others."""
        return self.doubt is None

    @property
    def doubt(self) -> str | None:
        """Why it is not pinned, in a few words; None if it is."""
        if self.path is not None:
            return None if self.sha256 is not None else "no SHA-256 of it is known"
        known = {"commit": self.commit, "SHA-256": self.sha256}
        missing = [name for name, value in known.items() if value is None]
        if missing:
            return (
                f"no {' and no '.join(missing)} of it {'is' if len(missing) == 1 else 'are'} known"
            )
        if self.confidence not in (None, *SURE):
            return f"the confidence in its commit and SHA-256 is only {self.confidence}"
        return None

    def difference(self, path: Path) -> str | None:
        """How the bytes at `path` differ from what is known of them; None: they do not."""
        size = path.stat().st_size
        if self.bytes is not None and size != self.bytes:
            return f"it has {size:,} bytes instead of {self.bytes:,}"
        if self.sha256 is None:
            return None
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != self.sha256:
            return f"its SHA-256 is {digest[:12]}… instead of {self.sha256[:12]}…"
        return None


@dataclass(frozen=True)
class Port:
    """One input or output of a network.

    Attributes:
        name: as in the model file.
        shape: a number for a fixed dimension, a name for a free one.
        layout: a letter a dimension, such as "NCHW".
        colors: order of the colour channels: RGB, BGR, grey, Lab or YCbCr.
        range: lowest and highest value.
        meaning: what the values are.
    """

    name: str
    shape: tuple[int | str, ...]
    layout: str | None = None
    colors: str | None = None
    range: tuple[float, float] | None = None
    meaning: str | None = None


@dataclass(frozen=True)
class Measure:
    """A measured figure of quality or cost, and the command that measured it."""

    what: str
    value: float
    unit: str
    command: str


@dataclass(frozen=True)
class Model:
    """One entry of the catalogue.

    Attributes:
        name: task/architecture.tag.
        summary: what it does, one sentence.
        engine: what runs it: "onnx", "torch", or "data" for a file that is no network.
        license: SPDX expression.
        commercial: commercial use is allowed.
        source: where the weights come from.
        training_data: what it was trained on.
        paper: its address.
        size_multiple: height and width of the input must be multiples of this.
        scale: the output is this many times as wide and high as the input; None where that
            makes no sense.
        shared_norms: when it is opened, its size is made free and its instance norms take and give
            statistics, so that tiles of a picture fit together: `graphs.share_statistics`. The
            ports are those it has then.
        role: "default": the small one that its job begins with; "best": the one with the best
            quality, as its authors or others say; None: another.
        files: the first is the one to open, the others lie beside it.
        inputs, outputs: its ports, in the order of the model file.
        measures: what was measured.
        twin: name of the entry that has the same network for the other engine, with the same
            ports: either runs where the other was asked for, as the device has it
            (`registry/devices.py`). It is named by one of the two.
    """

    name: str
    summary: str
    engine: Backend
    license: str
    commercial: bool
    source: str
    training_data: str
    paper: str | None
    size_multiple: int
    files: tuple[File, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    measures: tuple[Measure, ...]
    scale: int | None = None
    shared_norms: bool = False
    role: Role | None = None
    twin: str | None = None

    @property
    def task(self) -> str:
        """What comes before the slash in its name."""
        return self.name.partition("/")[0]

    @property
    def bytes(self) -> int | None:
        """Size of all files together; None where one of them is not known."""
        sizes = [file.bytes for file in self.files if file.bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    @property
    def pinned(self) -> bool:
        """Every file is; others are used only where the user allows it (see `Store`)."""
        return all(file.pinned for file in self.files)

    @property
    def confidence(self) -> Confidence | None:
        """The least of its files'; None if no file has one."""
        return max((file.confidence for file in self.files if file.confidence), default=None)

    @property
    def embedded(self) -> bool:
        """Every file is in the weights folder: no download, ever."""
        return all(file.path is not None for file in self.files)


@dataclass(frozen=True)
class Catalog:
    """All models, in the order of the file.

    Attributes:
        models: those that may be used.
        hidden: those that `GENAPP_COMMERCIAL_ONLY=1` hides.
    """

    models: tuple[Model, ...]
    hidden: tuple[Model, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(model.name for model in self.models)

    def get(self, name: str) -> Model:
        """Raises `UnknownName`, with the close matches, or `ModelMissing` for a hidden one."""
        for model in self.models:
            if model.name == name:
                return model
        if self.hides(name):
            raise not_commercial(name)
        raise UnknownName("model", name, self.names)

    def hides(self, name: str) -> bool:
        """Whether there is such a model, and it is hidden."""
        return any(model.name == name for model in self.hidden)

    def allowed(self) -> "Catalog":
        """The same; with `GENAPP_COMMERCIAL_ONLY=1` models that may not be used commercially are
        hidden."""
        if not commercial_only():
            return self
        refused = tuple(model for model in self.models if not model.commercial)
        kept = tuple(model for model in self.models if model.commercial)
        return Catalog(kept, (*self.hidden, *refused))

    def twin(self, model: Model) -> Model | None:
        """The same network for the other engine."""
        return next(
            (each for each in self.models if each.name == model.twin or each.twin == model.name),
            None,
        )


def weights_folder() -> Path:
    """`GENAPP_WEIGHTS`, else the weights inside an installed package, else those of a clone.

    Raises:
        BadValue: `GENAPP_WEIGHTS` names no folder.
    """
    chosen = os.environ.get("GENAPP_WEIGHTS")
    if chosen:
        if not Path(chosen).is_dir():
            raise BadValue(
                f"GENAPP_WEIGHTS is {chosen!r}, which is not a folder.", "Correct it or unset it."
            )
        return Path(chosen)
    package = Path(__file__).resolve().parent.parent
    installed = package / "weights"
    return installed if installed.is_dir() else package.parent / "weights"


def commercial_only() -> bool:
    """Whether `GENAPP_COMMERCIAL_ONLY=1` hides models that may not be used commercially."""
    return os.environ.get("GENAPP_COMMERCIAL_ONLY") == "1"


def not_commercial(name: str, instead: str = "Choose another model") -> ModelMissing:
    """What to raise where somebody asks for a hidden model. `instead`: what to do about it."""
    return ModelMissing(
        f"{name} may not be used commercially, and GENAPP_COMMERCIAL_ONLY=1 is set.",
        f"{instead}, or unset it.",
    )


def load(path: Path | None = None) -> Catalog:
    """Read and check a catalogue, by default the one in `weights_folder()`. See
    `Catalog.allowed` for what it hides.

    Raises:
        CatalogError: it is missing or wrong; the message names the entry and the key.
    """
    path = path or weights_folder() / "catalog.toml"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        return parse(text).allowed()
    except (CatalogError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path}: {error}") from error


def parse(text: str) -> Catalog:
    """A catalogue from the text of its file. Raises `CatalogError` or `TOMLDecodeError`."""
    root = _Table("catalogue", tomllib.loads(text))
    models = tuple(_model(table) for table in root.tables("model"))
    root.close()
    seen: set[str] = set()
    for model in models:
        if model.name in seen:
            raise CatalogError(f"model {model.name!r}: name: is there twice")
        seen.add(model.name)
    catalog = Catalog(models)
    for model in models:
        if model.twin is not None:
            _check_twins(model, catalog)
    return catalog


def _check_twins(model: Model, catalog: Catalog) -> None:
    """Raises `CatalogError` if one cannot run in the other's place."""
    place = f"model {model.name!r}: twin: "
    if model.twin not in catalog.names:
        raise CatalogError(f"{place}there is no model {model.twin!r}")
    other = catalog.get(model.twin)
    if {model.engine, other.engine} != {"onnx", "torch"}:
        raise CatalogError(f"{place}{other.name!r} is not for the other engine")
    for kind in ("inputs", "outputs"):
        ports = [[(port.name, port.shape) for port in getattr(one, kind)] for one in (model, other)]
        if ports[0] != ports[1]:
            raise CatalogError(f"{place}{other.name!r} has other {kind}")


class _Table:
    """A TOML table that knows its place, hands out checked values, and misses none."""

    def __init__(self, place: str, values: Mapping[str, Any]) -> None:
        self.place = place
        self._left = dict(values)

    def error(self, key: str, problem: str) -> CatalogError:
        return CatalogError(f"{self.place}: {key}: {problem}")

    def has(self, key: str) -> bool:
        return key in self._left

    def text(self, key: str, pattern: re.Pattern[str] | None = None, like: str = "") -> str:
        value = self._take(key, str)
        if not value.strip():
            raise self.error(key, "is empty")
        if pattern is not None and not pattern.fullmatch(value):
            raise self.error(key, f"{value!r} is not {like}")
        return cast(str, value)

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def one_of(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise self.error(key, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def flag(self, key: str) -> bool:
        return cast(bool, self._take(key, bool))

    def count(self, key: str) -> int:
        value = cast(int, self._take(key, int))
        if value < 1:
            raise self.error(key, f"{value} is not 1 or more")
        return value

    def number(self, key: str) -> float:
        return float(self._take(key, int, float))

    def values(self, key: str) -> list[Any]:
        return cast(list[Any], self._take(key, list))

    def tables(self, key: str) -> list["_Table"]:
        """The tables of `[[key]]`, or none. Each is named after its number until it has a name."""
        rows = self.values(key) if self.has(key) else []
        prefix = f"{self.place}, " if self.place != "catalogue" else ""
        if not all(isinstance(row, dict) for row in rows):
            raise self.error(key, "is not a list of tables")
        return [_Table(f"{prefix}{key} {number}", row) for number, row in enumerate(rows, 1)]

    def close(self) -> None:
        """What is left was never asked for."""
        for key in self._left:
            raise self.error(key, "is not a known key")

    def _take(self, key: str, *kinds: type) -> Any:  # noqa: ANN401
        if key not in self._left:
            raise self.error(key, "is missing")
        value = self._left.pop(key)
        # TOML's true is no number, though Python's is.
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            names = {str: "text", bool: "true or false", int: "a whole number", list: "a list"}
            raise self.error(key, f"{value!r} is not {names.get(kinds[-1], 'a number')}")
        return value


def _model(table: _Table) -> Model:
    name = table.text("name", NAME, "task/architecture.tag in lower case")
    table.place = f"model {name!r}"
    engine = cast(Backend, table.one_of("engine", BACKENDS))
    model = Model(
        name=name,
        summary=table.text("summary"),
        engine=engine,
        license=table.text("license", LICENSE, "an SPDX expression"),
        commercial=table.flag("commercial"),
        source=table.text("source"),
        training_data=table.text("training_data"),
        paper=table.optional_text("paper"),
        size_multiple=table.count("size_multiple") if table.has("size_multiple") else 1,
        files=tuple(_file(part, name, engine) for part in table.tables("file")),
        inputs=_ports(table, "input"),
        outputs=_ports(table, "output"),
        measures=tuple(_measure(part) for part in table.tables("measure")),
        scale=table.count("scale") if table.has("scale") else None,
        shared_norms=table.flag("shared_norms") if table.has("shared_norms") else False,
        role=cast(Role, table.one_of("role", ROLES)) if table.has("role") else None,
        twin=table.text("twin", NAME, "a model's name") if table.has("twin") else None,
    )
    table.close()
    if model.shared_norms and engine != "onnx":
        raise table.error("shared_norms", "is for the onnx engine only")
    if not model.files:
        raise table.error("file", "is missing")
    for key, ports in (("input", model.inputs), ("output", model.outputs)):
        if engine == "data" and ports:
            raise table.error(key, "data has no ports")
        if engine != "data" and not ports:
            raise table.error(key, "is missing")
    return model


def _file(table: _Table, model: str, engine: Backend) -> File:
    file = File(
        model=model,
        sha256=(
            table.text("sha256", SHA256, "64 lower-case hexadecimal digits")
            if table.has("sha256")
            else None
        ),
        bytes=table.count("bytes") if table.has("bytes") else None,
        path=_inside(table, "path") if table.has("path") else None,
        repo=table.text("repo", REPO, "owner/name") if table.has("repo") else None,
        commit=(
            table.text("commit", COMMIT, "40 lower-case hexadecimal digits")
            if table.has("commit")
            else None
        ),
        file=_inside(table, "file") if table.has("file") else None,
        confidence=(
            cast(Confidence, table.one_of("confidence", CONFIDENCES))
            if table.has("confidence")
            else None
        ),
    )
    table.close()
    on_hub = {
        "repo": file.repo,
        "commit": file.commit,
        "file": file.file,
        "confidence": file.confidence,
    }
    if file.path is not None:
        for key, value in on_hub.items():
            if value is not None:
                raise table.error(key, "does not go with path: it is one or the other")
        for key, known in (("sha256", file.sha256), ("bytes", file.bytes)):
            if known is None:
                raise table.error(key, "is missing")
    elif file.repo is None:
        raise table.error("path", "is missing (or repo, commit and file)")
    elif file.file is None:
        raise table.error("file", "is missing")
    key = "path" if file.path else "file"
    suffix = PurePosixPath(file.path or file.file or "").suffix.lower()
    if suffix in PICKLES:
        raise table.error(key, f"{suffix} files run code when loaded; use safetensors or ONNX")
    if suffix in TORCH_PICKLES and engine != "torch":
        raise table.error(key, f"{suffix} files are for the torch engine only")
    return file


def _inside(table: _Table, key: str) -> str:
    """A relative path that stays inside its folder on every system."""
    value = table.text(key)
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value or ":" in value:
        raise table.error(key, f"{value!r} is not a path inside the folder")
    if str(path) != value:
        raise table.error(key, f"{value!r} is not a plain path such as {str(path)!r}")
    return value


def _ports(table: _Table, key: str) -> tuple[Port, ...]:
    ports = tuple(_port(part, f"{table.place}, {key}") for part in table.tables(key))
    names = [port.name for port in ports]
    if len(set(names)) < len(names):
        raise table.error(key, "a name is there twice")
    return ports


def _port(table: _Table, kind: str) -> Port:
    name = table.text("name")
    table.place = f"{kind} {name!r}"
    shape = tuple(table.values("shape"))
    for size in shape:
        fixed = isinstance(size, int) and not isinstance(size, bool) and size > 0
        if not fixed and not (isinstance(size, str) and DIMENSION.fullmatch(size)):
            raise table.error("shape", f"{size!r} is neither a size nor the name of a free one")
    layout = table.optional_text("layout")
    if layout is not None and (len(layout) != len(shape) or not layout.isalpha()):
        raise table.error("layout", f"{layout!r} does not give {len(shape)} dimensions a letter")
    port = Port(
        name=name,
        shape=shape,
        layout=layout,
        colors=table.one_of("colors", COLORS) if table.has("colors") else None,
        range=_range(table) if table.has("range") else None,
        meaning=table.optional_text("meaning"),
    )
    table.close()
    return port


def _range(table: _Table) -> tuple[float, float]:
    match table.values("range"):
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
        case other:
            raise table.error("range", f"{other!r} is not [lowest, highest]")


def _measure(table: _Table) -> Measure:
    measure = Measure(
        what=table.text("what"),
        value=table.number("value"),
        unit=table.text("unit"),
        command=table.text("command"),
    )
    table.close()
    return measure
