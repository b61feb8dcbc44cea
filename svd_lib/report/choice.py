"""A choice on a page: radio buttons that show one row's headlines at a time, without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from svd_lib.errors import SnaError

MOST = 12
"""Buttons that the style sheet knows of."""


@dataclass(frozen=True)
class Choice:
    """What can be chosen and what each choice says.

    Parameters
    ----------
    by : str
        Column whose values name the buttons.
    sentences : tuple of str
        Shown for the chosen row; ``{column}`` stands for the cell in words.
    legend : str
        What the reader chooses.
    chosen : str
        Value of ``by`` that is chosen at first.
    """

    by: str
    sentences: tuple[str, ...]
    legend: str
    chosen: str

    def html(self, identifier: str, data: pd.DataFrame, cells: pd.DataFrame) -> str:
        """Return the buttons and their panels as HTML.

        Parameters
        ----------
        identifier : str
            The exhibit's id, from which the buttons' ids are made.
        data, cells : pandas.DataFrame
            The protected rows, and the same as a page prints them.

        Raises
        ------
        SnaError
            When a sentence names a column that is not shown, or there are too many rows.
        """
        if len(data) > MOST or self.by not in cells:
            raise SnaError(f"{identifier}: a choice needs the shown column {self.by!r} and at most {MOST} rows; it has {len(data)}.")
        rows = cells.to_dict("records")
        first = next((place for place, row in enumerate(rows) if row[self.by] == self.chosen), 0)
        buttons = "".join(_button(identifier, place, row[self.by], place == first) for place, row in enumerate(rows))
        panels = "".join(self._panel(identifier, row) for row in rows)
        return f'<fieldset class="sna-choice"><legend>{escape(self.legend)}</legend>{buttons}<div class="sna-panels">{panels}</div></fieldset>'

    def _panel(self, identifier: str, row: Mapping[str, str]) -> str:
        try:
            said = [sentence.format_map(row) for sentence in self.sentences]
        except KeyError as error:
            raise SnaError(f"{identifier}: a sentence of the choice names the column {error}, which the table does not show.") from None
        return f"<div><p><strong>{escape(str(row[self.by]))}</strong></p><ul>{_items(said)}</ul></div>"


def _button(identifier: str, place: int, words: object, is_first: bool) -> str:
    name = f"{escape(identifier)}-choice"
    mark = " checked" if is_first else ""
    return f'<input type="radio" name="{name}" id="{name}-{place}"{mark}><label for="{name}-{place}">{escape(str(words))}</label>'


def _items(said: Sequence[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in said)
