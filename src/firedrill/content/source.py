"""What a Python module offers, read from its source: names and arguments of functions, without importing it.

Importing runs code and costs seconds (some SDKs ten of them); a drill must be checkable without either.
"""

import ast
import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from firedrill.content.shape import At, near_match
from firedrill.content.yaml import shown
from firedrill.errors import InvalidFile

DOTTED = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"


@dataclass(frozen=True)
class Function:
    """`arguments` is None when it takes any (or is only bound here, so that nobody can tell)."""

    name: str
    is_async: bool
    arguments: frozenset[str] | None = None
    needed: frozenset[str] = frozenset()


def find_function(root: Path, module: str, name: str, at: At) -> Function:
    """The function `name` of a module in the project or of an installed package; InvalidFile at `at` otherwise."""
    functions = functions_of(root, module, at)
    if name not in functions:
        offered = ", ".join(function for function in functions if not function.startswith("_"))
        where = shown(module_path(root, module) or root)
        raise at.refuse(f"{where} has no function {name!r}", offered or "(it has none)", near_match(name, functions))
    return functions[name]


def functions_of(root: Path, module: str, at: At) -> dict[str, Function]:
    """Everything that can be called in a module, by name; InvalidFile at `at` when there is no such module."""
    path = module_path(root, module)
    if path is None:
        raise at.refuse(
            f"there is no module {module}", f"a module below {shown(root)} or of an installed package", "create it"
        )
    return read_functions(path)


def module_path(root: Path, module: str) -> Path | None:
    """The source file of a dotted module, or None. Looks into the project first, then among installed packages."""
    top, *rest = module.split(".")
    bases = [root / top] if (root / top).is_dir() or (root / f"{top}.py").is_file() else installed(top)
    for base in bases:
        leaf = base.joinpath(*rest)
        for candidate in (leaf.with_suffix(".py"), leaf / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def installed(top: str) -> list[Path]:
    """Folders (or module, without its suffix) of an installed top-level package; finding one imports nothing."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(location) for location in spec.submodule_search_locations]
    return [Path(spec.origin).with_suffix("")] if spec.origin else []


def read_functions(path: Path) -> dict[str, Function]:
    """Every top-level name that can be called, by name; InvalidFile when the module is not Python."""
    now = path.stat()
    return functions_at(path, now.st_mtime_ns, now.st_size)


@functools.cache
def functions_at(path: Path, _mtime_ns: int, _size: int) -> dict[str, Function]:
    """Parsed once for all the drills that name it, as long as the file is the same."""
    try:
        tree = ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = getattr(error, "msg", str(error))
        raise InvalidFile(f"the module is not Python: {reason}", where=f"{shown(path)}:{line}") from error
    return {function.name: function for statement in tree.body for function in called_by(statement)}


def called_by(statement: ast.stmt) -> list[Function]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return [signature(statement)]
    if isinstance(statement, ast.ImportFrom):
        return [Function(alias.asname or alias.name, is_async=True) for alias in statement.names]
    if isinstance(statement, ast.Assign):
        return [Function(target.id, is_async=True) for target in statement.targets if isinstance(target, ast.Name)]
    return []


def signature(statement: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    given = statement.args
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    keyword = [argument.arg for argument in given.kwonlyargs]
    optional_keywords = {name for name, default in zip(keyword, given.kw_defaults, strict=True) if default is not None}
    needed = {*positional[: len(positional) - len(given.defaults)], *keyword} - optional_keywords
    arguments = None if given.kwarg else frozenset((*positional, *keyword))
    return Function(statement.name, isinstance(statement, ast.AsyncFunctionDef), arguments, frozenset(needed))


def check_probe(root: Path, dotted: str, at: At) -> None:
    """A watch, invariant or witness must be an `async def` of an existing module."""
    module, _, name = dotted.rpartition(".")
    if not find_function(root, module, name, at).is_async:
        raise at.refuse(f"{dotted} is a plain function", f"async def {name}(ask)", "write async def")
