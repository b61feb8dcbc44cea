"""JupyterLab's access to the chapters: an edition's parameters on opening, nothing random or executed on saving."""

from __future__ import annotations

from typing import Any

import nbformat
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from traitlets import Dict, Unicode

from svd_lib.desk.notebook import opened, saved

FOLDER = "notebooks/"


class ChapterContents(AsyncLargeFileManager):
    """Jupyter Server's own files, with chapters changed on their way in and out."""

    edition = Unicode(help="Edition whose name stands in the parameters cell while a chapter is open.").tag(config=True)
    names = Dict(help="Ids of words given to new cells in this sitting, by chapter.")

    async def get(self, path: str, *arguments: Any, **options: Any) -> dict:
        """Return a file; a chapter with the edition's parameters."""
        model = await super().get(path, *arguments, **options)
        if _is_chapter(path) and model.get("content"):
            model["content"] = nbformat.from_dict(opened(model["content"], self.edition, self.root_dir))
        return model

    async def save(self, model: dict, path: str = "") -> dict:
        """Save a file; a chapter without outputs and with the parameters as committed."""
        if _is_chapter(path) and model.get("type") == "notebook":
            chapter = path.rpartition("/")[2].removesuffix(".ipynb")
            names = self.names.setdefault(chapter, {})
            model = {**model, "content": saved(model["content"], chapter, names)}
        return await super().save(model, path)


def _is_chapter(path: str) -> bool:
    path = path.lstrip("/")
    return path.startswith(FOLDER) and path.endswith(".ipynb")
