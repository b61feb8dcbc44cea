"""Definitions of serious violence: files that load, codes that exist, shares that add up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from svd_lib import definition
from svd_lib.errors import SnaError


@pytest.fixture
def project(tmp_path, root) -> Path:
    """Return a project root with only the reference tables."""
    shutil.copytree(root / "data/reference/definitions", tmp_path / "data/reference/definitions")
    shutil.copy(root / "data/reference/offence_codes.csv", tmp_path / "data/reference/offence_codes.csv")
    return tmp_path


def change(project: Path, name: str, edit) -> None:
    path = project / "data/reference/definitions" / f"{name}.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def rows(counts: dict[str, int], area: str = "Downshire") -> pd.DataFrame:
    frame = pd.DataFrame({"offence_code": list(counts), "count": list(counts.values())})
    start, end = pd.Timestamp("2017-04-01"), pd.Timestamp("2018-03-01")
    return frame.assign(area_code=area[:3], area_name=area, level="code", period_start=start, period_end=end)


def test_every_definition_loads_and_gives_a_reason_for_every_code(root):
    held = {d.id: d for d in definition.list_definitions(root)}
    assert {"suffolk-ten", "suffolk-survey", "core", "broad", "ons-knife-enabled", "hmicfrs-serious-youth-violence", "london-vru-minimum"} <= set(held)
    for one in held.values():
        listed = definition.code_list(one)
        assert listed["title"].notna().all()
        assert (listed["reason"].str.len() > 3).all()
        assert set(listed.loc[listed["is_in"], "offence_code"]) == set(definition.codes(one))


def test_a_definition_whose_text_was_not_read_or_that_needs_a_flag_is_an_approximation(root):
    for name in ("suffolk-survey", "ons-knife-enabled", "hmicfrs-serious-youth-violence", "london-vru-minimum"):
        one = definition.load_definition(name, root)
        assert one.is_approximation
        assert one.needs
        assert "read" in one.note or "flag" in one.note
    assert definition.load_definition("suffolk-ten", root).status == "proposal"


def test_core_and_broad_are_the_columns_of_the_code_table(root):
    table = definition.load_codes(root)
    for name, size in (("core", 18), ("broad", 24)):
        listed = set(definition.codes(definition.load_definition(name, root)))
        assert len(listed) == size
        assert listed == set(table.loc[table[f"in_{name}"], "offence_code"])
        assert set(table.loc[table["offence_code"].isin(listed), "police_uk_category"]) == {"Violence and sexual offences"}


def test_the_ten_groups_are_the_seed_groups_of_the_code_table(root):
    table = definition.load_codes(root)
    ten = definition.load_definition("suffolk-ten@2024-01", root)
    assert len(ten.groups) == 10
    assert len(definition.codes(ten)) == 47
    for name, group in ten.groups.items():
        assert set(group.codes) == set(table.loc[table["seed_group"] == name, "offence_code"])
    assert set(ten.excluded) == set(table.loc[table["seed_group"] == "excluded", "offence_code"])


@pytest.mark.parametrize("name", ["suffolk-ten", "suffolk-ten@2024-01", "suffolk-ten@2024"])
def test_a_version_may_be_left_out_or_shortened(root, name):
    assert definition.load_definition(name, root).name == "suffolk-ten@2024-01"


@pytest.mark.parametrize(("name", "words"), [("nobody", "no definition 'nobody'"), ("core@7", "held as version 1, not 7"), ("suffolk-ten@202", "not 202")])
def test_a_wrong_name_or_version_is_one_sentence(root, name, words):
    with pytest.raises(SnaError, match=words):
        definition.load_definition(name, root)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: d["excluded"].update({"99Z": "no such code"}), "code 99Z is not in"),
        (lambda d: d["excluded"].update({"2": "decided otherwise"}), "code 2 is both in and out"),
        (lambda d: d["groups"]["assaults"]["codes"].update({"106": "again"}), "code 106 stands in two groups"),
        (lambda d: d["groups"]["assaults"]["codes"].update({"8N": ""}), "code 8N needs quotation marks and a reason"),
        (lambda d: d.update(status="perfect"), "status 'perfect' is none of"),
        (lambda d: d.update(needs=["luck"]), "need 'luck' is none of"),
        (lambda d: d.update(street_proxy=["Mischief"]), "'Mischief' is no street-level category"),
        (lambda d: d.pop("owner"), "lacks owner"),
    ],
)
def test_a_faulty_file_is_one_sentence(project, edit, words):
    change(project, "core", edit)
    with pytest.raises(SnaError, match=words):
        definition.load_definition("core", project)


def test_counts_by_group_add_up_and_show_zero_groups(root):
    core = definition.load_definition("core", root)
    found = definition.counts_by_group(core, rows({"2": 3, "5D": 4, "105A": 100, "19C": 2})).set_index("group")["count"]
    assert found["all"] == 9
    assert found.drop("all").sum() == 9
    assert found["modern_slavery"] == 0


def test_the_share_counts_only_the_category_and_has_a_wilson_interval(root):
    core = definition.load_definition("core", root)
    both = pd.concat([rows({"2": 3, "5D": 7, "105A": 90, "34B": 500}), rows({"105A": 40}, "Upshire")])
    found = definition.street_share(core, both, "Violence and sexual offences").set_index("area_name")
    assert found.loc["Downshire", ["numerator", "denominator"]].tolist() == [10, 100]
    assert found.loc["Downshire", "lower_ci"] == pytest.approx(0.0552291, abs=1e-6)
    assert found.loc["Downshire", "upper_ci"] == pytest.approx(0.1743657, abs=1e-6)
    assert found.loc["Upshire", ["numerator", "value", "lower_ci"]].tolist() == [0, 0, 0]


def test_a_category_without_recorded_crime_is_refused(root):
    core = definition.load_definition("core", root)
    with pytest.raises(SnaError, match="no street-level category"):
        definition.street_share(core, rows({"2": 3}), "Violence and Sexual Offences")
    with pytest.raises(SnaError, match="No offence code belongs"):
        definition.street_share(core, rows({"2": 3}), "Anti-social behaviour")


def test_the_module_imports_no_pandas_of_its_own():
    text = Path(definition.__file__).read_text(encoding="utf-8")
    top = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    assert not [line for line in top if "pandas" in line or "yaml" in line]
