"""The endpoints as tools over MCP, called by a real client."""

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")


def ask(app_url: str, name: str, arguments: dict[str, Any]) -> tuple[set[str], Any]:
    """Names of the tools, and the answer of one. In a thread of its own, because the browser of
    other tests keeps an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(_ask(app_url, name, arguments))).result()


async def _ask(app_url: str, name: str, arguments: dict[str, Any]) -> tuple[set[str], Any]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async with (
        streamablehttp_client(f"{app_url}gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        tools = {tool.name for tool in (await session.list_tools()).tools}
        return tools, await session.call_tool(name, arguments)


def test_try_on_is_a_tool(app_url: str, portrait: Path) -> None:
    data = base64.b64encode(portrait.read_bytes()).decode()
    photo = {"photo": f"data:image/jpeg;base64,{data}"}
    tools, answer = ask(app_url, "try_on", {**photo, "frame": "round"})
    assert tools == {
        "try_on",
        "colorize",
        "translate",
        "sketch_to_face",
        "upscale",
        "faces",
        "outliers",
        "augment",
        "models",
    }
    assert not answer.isError
    text = " ".join(part.text for part in answer.content if part.type == "text")
    assert "-round.png" in text
    assert "face_width_mm" in text


def test_a_mistake_is_a_sentence(app_url: str, portrait: Path) -> None:
    data = base64.b64encode(portrait.read_bytes()).decode()
    photo = {"photo": f"data:image/jpeg;base64,{data}"}
    _, answer = ask(app_url, "try_on", {**photo, "frame": "nothing"})
    assert answer.isError
    assert "There is no frame named 'nothing'" in answer.content[0].text
