"""Build the same content without Jupyter Book: current Sphinx, sphinx-external-toc, myst-nb, pydata-sphinx-theme.

    .venv/bin/python tools/exit_road.py [EDITION]

The edition must be built. A throwaway environment in ``_build/exit-road`` gets the newest releases of those four packages and
what they need; all else comes from the project's own environment. Our templates belong to the book theme and stay behind.
The pages must hold the same headings, the same quoted findings with the same words, and the same exhibits as the site. Needs
the network once; exits with 3 where that is missing.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup

from svd_lib.build.chapters import documents_of, read_toc
from svd_lib.build.site import assemble_book
from svd_lib.edition import Edition, open_edition
from svd_lib.yaml_text import read_yaml

PACKAGES = ("sphinx", "sphinx-external-toc", "myst-nb", "pydata-sphinx-theme")
EXTENSIONS = ["myst_nb", "sphinx_external_toc", "svd_lib.build.quotes", "svd_lib.build.theme"]
LEFT_BEHIND = ("templates_path", "html_css_files", "html_js_files", "html_theme_options", "extensions", "latex_engine")
NO_NETWORK = 3


def main(arguments: list[str]) -> int:
    """Build and compare; return 1 where something differs."""
    edition = open_edition(arguments[0] if arguments else "suffolk-2025", "")
    place = edition.root / "_build" / "exit-road"
    python = environment(place / "venv")
    if python is None:
        print("The packages of the exit road could not be fetched; nothing was tried.", file=sys.stderr)
        return NO_NETWORK
    said = subprocess.run([python, "-m", "pip", "freeze", "--local"], capture_output=True, text=True, check=True).stdout.lower()
    print("; ".join(line for line in said.splitlines() if line.split("==")[0].replace("_", "-") in PACKAGES))
    site = build(edition, place, python)
    found = problems(edition, site)
    print("\n".join(found) or f"{edition.name}: every page is there, with its headings, quoted findings and exhibits: {len(documents_of(read_toc(edition.root)))} pages")
    return 1 if found else 0


def environment(folder: Path) -> Path | None:
    """Make the throwaway environment unless it is there and return its Python, or None without a network."""
    python = folder / "bin" / "python"
    if not python.is_file():
        venv.create(folder, with_pip=True, clear=True)
        if subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES]).returncode:
            shutil.rmtree(folder)
            return None
        own = subprocess.run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True).stdout.strip()
        root = Path(__file__).resolve().parent.parent
        Path(own, "project.pth").write_text(f"{sysconfig.get_path('purelib')}\n{root}\n", encoding="utf-8")
    return python


def build(edition: Edition, place: Path, python: Path) -> Path:
    """Run Sphinx over the book of an edition that was built, warnings as errors, and return the pages' folder."""
    for name in ("book", "out", "html"):
        shutil.rmtree(place / name, ignore_errors=True)
    out, book = place / "out", place / "book"
    out.mkdir(parents=True)
    for name in ("findings.json", "recommendations.json", "issue.json", "exhibits"):
        source = edition.build_path / name
        shutil.copytree(source, out / name) if source.is_dir() else source.is_file() and shutil.copyfile(source, out / name)
    assemble_book(dataclasses.replace(edition, out_dir=str(out)), edition.build_path / "notebooks", book)
    (book / "conf.py").write_text(configuration(book), encoding="utf-8")
    subprocess.run([python, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", str(book), str(place / "html")], check=True)
    return place / "html"


def configuration(book: Path) -> str:
    """Return a ``conf.py`` with the settings of the book's own ``_config.yml`` that are Sphinx's."""
    given = read_yaml((book / "_config.yml").read_text(encoding="utf-8"))
    settings = {name: value for name, value in given["sphinx"]["config"].items() if name not in LEFT_BEHIND}
    settings |= {
        "extensions": EXTENSIONS, "html_theme": "pydata_sphinx_theme", "nb_execution_mode": "off", "external_toc_path": "_toc.yml",
        "myst_enable_extensions": given["parse"]["myst_enable_extensions"], "exclude_patterns": ["_build", "book/_templates", "book/_handout"],
    }  # fmt: skip
    return "".join(f"{name} = {value!r}\n" for name, value in settings.items())


def problems(edition: Edition, site: Path) -> list[str]:
    """Return what a page of one site has and the same page of the other has not."""
    found = []
    for page in sorted((edition.build_path / "html").glob("*.html")):
        if page.name in ("search.html", "genindex.html"):
            continue
        other = site / page.name
        if not other.is_file():
            found.append(f"{page.name} was not built")
            continue
        one, two = (BeautifulSoup(path.read_text(encoding="utf-8"), "lxml").select_one("article") for path in (page, other))
        for what, look in LOOKS.items():
            missing = sorted(set(look(one)) ^ set(look(two)))
            if missing:
                found.append(f"{page.name}: {len(missing)} {what} differ, first {missing[0]!r}")
    return found


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip()


LOOKS: dict[str, Callable[[BeautifulSoup], list[str]]] = {
    "headings": lambda page: [_plain(one.get_text()) for one in page.select("h1, h2, h3")],
    "quoted findings": lambda page: [f"{one['data-finding']}: {_plain(one.get_text())}" for one in page.select("span[data-finding]")],
    "exhibits": lambda page: [one["id"] for one in page.select("figure[id]")],
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
