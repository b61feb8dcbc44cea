"""A choice without a script: one button a row, one panel a button, the base chosen first."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from svd_lib.errors import SnaError
from svd_lib.report.choice import MOST, Choice

ROWS = pd.DataFrame({"name": ["Wide", "Narrow <b>"], "count": ["8,567", "690"]})


def made(**changes):
    return Choice(**{"by": "name", "sentences": ("{count} offences.",), "legend": "Choose", "chosen": "Narrow <b>", **changes})


def test_each_row_has_a_button_and_a_panel_and_one_is_chosen():
    page = BeautifulSoup(made().html("x-y", ROWS, ROWS), "lxml")
    buttons = page.select("input[type=radio]")
    assert [page.find("label", attrs={"for": one["id"]}).get_text() for one in buttons] == ["Wide", "Narrow <b>"]
    assert [one.has_attr("checked") for one in buttons] == [False, True]
    assert [panel.get_text() for panel in page.select(".sna-panels li")] == ["8,567 offences.", "690 offences."]
    assert page.fieldset.legend.get_text() == "Choose"


def test_a_column_that_is_not_shown_is_refused():
    with pytest.raises(SnaError, match="'rate'"):
        made(sentences=("{rate}",)).html("x-y", ROWS, ROWS)
    many = pd.DataFrame({"name": [str(n) for n in range(MOST + 1)], "count": "1"})
    with pytest.raises(SnaError, match="at most"):
        made().html("x-y", many, many)


def test_the_style_sheet_knows_every_button(root):
    css = (root / "book" / "_static" / "sna.css").read_text(encoding="utf-8")
    assert all(f".sna-panels > :nth-child({place})" in css for place in range(1, MOST + 1))
