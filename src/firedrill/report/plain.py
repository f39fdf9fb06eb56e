"""Text from outside made safe for places that are stricter than a page: XML, Markdown, one line of a table."""

import re

# What XML 1.0 cannot hold, not even escaped: controls except tab and newlines, lone surrogates, two non-characters.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Signs that Markdown (or the HTML inside it) reads as its own, anywhere in a line.
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~$@])")


def for_xml(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


def for_markdown(text: str) -> str:
    """On one line, with every sign that could become a link, an element, a mention or a column escaped."""
    flat = " ".join(for_xml(text).split())
    return MARKDOWN.sub(r"\\\1", flat).replace("&", "&amp;")
