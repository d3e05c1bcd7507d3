"""The catalogue that comes with genapp: what it says of files on the Hub, and that it is whole."""

import json
from pathlib import Path

import pytest

from genapp.registry.catalog import SURE, File, Model, load, weights_folder

PINS = Path(__file__).resolve().parents[3] / "shared" / "reference" / "hub-pins.json"
MODELS = load().models
ON_HUB = [file for model in MODELS for file in model.files if file.path is None]
JOBS = {
    "find faces": ("face/blazeface", "face/yunet"),
    "landmarks": ("face/facemesh",),
    "cut people out": ("face/selfie.",),
    "parse faces": ("face/parsing",),
    "enlarge": ("upscale/",),
    "colour photos": ("colorize/mobilenet-unet.", "colorize/ddcolor", "colorize/deoldify"),
    "colour drawings": ("colorize/sketch-unet",),
    "paint": ("translate/stylizer", "translate/fast-neural-style"),
    "make faces": ("faces/",),
}
"""What people want done, and how the names of the models that do it begin."""


@pytest.mark.parametrize("file", ON_HUB, ids=lambda file: f"{file.model}:{file.label}")
def test_file_on_the_hub_says_how_sure_it_is(file: File) -> None:
    assert file.confidence is not None
    complete = file.commit is not None and file.sha256 is not None
    assert file.pinned == (complete and file.confidence in SURE)


@pytest.mark.parametrize("job", JOBS)
def test_job_has_one_default_and_at_most_one_best(job: str) -> None:
    models = [model for model in MODELS if model.name.startswith(JOBS[job])]
    roles = [model.role for model in models]
    assert roles.count("default") == 1
    assert roles.count("best") <= 1


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_embedded_files_have_the_size_that_is_told(model: Model) -> None:
    for file in model.files:
        if file.path is not None:
            assert (weights_folder() / file.path).stat().st_size == file.bytes


@pytest.mark.skipif(not PINS.is_file(), reason="needs ../shared/reference/hub-pins.json")
def test_agrees_with_the_list_of_pins() -> None:
    pins = {(pin["repo_id"], pin["filename"]): pin for pin in json.loads(PINS.read_bytes())["pins"]}
    compared = 0
    for file in ON_HUB:
        pin = pins.get((str(file.repo), str(file.file)))
        if pin is None:
            continue
        compared += 1
        revision = pin["revision"] if len(pin["revision"]) == 40 else None
        assert (file.commit, file.sha256) == (revision, pin["sha256"]), file.label
        assert file.bytes == pin["size"], file.label
        assert file.confidence == pin["conf"], file.label
    assert compared > 15
