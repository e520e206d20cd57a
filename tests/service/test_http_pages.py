"""What a browser is shown, and what it is told that can be called."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from gateway.http_json.routes import SOUNDTRACK, UNARY
from http_gateways import HttpGateway, http_gateway, problem


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpGateway]:
    page: Path = tmp_path_factory.mktemp("page") / "dist"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>Reader</title>" + " " * 2_000)
    (page / "assets" / "page.js").write_text("play();" * 1_000)
    (page / "icon.svg").write_text("<svg/>")
    (page.parent / "secret.txt").write_text("nobody's")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.http_json.pages.PAGE", page)
        with http_gateway([]) as gateway:
            yield gateway


def test_the_reader_s_page_is_served_with_a_strict_policy(gateway: HttpGateway) -> None:
    page, script = gateway.get("/"), gateway.get("/assets/page.js")
    assert page.text.startswith("<!doctype html><title>Reader")
    assert script.text.startswith("play();")
    for answer in (page, script):
        assert answer.headers["Content-Encoding"] == "gzip"
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self' https://www.youtube.com;" in policy
        assert "unsafe" not in policy
        assert "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" in policy
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert gateway.get(answer.url.removeprefix(gateway.url), headers=tag).status_code == 304
    assert gateway.get("/icon.svg").headers["Content-Type"].startswith("image/svg+xml")


@pytest.mark.parametrize("path", ["/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/assets/", "/nothing"])
def test_no_other_file_is(gateway: HttpGateway, path: str) -> None:
    answer = gateway.get(path)
    assert problem(answer)["status"] == "NOT_FOUND"


def test_a_page_to_try_it_needs_no_other_site(gateway: HttpGateway) -> None:
    page = gateway.get("/docs")
    assert "unsafe-eval" not in page.headers["Content-Security-Policy"]
    assert "//" not in page.text.replace("<!doctype html>", "")
    for file in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert f"docs/{file}" in page.text
        answer = gateway.get(f"/docs/{file}")
        kind = "text/css" if file.endswith("css") else "text/javascript"
        assert answer.headers["Content-Type"].partition(";")[0] == kind
        assert "SwaggerUI" in answer.text or "swagger-ui" in answer.text


def test_everything_that_can_be_called_is_described(gateway: HttpGateway) -> None:
    document = gateway.get("/openapi.json").json()
    validate(document, cls=OpenAPIV31SpecValidator)
    for route in (*UNARY, SOUNDTRACK):
        operation = document["paths"][route.path][route.verb.lower()]
        assert operation["summary"]
    assert {"/v1/texts:read", "/healthz", "/readyz"} <= set(document["paths"])
    schemas = document["components"]["schemas"]
    assert schemas["MatchTextRequest"]["properties"]["text"]["description"].startswith("1 to 20,000 Unicode")
    assert "minPassageSeconds if that is more" in str(schemas["ComposeSoundtrackRequest"])
    undescribed = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        if name != "Error"
        for field, held in schema.get("properties", {}).items()
        if not held.get("description")
    ]
    assert undescribed == []


def test_the_files_of_readers_are_read(gateway: HttpGateway) -> None:
    post: Any = gateway.post
    plain = post("/v1/texts:read?name=My day.txt", "né".encode(), {"Content-Type": "text/plain"})
    assert plain.json() == {"title": "My day", "text": "né", "warnings": []}
    page = post("/v1/texts:read?name=a", b"<p>I <b>am</b></p>", {"Content-Type": "text/html; charset=utf-8"})
    assert page.json()["text"].strip() == "I am"
    for bad in (b"", b"%PDF-1.7", b"PK\x03\x04 no archive"):
        error = problem(post("/v1/texts:read", bad))
        assert error["code"] == 400
        assert error["details"][0]["fieldViolations"][0]["field"] == "file"
