"""What a chapter's notebook may hold: prose, one cell of parameters, and short calls that end in something published."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PARAMETERS = 'edition = "suffolk-2025"\nproject_dir = ""\nout_dir = ""'
LONGEST_CELL = 10
LONGEST_SETUP = 8
MOST_EXHIBITS = 10
MOST_WORDS = 1500
MOST_WORDS_OF = {"summary": 450}
FOLDED = "More detail"
PUBLISHING = ("finding", "figure", "table", "map", "unavailable", "caveats", "recommendation", "quoted", "ranking", "key_findings")
READERS = ("loaders", "place_counts", "recorded_levels", "recorded_series", "data_quality", "people", "targets", "drivers", "voice")
"""The modules of ingest that read an edition's view; the others read raw files and are not for chapters."""
ALLOWED_IMPORTS = (
    *(f"svd_lib.ingest.{name}" for name in READERS),
    *(f"svd_lib.{name}" for name in ("edition", "measures", "figures", "report", "definition", "definition_switch", "vocabulary")),
)
FORBIDDEN_NODES = {
    ast.FunctionDef: "def", ast.AsyncFunctionDef: "async def", ast.ClassDef: "class", ast.Lambda: "lambda", ast.For: "for",
    ast.While: "while", ast.Try: "try", ast.With: "with", ast.ListComp: "a comprehension", ast.DictComp: "a comprehension",
    ast.SetComp: "a comprehension", ast.GeneratorExp: "a comprehension", ast.Global: "global",
}  # fmt: skip
FORBIDDEN_NAMES = {"open", "print", "eval", "exec", "input", "plt", "os", "sys", "subprocess", "random", "datetime", "time"}
FORBIDDEN_CALLS = re.compile(r"^(read_|to_(csv|parquet|excel|json|pickle|sql|html)$|savefig$|write_|now$|utcnow$|today$|urlopen$|default_rng$|sample$|shuffle$)")
_CELL_ID = re.compile(r"^[a-z][a-z0-9-]*$")
_RANDOM_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4})*")
_CODE_OF_AREA = re.compile(r"\b[EW]\d{8}\b")


def lint_notebook(path: Path, area_names: Sequence[str] = ()) -> list[str]:
    """Return one sentence per breach of the rules for chapters.

    Parameters
    ----------
    path : pathlib.Path
        A notebook.
    area_names : sequence of str
        Names of areas, none of which may be typed in a notebook.

    Returns
    -------
    list of str
        Empty when the notebook keeps every rule; each sentence names notebook, cell and remedy.
    """
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [{**cell, "source": "".join(cell["source"]), "number": number} for number, cell in enumerate(notebook["cells"], 1)]
    found = [problem for rule in RULES for problem in rule(path.stem, cells, notebook)]
    found += _area_names(cells, area_names)
    return [f"{path.name}: {problem}" for problem in found]


def _code(cells: list[dict]) -> list[dict]:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def _working_cells(cells: list[dict]) -> list[dict]:
    """Code cells after the parameters and the set-up."""
    return _code(cells)[2:]


