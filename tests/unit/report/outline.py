"""A page read as a reader of its source would: headings, tables and text, without pictures. Also what it could fetch."""

from html.parser import HTMLParser

BLOCKS = frozenset({"h1", "h2", "h3", "p", "li", "caption", "summary", "figcaption", "tr", "dt"})
CELLS = frozenset({"td", "th", "dd"})
SILENT = frozenset({"svg", "style", "script", "head"})
VOID = frozenset({"meta", "link"})
ADDRESSES = frozenset({"src", "href", "srcset", "action", "data", "poster", "xlink:href"})


class Outline(HTMLParser):
    """`lines` is the text by block, a heading marked by its level; `addresses` is every attribute that names a resource."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.data = ""
        self._silent = 0
        self._in_data = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"] or ""] if "id" in given else []
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]
        self._in_data = given.get("type") == "application/json"
        if tag in SILENT:
            self._silent += 1
        if tag in BLOCKS:
            self.lines.append("#" * int(tag[1]) + " " if tag[0] == "h" and tag[1:].isdigit() else "")
        elif tag in CELLS and self.lines:
            self.lines[-1] += " | " if self.lines[-1] else ""

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
            self._in_data = False
        if not self._silent and self.lines and data.strip():
            self.lines[-1] += " ".join(data.split()) + ("" if data.endswith("\n") else " ")

    @property
    def text(self) -> str:
        return "\n".join(" ".join(line.split()) for line in self.lines if line.strip(" |")) + "\n"
