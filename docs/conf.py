"""The docs site: what stands in this folder, with references that are generated as the site is built."""

import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from generate import openapi_file, replace_marks  # noqa: E402
from pygments.lexers.special import TextLexer  # type: ignore[import-untyped]  # noqa: E402

project = "Ambiance"
author = "the Ambiance authors"
project_copyright = "the Ambiance authors, Apache-2.0"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["examples", "performance", "plots", "generate", "style"]

html_theme = "furo"
html_title = "Ambiance"
html_static_path, html_css_files = ["style"], ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options: dict[str, object] = {"top_of_page_buttons": []}
pygments_style, pygments_dark_style = "friendly", "github-dark-high-contrast"

myst_heading_anchors = 3

# Docstrings write `code` as Markdown does.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 88
add_module_names = False


def setup(app: Any) -> None:
    """Generate pages as they are read, and the description of the HTTP face beside them."""
    app.add_lexer("csv", TextLexer)  # which pygments has none for
    app.connect("source-read", lambda _, __, source: replace_marks(source))
    app.connect("build-finished", _built)


def _built(app: Any, error: Exception | None) -> None:
    if error is None:
        openapi_file(Path(app.outdir))
