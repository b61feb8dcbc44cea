"""The site: executed chapters and authored pages put into one book, and Jupyter Book run over it, warnings as errors."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import yaml

from svd_lib.build.boxes import settled
from svd_lib.build.chapters import documents_of, read_toc, source_of
from svd_lib.build.warm import SITE, WarmChild
from svd_lib.build.words import check_files
from svd_lib.edition import Edition
from svd_lib.errors import SnaError
from svd_lib.yaml_text import read_yaml

WARM_MODULES = (
    "jupyter_book.cli.main",
    "jupyter_book.sphinx",
    "myst_nb.sphinx_ext",
    "sphinx.builders.html",
    "sphinx.application",
    "sphinx_book_theme",
    "sphinx_external_toc",
    "svd_lib.build.theme",
    "svd_lib.build.quotes",
    "svd_lib.build.addresses",
    "svd_lib.build.pages",
    "svd_lib.build.commentary",
    "svd_lib.build.put_off",
    "sphinx.builders.html.transforms",
    "sphinx.builders.linkcheck",
    "sphinx.builders.manpage",
    "sphinx.builders.text",
    "sphinx.transforms.post_transforms.code",
    "sphinxcontrib.applehelp",
    "sphinxcontrib.qthelp",
    "sphinx.directives.code",
    "sphinx.directives.other",
    "sphinx.directives.patches",
    "sphinx.domains.c",
    "sphinx.domains.changeset",
    "sphinx.domains.citation",
    "sphinx.domains.cpp",
    "sphinx.domains.index",
    "sphinx.domains.javascript",
    "sphinx.domains.python",
    "sphinx.domains.rst",
    "sphinx.environment.collectors.asset",
    "sphinx.environment.collectors.toctree",
    "sphinx.ext.mathjax",
    "sphinx.writers.latex",
    "sphinx.builders.latex",
    "sphinx.builders.epub3",
    "sphinx.builders.texinfo",
    "myst_nb.ext.glue.domain",
    "myst_parser.sphinx_ext.myst_refs",
    "sphinx_external_toc.events",
    "sphinx_external_toc.parsing",
    "sphinx_multitoc_numbering",
    "docutils.languages.en",
    "docutils.writers.docutils_xml",
    "a11y_pygments.a11y_high_contrast_light.style",
    "a11y_pygments.a11y_high_contrast_dark.style",
)
"""What a process imports before it is forked to build sites."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def assemble_book(edition: Edition, executed: Path, book: Path, pages: Path | None = None) -> None:
    """Write the folder that Jupyter Book reads: configuration, contents, pages and executed chapters.

    Parameters
    ----------
    edition : Edition
        What is built; ``edition.out_path`` holds its findings and exhibits.
    executed : pathlib.Path
        Folder of executed notebooks.
    book : pathlib.Path
        Folder to make.
    pages : pathlib.Path, optional
        Folder of pages as Sphinx wrote them, kept from build to build; those that are there stand in for what did not change.
    """
    toc, findings = read_toc(edition.root), _findings(edition.out_path / "findings.json")
    shutil.copytree(edition.root / "book", book / "book")
    (book / "notebooks").mkdir()
    chapters: list[str] = []
    for document in documents_of(toc):
        source = source_of(edition.root, document)
        if source is not None and source.suffix == ".ipynb":
            _write_settled(edition, executed / source.name, book / f"{document}.ipynb", findings)
            chapters.append(source.stem)
    check_files(edition, chapters)
    (book / "_toc.yml").write_text(yaml.safe_dump(toc, sort_keys=False), encoding="utf-8")
    (book / "_config.yml").write_text(yaml.safe_dump(_configuration(edition, pages), sort_keys=False), encoding="utf-8")


def _write_settled(edition: Edition, executed: Path, place: Path, findings: dict) -> None:
    """Write an executed chapter by the rules for missing data, with the partnership's words on it."""
    from svd_lib.build.commentary import noted  # brings docutils, which only a build of the site needs

    notebook = settled(json.loads(executed.read_text(encoding="utf-8")), findings)
    place.write_text(json.dumps(noted(edition, executed.stem, notebook), indent=1, ensure_ascii=False), encoding="utf-8")


def _findings(path: Path) -> dict[str, dict]:
    """Return an edition's findings by id; read here, because the report's own reader imports pandas and a build need not."""
    return json.loads(path.read_text(encoding="utf-8"))["findings"] if path.is_file() else {}


def _configuration(edition: Edition, pages: Path | None) -> dict:
    """Return the project's configuration with execution off and the edition named."""
    configuration = read_yaml((edition.root / "_config.yml").read_text(encoding="utf-8"))
    configuration["execute"] = {**configuration.get("execute", {}), "execute_notebooks": "off"}
    settings = {"sna_edition": edition.name, "sna_project": str(edition.root), "sna_out": str(edition.out_path)}
    configuration["sphinx"]["config"] |= settings | {"sna_pages": str(pages or "")}
    return configuration


def build_site(book: Path, output: Path, environment: dict[str, str], log: Path, warm_address: str = "") -> Path:
    """Run ``jupyter-book build -W`` over an assembled book and return the folder of pages.

    Parameters
    ----------
    book : pathlib.Path
        What :func:`assemble_book` made.
    output : pathlib.Path
        Folder under which Jupyter Book makes ``_build/html``.
    environment : dict
        Environment of the command.
    log : pathlib.Path
        File that everything it says is added to.
    warm_address : str, optional
        Where to ask for a process that has imported Jupyter Book (:mod:`svd_lib.build.warm`); a new one when empty.

    Raises
    ------
    SnaError
        With exit code 1 when there is a warning or an error; the sentence repeats it.
    """
    arguments = ["build", "-W", "--path-output", str(output), str(book)]
    said_in = output / ".said"
    with said_in.open("wb") as stream:
        code = _run_jupyter_book(arguments, environment, stream, warm_address)
    said = _COLOUR.sub("", said_in.read_text(encoding="utf-8"))
    said_in.unlink()
    with log.open("a", encoding="utf-8") as stream:
        stream.write(said)
    if code:
        raise SnaError(f"The site was not built: {_reason(said, book)} (the whole log: {log}).", exit_code=1)
    return output / "_build" / "html"


def _run_jupyter_book(arguments: list[str], environment: dict[str, str], said: BinaryIO, warm_address: str) -> int:
    """Run Jupyter Book, in a fork of a warm process where there is one, and return its exit code."""
    try:
        request = {"task": SITE, "argv": ["jupyter-book", *arguments], "env": environment, "cwd": str(Path.cwd()), "output": said.name}
        child = WarmChild(warm_address, request)
    except OSError:
        command = [*jupyter_book_command(), *arguments]
        return subprocess.run(command, env=environment, stdout=said, stderr=subprocess.STDOUT).returncode
    try:
        return int(child.wait() or 0)
    except BaseException:
        child.kill()
        raise


def jupyter_book_command() -> list[str]:
    """Return the command of the Jupyter Book that belongs to the running Python."""
    beside = Path(sys.executable).with_name("jupyter-book")
    if beside.is_file():
        return [str(beside)]
    return [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]


def _reason(said: str, book: Path) -> str:
    """Return what Sphinx stopped at, as one line with paths from the project's root."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if line.startswith(("Warning, treated as error", "Extension error", "Exception occurred", "Configuration error")):
            found = [text for text in lines[number + 1 : number + 5] if not text.startswith(("File ", "Traceback", "^"))]
            return (found[-1] if line.startswith("Exception") else found[0]).replace(f"{book}/", "")
    return lines[-1].replace(f"{book}/", "") if lines else "Jupyter Book said nothing"
