"""What an upload or a data: URL becomes."""

import base64
from pathlib import Path

import gradio as gr
import pytest

from genapp.errors import UnreadablePicture
from genapp.ui.photo_input import PhotoData, sent_file


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder))
    return folder


def test_an_upload_is_its_path(uploads: Path) -> None:
    path = str(uploads / "1a2b" / "me.jpg")
    assert sent_file({"path": path, "url": "http://127.0.0.1/me.jpg"}) == path


@pytest.mark.parametrize("path", ["/etc/hostname", "{uploads}/../app.py", "{uploads}-2/me.jpg"])
def test_what_was_not_uploaded_is_not_read(uploads: Path, path: str) -> None:
    with pytest.raises(UnreadablePicture, match="was not uploaded to this server"):
        sent_file({"path": path.format(uploads=uploads)})


@pytest.mark.parametrize("payload", [None, {"path": None, "url": None}])
def test_no_photo(payload: dict[str, object] | None) -> None:
    assert sent_file(payload) is None


def test_a_data_url_is_its_bytes() -> None:
    data = bytes(range(256))
    url = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    assert sent_file({"path": None, "url": url}) == data


def test_a_damaged_data_url() -> None:
    with pytest.raises(UnreadablePicture, match="data: URL of the photo is damaged"):
        sent_file({"path": None, "url": "data:image/png;base64,AAA"})


@pytest.mark.parametrize("sent", ["photo.jpg", 5, ["photo.jpg"]])
def test_what_is_no_file_is_told_how_to_be_one(sent: object) -> None:
    with pytest.raises(gr.Error, match="handle_file"):
        PhotoData.model_validate(sent)