def _has_title(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    if not cells or cells[0]["cell_type"] != "markdown" or not cells[0]["source"].startswith("# "):
        yield "cell 1: must be the title, a Markdown cell that begins with '# '."


def _has_one_parameters_cell(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    tagged = [cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        yield f"has {len(tagged)} cells tagged 'parameters'; it needs exactly one."
    elif tagged[0]["source"].strip() != PARAMETERS or tagged[0] is not _code(cells)[0]:
        yield f"cell {tagged[0]['number']}: the parameters must be the first code cell, and nothing but edition, project_dir and out_dir."


def _has_declared_needs(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    declared = notebook["metadata"].get("sna", {})
    if set(declared) != {"needs", "quotes"}:
        yield "its metadata must hold sna: {needs: [...], quotes: [...]}, and nothing else under sna."


def _has_no_outputs(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    for cell in _code(cells):
        if cell.get("outputs") or cell.get("execution_count"):
            yield f"cell {cell['number']}: holds outputs or a count; clear them before committing."


def _has_stable_ids(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    seen: set[str] = set()
    for cell in cells:
        identity = cell.get("id", "")
        if not _CELL_ID.match(identity) or _RANDOM_ID.match(identity) or identity in seen:
            yield f"cell {cell['number']}: the id '{identity}' must be a word of its own, not a random or repeated one."
        seen.add(identity)


def _has_short_cells(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    code = _code(cells)
    for position, cell in enumerate(code):
        lines = sum(bool(line.strip()) for line in cell["source"].splitlines())
        most = LONGEST_SETUP if position == 1 else LONGEST_CELL
        if lines > most:
            yield f"cell {cell['number']}: has {lines} lines; at most {most} are allowed, the rest belongs in svd_lib."


def _has_plain_code(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    for cell in _code(cells):
        if cell["source"].lstrip().startswith(("%", "!")) or "\n%" in cell["source"] or "\n!" in cell["source"]:
            yield f"cell {cell['number']}: uses a magic or a shell command; call svd_lib instead."
            continue
        try:
            tree = ast.parse(cell["source"])
        except SyntaxError as error:
            yield f"cell {cell['number']}: is not valid Python ({error.msg})."
            continue
        for problem in dict.fromkeys(_forbidden(tree)):
            yield f"cell {cell['number']}: {problem}."


def _forbidden(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if type(node) in FORBIDDEN_NODES:
            yield f"uses {FORBIDDEN_NODES[type(node)]}; logic belongs in svd_lib"
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield f"uses '{node.id}'; a chapter reads, draws and writes through svd_lib only"
        elif isinstance(node, ast.Attribute) and FORBIDDEN_CALLS.match(node.attr):
            yield f"calls '{node.attr}'; a chapter reads through the loaders and publishes through report"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _forbidden_imports(node)


def unsteady_sorts(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield each sort of a table by one column that leaves the order of rows that tie to the processor."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sort_values":
            given = {word.arg: word.value for word in node.keywords}
            by = node.args[0] if node.args else given.get("by")
            is_of_many = isinstance(by, ast.List) and (len(by.elts) > 1 or any(isinstance(one, ast.Starred) for one in by.elts))
            if by is not None and not is_of_many and "kind" not in given:
                yield node


def _sorts_steadily(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    for cell in _code(cells):
        with contextlib.suppress(SyntaxError):
            if any(unsteady_sorts(ast.parse(cell["source"]))):
                yield f"cell {cell['number']}: sorts by one column; add kind=\"stable\", or rows that tie lie in another order on another processor."


def _forbidden_imports(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        whole = f"{node.module}."
        names = [whole + alias.name if node.module == "svd_lib" or whole == "svd_lib.ingest." else node.module for alias in node.names]
    for name in names:
        if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED_IMPORTS):
            yield f"imports '{name}'; a chapter imports {', '.join(ALLOWED_IMPORTS)} only"


def _ends_in_something(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    for cell in _working_cells(cells):
        last = _last_statement(cell["source"])
        if not (isinstance(last, ast.Assign | ast.AnnAssign) or _publishes(last)):
            yield f"cell {cell['number']}: must end in an exhibit, a finding or an assignment."


def _last_statement(source: str) -> ast.stmt | None:
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return None
    return body[-1] if body else None


def _publishes(statement: ast.stmt | None) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in PUBLISHING


def _keeps_the_reading_budget(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    before = _before_the_folded_part(cells)
    exhibits = sum(len(re.findall(r"chapter\.(?:figure|table|map)\(", cell["source"])) for cell in _code(before))
    words = sum(len(re.findall(r"[A-Za-z’']+", cell["source"])) for cell in before if cell["cell_type"] == "markdown")
    most = MOST_WORDS_OF.get(name, MOST_WORDS)
    if exhibits > MOST_EXHIBITS:
        yield f"has {exhibits} exhibits before '{FOLDED}'; at most {MOST_EXHIBITS} are allowed."
    if words > most:
        yield f"has {words} words before '{FOLDED}'; at most {most} are allowed."


def _before_the_folded_part(cells: list[dict]) -> list[dict]:
    folded = [index for index, cell in enumerate(cells) if cell["cell_type"] == "markdown" and FOLDED in cell["source"]]
    return cells[: folded[0]] if folded else cells


def _has_ids_of_its_own(name: str, cells: list[dict], notebook: dict) -> Iterator[str]:
    for cell in _code(cells):
        for identity in re.findall(r"chapter\.(?:finding|figure|table|map)\(\s*[\"']([^\"']+)", cell["source"]):
            if not re.fullmatch(rf"{re.escape(name)}(-[a-z0-9]+)+", identity):
                yield f"cell {cell['number']}: the id '{identity}' must be lower case words joined by hyphens, beginning with '{name}-'."


def _area_names(cells: list[dict], names: Sequence[str]) -> Iterator[str]:
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b") if names else None
    for cell in cells:
        source = cell["source"].replace(PARAMETERS, "")
        for match in dict.fromkeys((pattern.findall(source) if pattern else []) + _CODE_OF_AREA.findall(source)):
            yield f"cell {cell['number']}: names '{match}'; a chapter names no area: use {{edition}} or the view."


RULES: tuple[Callable[[str, list[dict], dict], Iterator[str]], ...] = (
    _has_title,
    _has_one_parameters_cell,
    _has_declared_needs,
    _has_no_outputs,
    _has_stable_ids,
    _has_short_cells,
    _has_plain_code,
    _sorts_steadily,
    _ends_in_something,
    _keeps_the_reading_budget,
    _has_ids_of_its_own,
)


def area_names(root: Path) -> list[str]:
    """Return the names of the areas of every committed edition: the areas themselves, their districts and partnerships."""
    names: set[str] = set()
    for path in root.glob("data/editions/*/snapshot/view.json"):
        area = json.loads(path.read_text(encoding="utf-8"))["area"]
        names |= {area["name"], *area["lad"].values(), *area["csp"].values(), *area["utla"].values()}
    return sorted(names)


def lint_pages(root: Path, names: Sequence[str]) -> list[str]:
    """Return one sentence per area named in an authored page or template."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b") if names else None
    pages = sorted(root.glob("book/*.md")) + sorted(root.glob("book/_templates/**/*.html")) + [root / "_config.yml"]
    return [
        f"{page.relative_to(root)}: names '{match}'; a page names no area: use {{edition}}."
        for page in pages
        for match in dict.fromkeys(pattern.findall(page.read_text(encoding="utf-8")) if pattern else [])
    ]
