"""The page: one self-contained HTML file, in the order in which a reader asks.

It fetches nothing, needs no script to be read, and is the same bytes for the same input. What comes from outside is
escaped by the template engine, which has autoescape on; pictures arrive as Markup, escaped where they were drawn.
"""

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from firedrill.model.drill import Drill
from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report.parts import parts
from firedrill.report.section_inputs import for_machines, inputs, listed
from firedrill.report.section_lost import lost
from firedrill.report.section_objectives import objectives_table
from firedrill.report.section_phases import phases_table
from firedrill.report.section_putback import put_back
from firedrill.report.section_quality import quality
from firedrill.report.section_timeline import timeline
from firedrill.report.section_users import errors_table, journeys_table
from firedrill.report.table import Outcome


def render_page(drill: Drill, history: History, verdict: Verdict) -> str:
    """The whole page as HTML."""
    return as_page("page.html.j2", sections(drill, history, verdict))


def as_page(name: str, content: dict[str, Any]) -> str:
    """A template of this package with its content filled in."""
    page = template(name).render(content)
    return page.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be written to a file


@cache
def template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("firedrill.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(css=asset("page.css"), script=asset("page.js"))
    environment.tests["outcome"] = lambda cell: isinstance(cell, Outcome)
    return environment.get_template(name)


def asset(name: str) -> Markup:
    """Our own style sheet or script, put into the page as it is."""
    return Markup(files("firedrill.report").joinpath(name).read_text("utf-8"))  # noqa: S704 shipped with the package


def sections(drill: Drill, history: History, verdict: Verdict) -> dict[str, Any]:
    return {
        "drill": drill,
        "run": history.run,
        "verdict": verdict,
        "parts": parts(verdict),
        "objectives": objectives_table(drill, verdict),
        "timeline": timeline(drill, history, verdict),
        "phases": phases_table(verdict),
        "journeys": journeys_table(verdict),
        "errors": errors_table(history, verdict),
        "lost": lost(drill, history, verdict),
        "put_back": put_back(history, verdict),
        "quality": quality(drill, history, verdict),
        "inputs": inputs(drill, history, verdict),
        "settings": listed(history.run.settings),
        "versions": listed(history.run.versions),
        "machines": for_machines(history, verdict),
    }
