"""Elements of SVG as text: the few shapes that the charts are made of.

Every string that goes in is escaped here unless it is Markup already; numbers are cut to a tenth of a pixel. Colours
are classes, so that light, dark and print are decided in the style sheet.
"""

from markupsafe import Markup, escape

CHARACTER = 0.56  # average advance of the system font in em, on the wide side so that labels never touch


def number(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def tag(name: str, body: str = "", **attributes: str | float) -> Markup:
    """One element; `css` becomes class and underscores become hyphens."""
    pairs = "".join(f' {spelled(key)}="{valued(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{pairs}>{escape(body)}</{name}>" if body else f"<{name}{pairs}/>")  # noqa: S704 escaped above


def spelled(key: str) -> str:
    return "class" if key == "css" else key.replace("_", "-").removesuffix("-")


def valued(value: str | float) -> str:
    return str(escape(value)) if isinstance(value, str) else number(value)


def join(parts: list[Markup]) -> Markup:
    return Markup("").join(parts)


def titled(words: str) -> Markup:
    return tag("title", words) if words else Markup("")


def rect(x: float, y: float, width: float, height: float, css: str, tip: str = "", radius: float = 0) -> Markup:
    corners = {"rx": radius} if radius else {}
    return tag("rect", titled(tip), x=x, y=y, width=max(width, 0.0), height=height, **corners, css=css)


def line(x1: float, y1: float, x2: float, y2: float, css: str, tip: str = "") -> Markup:
    return tag("line", titled(tip), x1=x1, y1=y1, x2=x2, y2=y2, css=css)


def path(steps: str, css: str, tip: str = "") -> Markup:
    return tag("path", titled(tip), d=steps, css=css)


def text(x: float, y: float, words: str, css: str = "", anchor: str = "") -> Markup:
    placed = {"text_anchor": anchor} if anchor else {}
    return tag("text", words, x=x, y=y, **placed, css=css) if css else tag("text", words, x=x, y=y, **placed)


def width_of(words: str, size: float = 12) -> float:
    """Roughly how wide a text will be, in pixels."""
    return len(words) * size * CHARACTER


def shortened(words: str, room_px: float, size: float = 12) -> str:
    """The text, or its beginning and an ellipsis when the room is too small; "" when not even three letters fit."""
    if width_of(words, size) <= room_px:
        return words
    fits = int(room_px / (size * CHARACTER)) - 1
    return f"{words[:fits].rstrip()}\u2026" if fits >= 3 else ""
