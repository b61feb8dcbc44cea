"""The rules for missing data: one box a section, no list item that says nothing, a short page where most is missing."""

from svd_lib.build.boxes import NEEDED, settled
from svd_lib.report.exhibit import unavailable_html


def code(*texts):
    return {"cell_type": "code", "source": "x", "outputs": [{"data": {"text/html": text}} for text in texts]}


def words(text):
    return {"cell_type": "markdown", "source": text}


BOX = unavailable_html("trends-a", "How much?", "a table", "the office")
LINE = '<p class="sna-statement sna-unavailable" id="finding-x">Not available</p>'
FIGURE = '<figure class="sna-exhibit" id="f"></figure>'
CAVEATS = code('<div class="sna-caveats">Data</div>')


def shown(notebook):
    return [text for cell in notebook["cells"] for text in ("".join(one["data"]["text/html"]) for one in cell.get("outputs", ()))]


def test_a_section_keeps_its_first_box_and_every_exhibit():
    cells = [words("# T"), words("## A"), code(BOX), code(LINE), code(FIGURE), words("## B"), code(LINE), code(BOX), code(FIGURE), CAVEATS]
    assert shown(settled({"cells": cells}, {})) == [BOX, FIGURE, LINE, FIGURE, CAVEATS["outputs"][0]["data"]["text/html"]]


def test_prose_between_two_boxes_of_a_section_does_not_open_another():
    cells = [words("# T"), words("## A"), code(BOX), words("More words."), code(BOX), code(FIGURE), code(FIGURE)]
    assert shown(settled({"cells": cells}, {})).count(BOX) == 1


def test_a_list_item_about_a_missing_finding_is_left_out():
    cells = [words("# T\n\n- {finding}`a-b-c.statement`\n- {finding}`a-b-d.statement`\n- {finding}`a-b-c.statement` Act.\n"), code(FIGURE)]
    made = settled({"cells": cells}, {"a-b-c": {"value": None}, "a-b-d": {"value": 1}})
    assert made["cells"][0]["source"] == "# T\n\n- {finding}`a-b-d.statement`\n- {finding}`a-b-c.statement` Act.\n"


def test_a_chapter_that_is_mostly_missing_becomes_a_short_page():
    cells = [words("# Drivers\n\nLong words."), code(BOX), words("## B"), code(unavailable_html("x", "Who & why?", "more", "them")), words("## C"), code(FIGURE), CAVEATS]
    made = settled({"cells": cells}, {})
    assert len(made["cells"]) == 2 and made["cells"][1] == CAVEATS
    page = made["cells"][0]["source"]
    assert page.startswith(f"# Drivers\n\n## {NEEDED}") and "- **How much?** Needs a table, from the office." in page and "- **Who & why?**" in page


def test_a_section_of_nothing_but_missing_findings_is_left_out():
    cells = [words("# T"), words("## What follows?\n\n- {finding}`a-b-c.statement` Proposed: {recommendation}`r-b-c`."), words("## Lone heading"), code(FIGURE)]
    made = settled({"cells": cells}, {"a-b-c": {"value": None}})
    assert [cell["source"] for cell in made["cells"]] == ["# T", "## Lone heading", "x"]
    held = settled({"cells": cells}, {"a-b-c": {"value": 1}})
    assert len(held["cells"]) == 4
