"""What a browser is shown: the reader's page, and a page to try the API. Every file is this process's own."""

from collections.abc import Mapping
from pathlib import Path

from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE = Path(__file__).parent.parent / "page" / "dist"
SWAGGER_UI = Path(__file__).parent / "swagger_ui"

_COMMON = "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# The reader's page plays clips through YouTube's player, which its reader has to allow, or from where they
# are. YouTube refuses to play in pages that don't say where they are from.
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' https://www.youtube.com; "
    "frame-src https://www.youtube-nocookie.com https://www.youtube.com; img-src 'self' data:; "
    f"media-src 'self' http: https: data: blob:; {_COMMON}",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-cache",
}
# Swagger UI writes styles into its elements, and images into its styles.
_DOCS_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; connect-src 'self'; {_COMMON}",
    "Cache-Control": "no-cache",
}

_DOCS = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Ambiance over HTTP</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <script src="docs/swagger-ui-bundle.js" defer></script>
  <script src="docs/start.js" defer></script>
</head>
<body><main id="docs"></main></body>
</html>
"""


class _Files(StaticFiles):
    """A folder's files, each with these headers."""

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._headers = headers

    async def check_config(self) -> None:
        """Do nothing: a folder that isn't there holds no file, and the rest is served."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or what says that there is none."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


class _Compressed(_Files):
    """A folder of files that are kept compressed, `name.gz` for `name`, as every browser reads them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, compressed, under the type of what it holds."""
        response = await super().get_response(f"{path}.gz", scope)
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Type"] = "text/css" if path.endswith(".css") else "text/javascript"
        return response


_START = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, tryItOutEnabled: true, validatorUrl: null,
});
"""


async def _docs(_: Request) -> Response:
    return HTMLResponse(_DOCS, headers=_DOCS_HEADERS)


async def _start(_: Request) -> Response:
    return Response(_START, headers=_DOCS_HEADERS, media_type="text/javascript")


def page_routes() -> list[BaseRoute]:
    """The routes of both pages."""
    page = _Files(PAGE, _PAGE_HEADERS)

    async def file(request: Request) -> Response:
        return await page.get_response(request.path_params.get("name", "index.html"), request.scope)

    gzip = [Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)]
    return [
        Route("/docs", _docs),
        Route("/docs/start.js", _start),
        Mount("/docs", _Compressed(SWAGGER_UI, _DOCS_HEADERS)),
        Route("/", file, middleware=gzip),
        Mount("/assets", _Files(PAGE / "assets", _PAGE_HEADERS), middleware=gzip),
        Route("/{name}", file, middleware=gzip),  # an icon and the like, which browsers ask for there
    ]
