"""What a student wrote, shown so that it cannot act as its reader: formgrader's pages are the instructor's own origin.

Allow-lists only: known outputs, known markup, known metadata. Everything else is dropped; text/plain is always there.
"""

from __future__ import annotations

import re
from typing import Any

import bleach
from bleach.css_sanitizer import CSSSanitizer
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor

TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
ATTRIBUTES = {
    "*": ["class", "style", "title", "align"],
    "a": ["href"],
    "img": ["alt", "height", "width", "src"],
    "ol": ["start"],
    "td": ["colspan", "rowspan", "valign"],
    "th": ["colspan", "rowspan", "scope", "valign"],
}
STYLES = [
    "color",
    "background-color",
    "text-align",
    "font-weight",
    "font-style",
    "width",
    "height",
    "border",
    "padding",
]
PICTURES = ("image/png", "image/jpeg")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
DATA_PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
ADDRESS = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
SCRIPT = re.compile(r"(java|vb)script\s*:", re.IGNORECASE)
MATHJAX = re.compile(r"https://cdnjs\.cloudflare\.com/ajax/libs/mathjax/[^\"?]*")  # nbconvert's template names no other
HIDDEN_TEXT = re.compile(
    r"<(script|style|template)\b.*?(</\1\s*>|$)", re.DOTALL | re.IGNORECASE
)  # bleach would show it
ACTIVE = re.compile(r"<script\b.*?</script>|@font-face\s*{[^}]*}", re.DOTALL | re.IGNORECASE)
LEXER = re.compile(r"[A-Za-z0-9+#_-]{1,30}")


def clean(html: str) -> str:
    """Markup with what can act taken out. Pictures only when they are inside the text itself."""
    kept = bleach.clean(
        HIDDEN_TEXT.sub("", html),
        tags=TAGS,
        attributes=_attribute,
        protocols={"http", "https", "mailto", "data"},
        css_sanitizer=CSSSanitizer(allowed_css_properties=STYLES),
        strip=True,
    )
    return SCRIPT.sub("", kept)  # mathematics is typeset later, and its links are markup of its own


def _attribute(tag: str, name: str, value: str) -> bool:
    if name not in (*ATTRIBUTES["*"], *ATTRIBUTES.get(tag, ())):
        return False
    match name:
        case "src":
            return DATA_PICTURE.fullmatch(value) is not None
        case "href":
            return ADDRESS.match(value) is not None
    return True


class Harmless(Preprocessor):
    """Drops what is not known to be harmless from a notebook that is about to become a page."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        lexer = str(nb.metadata.get("language_info", {}).get("pygments_lexer", "python"))
        nb.metadata = type(nb.metadata)()
        nb.metadata["language_info"] = {"name": "python", "pygments_lexer": lexer if LEXER.fullmatch(lexer) else "text"}
        nb.cells = [_cell(cell) for cell in nb.cells if cell.cell_type in ("code", "markdown")]
        return nb, resources


def _cell(cell: Any) -> Any:
    about = cell.metadata.get("nbgrader")
    cell.metadata = type(cell.metadata)()
    if about is not None and GRADE_ID.fullmatch(str(about.get("grade_id", ""))):
        cell.metadata["nbgrader"] = about
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(cell.get("id", "x"))):
        cell.id = "cell"
    if cell.cell_type == "markdown":
        cell.attachments = _attachments(cell.get("attachments", {}))
    else:
        count = cell.get("execution_count")
        cell.execution_count = count if isinstance(count, int) else None
        cell.outputs = [kept for output in cell.outputs if (kept := _output(output)) is not None]
    return cell


def _attachments(given: Any) -> dict[str, dict[str, str]]:
    kept = {}
    for name, pictures in dict(given).items():
        good = {kind: data for kind, data in dict(pictures).items() if kind in PICTURES and BASE64.fullmatch(str(data))}
        if good and re.fullmatch(r"[\w. -]{1,100}", name):
            kept[name] = good
    return kept


def _output(output: Any) -> Any | None:
    match output.output_type:
        case "stream":
            output.name = "stderr" if output.name == "stderr" else "stdout"
        case "error":
            output.traceback = [str(line) for line in output.traceback]
        case "display_data" | "execute_result":
            output.metadata = type(output.metadata)()
            output.data = type(output.data)({kind: data for kind, data in map(_shown, output.data.items()) if data})
            if "execution_count" in output and not isinstance(output.execution_count, int):
                output.execution_count = None
            return output if output.data else None
        case _:
            return None
    return output


def _shown(item: tuple[str, Any]) -> tuple[str, str]:
    kind, data = item
    text = "".join(data) if isinstance(data, list) else str(data)
    if kind == "text/html":
        return kind, clean(text)
    if kind in PICTURES and BASE64.fullmatch(text):
        return kind, text
    if kind == "text/plain":
        return kind, text
    if kind in ("text/latex", "text/markdown"):
        return kind, SCRIPT.sub("", text)
    return kind, ""


class HarmlessExporter(HTMLExporter):  # type: ignore[misc]  # nbconvert's class has no types
    """nbconvert's HTML with every notebook made harmless first, and rendered Markdown cleaned once more."""

    def _init_preprocessors(self) -> None:
        super()._init_preprocessors()
        self.register_preprocessor(Harmless(parent=self), enabled=True)

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        return clean(super().markdown2html(context, source))


class PageExporter(HarmlessExporter):
    """A page of the formgrader; formulas are typeset by this server's own MathJax."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> tuple[str, Any]:
        html, resources = super().from_notebook_node(nb, resources, **more)
        own = f"{resources.get('base_url', '')}/static/jupyter_server_mathjax/MathJax.js"
        return MATHJAX.sub(own, html), resources


class FeedbackExporter(HarmlessExporter):
    """Feedback as one quiet file: no scripts, nothing from elsewhere."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **more: Any) -> tuple[str, Any]:
        html, resources = super().from_notebook_node(nb, resources, **more)
        return ACTIVE.sub("", html), resources
