"""The docs site builds without a warning, and tells of everything that can be called."""

import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from html import unescape
from pathlib import Path

import pytest

import ambiance
from ambiance.artifact.v1 import artifact_service_pb2
from ambiance.limits import MAX_BOOK_BYTES
from ambiance.match.v1 import match_service_pb2
from ambiance.music.v1 import music_index_service_pb2
from ambiance.text.v1 import text_service_pb2
from clusters import ROOT
from gateway.http_json import bodies, connection, reading, routes, server, transcoding

pytestmark = pytest.mark.timeout(300)  # a quarter of a minute, of a core to itself

DOCS = ROOT / "docs"
PROTOS = (match_service_pb2, music_index_service_pb2, text_service_pb2, artifact_service_pb2)
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-E", "-q", "-W", "--keep-going", "-b", "html"]
    ran = subprocess.run([*command, DOCS, built], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
    return built


@cache
def text(page: Path) -> str:
    """What a page says, without its markup."""
    return unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', page.read_text(encoding="utf-8")))


def test_every_method_and_message_has_its_place(site: Path) -> None:
    for module in PROTOS:
        package = module.DESCRIPTOR.package
        found = anchors(site / "reference" / f"{package.split('.')[1]}.html")
        for service in module.DESCRIPTOR.services_by_name.values():
            names = [method.full_name for method in service.methods]
            names += [method.input_type.full_name for method in service.methods]
            names += [method.output_type.full_name for method in service.methods]
            wanted = {re.sub(r"[^a-z0-9]+", "-", name.lower()) for name in names}
            assert wanted <= found, wanted - found


def test_everything_to_import_is_told_of(site: Path) -> None:
    told = text(site / "reference" / "python.html") + text(site / "reference" / "values.html")
    assert [name for name in ambiance.__all__ if not re.search(rf"\b{name}\b", told)] == []
    for name in ("match_batch", "compose_soundtrack", "upsert_clips"):
        assert told.count(name) >= 2, name  # of both clients


def test_every_command_is_shown(site: Path) -> None:
    told = text(site / "reference" / "commands.html")
    for command in ("match", "encode", "import", "check-media"):
        assert f"usage: ambiance {command} " in told
    settings = text(site / "reference" / "settings.html")
    assert {"AMBIANCE_SERVE_HTTP_PORT", "AMBIANCE_TEXT_PORT"} <= set(re.findall(r"AMBIANCE_\w+", settings))


def test_the_keys_of_the_readers_page_are_told() -> None:
    keys = (ROOT / "gateway" / "page" / "src" / "parts" / "keys.ts").read_text(encoding="utf-8")
    listed = re.findall(r'^  \["([^"]+)", "([^"]+)"\],$', keys, re.M)
    told = (DOCS / "READ.md").read_text(encoding="utf-8").partition("| --- | --- |\n")[2]
    assert listed
    assert re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", told, re.M) == listed


def test_the_page_on_http_agrees_with_the_code(site: Path) -> None:
    page = (DOCS / "HTTP.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"`(GET|POST) (/v1/[^`?]*)", page))
    served = {(route.verb, route.path) for route in (*routes.UNARY, routes.SOUNDTRACK)}
    assert shown == served | {("POST", reading.PATH)}
    limits: Mapping[str, str] = {
        "the body of `/v1/soundtrack` and `/v1/match:batch`": f"{routes.LARGE_BODY_BYTES // MIB} MiB",
        "the body of `/v1/texts:read`": f"{MAX_BOOK_BYTES // MIB} MiB",
        "any other body": f"{routes.SMALL_BODY_BYTES // MIB} MiB",
        "values in a JSON body": f"{transcoding.MAX_VALUES:,}",
        "all bodies held at a time": f"{bodies.MAX_HELD_BYTES // MIB} MiB; beyond: 429",
        "a request's head": f"{server.MAX_HEAD_BYTES // 1024} KiB, within {connection.HEAD_S:g} s",
        "connections at a time": f"{connection.MAX_CONNECTIONS}; what comes over another: 503",
        "an idle connection": f"{server.KEEP_ALIVE_S} s",
    }
    assert dict(re.findall(r"^\| ([^|]*) \| ([^|]*) \|$", page.partition("## Limits")[2], re.M)) == {
        "of": "limit",
        "---": "---",
        **limits,
    }
    assert "POST /v1/soundtrack" in text(site / "reference" / "http.html")
    assert '"openapi": "3.1.0"' in (site / "openapi.json").read_text(encoding="utf-8")
