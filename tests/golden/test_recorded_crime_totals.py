"""Recorded crime from the publishers' files: every figure recomputed with the csv module, apart from the code under test."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter, defaultdict
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from svd_lib import definition, vocabulary
from svd_lib.ingest import reconstruct, recorded_crime

SUFFOLK = "E23000025"
CATEGORY = "Violence and sexual offences"
JUNE_2025 = "Police force area tables, year ending June 2025"
CORE = ["1/4.1/4.10/4.2", "2", "5D", "5E", "106", "19C", "19D", "19E", "19F", "19G", "19H", "17A", "17B", "20A", "20B", "22A", "71", "72"]
BROAD = [*CORE, *["8N", "8P", "8S", "3A", "3B", "36"]]
DRIVING = {"37.1", "4.4", "4.6", "4.8", "4.9"}
REVISED_FORCES = {"Cheshire", "Derbyshire", "Humberside", "Leicestershire", "North Wales", "Sussex"}

pytestmark = pytest.mark.mirror


class MirrorFiles:
    """The mirror's files where a lock's raw files are expected."""

    def __init__(self, mirror: Path, root: Path) -> None:
        self.mirror, self.root = mirror, root

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the matching files, sorted."""
        return sorted((self.mirror / source).glob(pattern))

    def reference(self, name: str) -> Path:
        """Return one of the project's own tables."""
        return self.root / "data/reference" / name


def read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, gzip or not."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def number(text: str) -> int:
    """Return a published figure as a whole number."""
    return int(text.replace(",", "").strip())


@pytest.fixture(scope="module")
def table(mirror, root) -> pd.DataFrame:
    """Return the tidy table, built once."""
    lookup = pd.read_csv(mirror / "ons_lookups/lookup_ltla24_csp24_pfa24.csv.gz", dtype=str)
    places = lookup.rename(columns={"pfa24_code": "pfa24cd", "pfa24_name": "pfa_name"})
    places["force_slug"] = places["pfa_name"].map(vocabulary.force_slug)
    return recorded_crime.build_recorded_crime(MirrorFiles(mirror, root), {"places": places})


@pytest.fixture(scope="module")
def code_rows(mirror) -> list[dict[str, str]]:
    """Return the publisher's rows by offence code."""
    return read(mirror / "home_office_prc/prc-pfa-mar2013-onwards-tables201718.csv.gz")


@pytest.fixture(scope="module")
def rolling_rows(mirror) -> list[dict[str, str]]:
    """Return the publisher's rolling totals."""
    return read(mirror / "home_office_prc/rec-crime-pfa.csv.gz")


def counts_by_code(rows: list[dict[str, str]], force: str) -> Counter:
    """Return offences of 2017/18 by code for a force, added up row by row."""
    found: Counter = Counter()
    for row in rows:
        if row["Force Name"] == force:
            found[row["Offence Code"]] += number(row[" Number of Offences "] if " Number of Offences " in row else row["Number of Offences"])
    return found


@pytest.fixture(scope="module")
def suffolk_codes(code_rows) -> Counter:
    return counts_by_code(code_rows, "Suffolk")


def test_2017_18_by_code_has_53116_offences_and_every_code_agrees(table, suffolk_codes):
    rows = table[(table["area_code"] == SUFFOLK) & (table["level"] == "code")]
    assert sum(suffolk_codes.values()) == rows["count"].sum() == 53_116
    assert rows.groupby("offence_code")["count"].sum().to_dict() == dict(suffolk_codes)


def test_every_force_and_quarter_by_code_agrees_with_the_file(table, code_rows):
    expected: Counter = Counter()
    for row in code_rows:
        if row["Offence Group"] != "Fraud offences":
            expected[(vocabulary.force_slug(row["Force Name"]), row["Financial Quarter"])] += number(list(row.values())[7])
    rows = table[table["level"] == "code"]
    quarter = ((rows["period_start"].dt.month - 4) % 12 // 3 + 1).astype(str)
    slug = rows["area_name"].map(vocabulary.force_slug)
    found = rows.assign(quarter=quarter, slug=slug).groupby(["slug", "quarter"])["count"].sum().to_dict()
    assert found == dict(expected)
    assert len(found) == 44 * 4


def test_national_homicides_keep_all_four_rows(table):
    rows = table[(table["level"] == "code") & (table["offence"] == "Homicide")]
    assert rows["count"].sum() == 728


@pytest.mark.parametrize(("name", "members", "met", "percent"), [("core", CORE, 1_845, 9.8), ("broad", BROAD, 7_184, 38.3)])
def test_the_share_of_the_street_category_in_suffolk(table, suffolk_codes, mirror, root, name, members, met, percent):
    mapping = {row["Offence_Code"]: row["Police.uk_Cat"] for row in read(mirror / "home_office_prc/CrimeCatMappings.csv")}
    whole = sum(n for code, n in suffolk_codes.items() if mapping[code] == "Violence and Sexual Offences")
    assert whole == 18_750
    assert sum(suffolk_codes[code] for code in members) == met
    shares = definition.street_share(definition.load_definition(name, root), table[table["level"] == "code"], CATEGORY)
    own = shares[shares["area_code"] == SUFFOLK].iloc[0]
    assert (own["numerator"], own["denominator"], round(100 * own["value"], 1)) == (met, 18_750, percent)


@pytest.mark.parametrize(
    ("force", "core", "broad"),
    [("Norfolk", 10.1, 42.7), ("Essex", 8.7, 38.1), ("Cambridgeshire", 9.2, 38.1), ("Metropolitan Police", 10.3, 45.0), ("West Midlands", 12.7, 53.4)],
)
def test_the_shares_of_other_forces(table, code_rows, mirror, root, force, core, broad):
    mapping = {row["Offence_Code"]: row["Police.uk_Cat"] for row in read(mirror / "home_office_prc/CrimeCatMappings.csv")}
    counts = counts_by_code(code_rows, force)
    whole = sum(n for code, n in counts.items() if mapping[code] == "Violence and Sexual Offences")
    for name, members, percent in (("core", CORE, core), ("broad", BROAD, broad)):
        expected = sum(counts[code] for code in members) / whole
        shares = definition.street_share(definition.load_definition(name, root), table[table["level"] == "code"], CATEGORY)
        own = shares.loc[shares["area_name"] == force, "value"].iloc[0]
        assert own == pytest.approx(expected, abs=1e-12)
        assert round(100 * own, 1) == percent


def test_the_shares_over_all_43_forces(table, root):
    for name, low, middle, high, pooled in (("core", 7.2, 9.5, 14.1, 9.6), ("broad", 32.2, 43.5, 65.0, 42.7)):
        shares = definition.street_share(definition.load_definition(name, root), table[table["level"] == "code"], CATEGORY)
        forces = shares[shares["area_code"] != "btp"]
        assert len(forces) == 43
        assert [round(100 * x, 1) for x in (forces["value"].min(), forces["value"].median(), forces["value"].max())] == [low, middle, high]
        assert round(100 * forces["numerator"].sum() / forces["denominator"].sum(), 1) == pooled


def test_the_ten_groups_in_suffolk(table, suffolk_codes, root):
    ten = definition.load_definition("suffolk-ten@2024-01", root)
    found = definition.counts_by_group(ten, table[(table["area_code"] == SUFFOLK) & (table["level"] == "code")])
    assert found.set_index("group")["count"].to_dict() == {
        "homicide": 6,
        "weapon_use": 385,
        "robbery": 361,
        "aggravated_burglary": 47,
        "assaults": 5_638,
        "arson_endangering_life": 38,
        "modern_slavery": 23,
        "sexual_assault": 1_821,
        "exploitation": 231,
        "disorder": 17,
        "all": 8_567,
    }
    by_hand = {name: sum(suffolk_codes[code] for code in group.codes) for name, group in ten.groups.items()}
    assert found[found["group"] != "all"].set_index("group")["count"].to_dict() == by_hand


OFFENCES_OF_SUFFOLK = {
    "Total recorded crime (excluding fraud)": (53_116, 54_124, 54_475, 56_616, 43_847, (12_537, 5_152, 7_245, 18_236, 677)),
    "Violence against the person": (16_719, 18_726, 19_439, 21_232, 18_086, (4_918, 2_127, 2_975, 7_753, 313)),
    "Homicide": (2, 7, 8, 3, 7, (3, 1, 1, 2, 0)),
    "Violence with injury": (5_365, 5_637, 5_777, 5_881, 5_869, (1_621, 655, 978, 2_544, 71)),
    "Violence without injury": (7_338, 8_286, 8_553, 10_007, 8_450, (2_417, 1_023, 1_388, 3_511, 111)),
    "Stalking and harassment": (4_006, 4_790, 5_096, 5_340, 3_723, (873, 442, 603, 1_675, 130)),
    "Sexual offences": (2_031, 2_260, 2_331, 2_541, 2_480, (639, 331, 443, 1_021, 46)),
    "Robbery": (361, 462, 477, 505, 218, (101, 23, 33, 61, 0)),
    "Possession of weapons offences": (385, 450, 479, 541, 611, (198, 58, 75, 269, 11)),
}
EDITIONS = ("March 2018", "December 2018", "March 2019", "December 2019", "June 2025")
PARTS = ("E22000273", "E22000274", "E22000278", "E22000373", f"unassigned:{SUFFOLK}")


@pytest.mark.parametrize("offence", list(OFFENCES_OF_SUFFOLK))
def test_the_force_area_tables_of_suffolk(table, offence):
    rows = table[(table["offence"] == offence) & (table["level"] == "group") & (table["measure"] == "offences") & (table["status"] == "published")]
    *years, parts = OFFENCES_OF_SUFFOLK[offence]
    for edition, expected in zip(EDITIONS, years, strict=True):
        found = rows[(rows["area_code"] == SUFFOLK) & (rows["publication"] == f"Police force area tables, year ending {edition}")]
        assert found["count"].tolist() == [expected], edition
    latest = rows[rows["publication"] == JUNE_2025].set_index("area_code")["count"]
    assert tuple(latest[list(PARTS)]) == parts
    assert sum(parts) == years[-1]


def test_knife_offences_of_suffolk_as_first_published_and_as_revised(table):
    knife = table[(table["area_code"] == SUFFOLK) & (table["measure"] == "knife") & (table["offence"] == "Selected serious offences")]
    for edition, expected in (("March 2018", 146), ("December 2018", 208), ("March 2019", 221), ("December 2019", 329)):
        rows = knife[knife["publication"].str.endswith(edition)]
        assert rows.loc[rows["period_end"].dt.strftime("%B %Y") == edition, "count"].tolist() == [expected]
    last = knife[knife["publication"].str.endswith("December 2019")].set_index("period_end")["count"]
    assert last[pd.Timestamp("2019-03-01")] == 342
    assert last[pd.Timestamp("2018-03-01")] == 146


def test_partnerships_and_unassigned_equal_every_force_total(table):
    rows = table[table["publication"] == JUNE_2025]
    parts = rows[rows["area_kind"] != "force"].groupby(["pfa24cd", "offence"])["count"].sum()
    whole = rows[rows["area_kind"] == "force"].set_index(["pfa24cd", "offence"])["count"]
    assert len(whole) == 43 * 23
    assert (parts == whole.reindex(parts.index)).all()
    leaves = rows[rows["offence"].isin(vocabulary.OFFENCE_GROUPS)].groupby("area_code")["count"].sum()
    total = rows[rows["offence"] == vocabulary.TOTAL_EXCLUDING_FRAUD].set_index("area_code")["count"]
    assert (leaves == total.reindex(leaves.index)).all()


def test_june_2025_agrees_cell_by_cell_with_the_file(table, mirror):
    with (mirror / "ons_pfa_tables/policeforceareatablesyejune25final.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.reader(stream))
    expected = [number(cell) for line in lines[8:] for cell in line[6:] if line[2].strip() and cell.strip()]
    rows = table[(table["publication"] == JUNE_2025) & (table["area_kind"] == "csp")]
    assert len(rows) == len(expected) == 314 * 23
    assert rows["count"].sum() == sum(expected)


def test_the_year_ending_december_2018_equals_the_rolling_totals(table, rolling_rows):
    open_data = {row["Offence"]: number(row["Rolling year total number of offences"]) for row in rolling_rows if row["PFA"] == "Suffolk" and row["12 months ending"] == "31-12-2018"}
    rows = table[(table["area_code"] == SUFFOLK) & (table["measure"] == "offences") & (table["publication"] == "Police force area tables, year ending December 2018")]
    edition = rows.set_index("offence")["count"]
    for offence in vocabulary.OFFENCE_GROUPS:
        assert edition[offence] == open_data[offence], offence
    violence = ("Homicide", "Death or serious injury caused by illegal driving", "Violence with injury", "Violence without injury", "Stalking and harassment")
    assert edition["Violence against the person"] == sum(open_data[name] for name in violence)
    assert edition["Total recorded crime (excluding fraud)"] == sum(open_data[name] for name in vocabulary.OFFENCE_GROUPS)


def test_workbooks_agree_cell_by_cell_with_a_plain_reading(table, mirror):
    for path in sorted((mirror / "ons_pfa_tables").glob("*.xlsx")):
        book = openpyxl.load_workbook(path, data_only=True)
        page = next(s for s in book if s.title.strip() == "Table P1")
        cells = [v for row in page.iter_rows(min_row=7, min_col=3, values_only=True) for v in row if isinstance(v, int | float)]
        rows = table[(table["status"] == "published") & (table["measure"] == "offences") & table["publication"].str.startswith("Police force area tables")]
        title = str(page["A1"].value)
        edition = next(e for e in rows["publication"].unique() if _same_edition(e, title))
        found = rows.loc[rows["publication"] == edition, "count"]
        assert (len(found), found.sum()) == (len(cells), sum(cells)), path.name


def _same_edition(publication: str, title: str) -> bool:
    month, year = publication.rsplit(" ", 2)[1:]
    return f"year ending {month} {year}" in title or f"year ending {month} {year[2:]}" in title


def recovered(table: pd.DataFrame, area: str, offence: str) -> pd.Series:
    """Return the recovered quarters of one series by last month."""
    rows = table[(table["area_code"] == area) & (table["offence"] == offence) & (table["period_kind"] == "quarter") & (table["level"] == "group")]
    return rows.set_index("period_end")["count"].sort_index()


@pytest.mark.parametrize("offence", [name for name in vocabulary.OFFENCE_GROUPS if "burglary" not in name])
def test_the_quarters_of_suffolk_reproduce_every_rolling_total(table, rolling_rows, offence):
    quarters = recovered(table, SUFFOLK, offence)
    assert len(quarters[:"2018-12-01"]) == 51
    assert quarters.index[0] == pd.Timestamp("2006-06-01")
    by_month = {(end.year, end.month): int(n) for end, n in quarters.items()}
    compared = 0
    for row in rolling_rows:
        if row["PFA"] == "Suffolk" and row["Offence"] == offence:
            _, month, year = (int(part) for part in row["12 months ending"].split("-"))
            ends = [(year - (month - 3 * back < 1), (month - 3 * back - 1) % 12 + 1) for back in range(4)]
            if all(end in by_month for end in ends):
                assert sum(by_month[end] for end in ends) == number(row["Rolling year total number of offences"]), row
                compared += 1
    assert compared == 48


@pytest.mark.parametrize("offence", vocabulary.VIOLENCE_GROUPS)
def test_the_quarters_of_2019_reproduce_every_force_area_table(table, offence):
    quarters = recovered(table, SUFFOLK, offence)
    assert quarters.index[-1] == pd.Timestamp("2019-12-01")
    assert len(quarters) == 55
    rows = table[(table["area_code"] == SUFFOLK) & (table["offence"] == offence) & (table["measure"] == "offences") & (table["status"] == "published")]
    editions = rows[rows["publication"].str.startswith("Police force area tables") & (rows["period_end"] < "2020")]
    assert len(editions) == 8
    for _, row in editions.iterrows():
        year = quarters[row["period_start"] : row["period_end"]]
        assert len(year) == 4
        assert year.sum() == row["count"]


def test_the_anchor_of_violence_with_injury_is_taken_without_driving_offences(table, code_rows):
    expected: dict[str, int] = defaultdict(int)
    driving = 0
    for row in code_rows:
        if row["Force Name"] == "Suffolk" and row["Offence Subgroup"] == "Violence with injury":
            n = number(list(row.values())[7])
            if row["Offence Code"] in DRIVING:
                driving += n
            else:
                expected[row["Financial Quarter"]] += n
    assert driving == 8
    quarters = recovered(table, SUFFOLK, "Violence with injury")["2017-06-01":"2018-03-01"]
    assert quarters.tolist() == [expected[q] for q in "1234"]
    assert quarters.sum() == 5_365


def test_forces_whose_anchor_year_was_revised_are_named_and_not_recovered(table, code_rows, rolling_rows):
    group = {"Robbery of business property": "Robbery", "Robbery of personal property": "Robbery", "Rape offences": "Sexual offences", "Other sexual offences": "Sexual offences"}
    sums: Counter = Counter()
    for row in code_rows:
        offence = group.get(row["Offence Subgroup"], row["Offence Subgroup"])
        if row["Offence Code"] not in DRIVING and offence in vocabulary.VIOLENCE_GROUPS:
            sums[(vocabulary.force_slug(row["Force Name"]), offence)] += number(list(row.values())[7])
    differ = set()
    for row in rolling_rows:
        key = (vocabulary.force_slug(row["PFA"]), row["Offence"])
        if row["12 months ending"] == "31-03-2018" and row["Offence"] in vocabulary.VIOLENCE_GROUPS:
            differ |= {key} if sums[key] != number(row["Rolling year total number of offences"]) else set()
    report = reconstruct.reconciliation(table)
    names = table.drop_duplicates("area_code").set_index("area_code")["area_name"].map(vocabulary.force_slug)
    watched = report[report["offence"].isin(vocabulary.VIOLENCE_GROUPS) & ~report["area_code"].str.startswith("K04")]
    absent = {(names[row.area_code], row.offence) for row in watched.itertuples() if row.quarters == 0}
    assert absent == differ
    assert {slug for slug, _ in absent} <= {vocabulary.force_slug(name) for name in REVISED_FORCES} | {"btp"}
    assert (report.loc[report["quarters"] > 0, "max_deviation"] == 0).all()
    assert report.loc[report["quarters"] == 0, "note"].str.startswith("not recovered").all()


def test_england_and_wales_is_the_sum_of_all_forces_and_reproduces_its_totals(table, rolling_rows):
    for offence in vocabulary.VIOLENCE_GROUPS:
        quarters = recovered(table, vocabulary.ENGLAND_AND_WALES, offence)
        for end, label in ((pd.Timestamp("2018-12-01"), "31-12-2018"), (pd.Timestamp("2012-06-01"), "30-06-2012"), (pd.Timestamp("2007-03-01"), "31-03-2007")):
            expected = sum(number(r["Rolling year total number of offences"]) for r in rolling_rows if r["Offence"] == offence and r["12 months ending"] == label)
            assert quarters[end - pd.DateOffset(months=9) : end].sum() == expected
    edition = table[(table["area_code"] == vocabulary.ENGLAND_AND_WALES) & (table["publication"] == "Police force area tables, year ending December 2018")]
    edition = edition[edition["measure"] == "offences"].set_index("offence")["count"]
    for offence in vocabulary.VIOLENCE_GROUPS:
        expected = sum(number(r["Rolling year total number of offences"]) for r in rolling_rows if r["Offence"] == offence and r["12 months ending"] == "31-12-2018")
        assert edition[offence] == expected


def test_later_editions_revised_suffolk_and_the_report_says_so(table):
    report = reconstruct.reconciliation(table).set_index(["area_code", "offence"])
    own = report.loc[(SUFFOLK, "Violence with injury")]
    assert (own["quarters"], own["max_deviation"], own["max_superseded"], own["max_revision"]) == (55, 0, 0, 38)
    assert "can move single quarters of 2019" in own["note"]


def test_burglary_groups_that_did_not_exist_hold_no_zero(table):
    rows = table[(table["level"] == "group") & table["offence"].isin(["Residential burglary", "Non-residential burglary"])]
    assert (rows["period_end"] >= pd.Timestamp("2017-06-01")).all()
    retired = table[table["offence"].isin(["Domestic burglary", "Non-domestic burglary"]) & (table["period_start"] >= pd.Timestamp("2017-04-01"))]
    assert (retired["count"] != 0).all()


def test_every_code_of_the_mirror_is_in_the_table_with_the_years_it_was_met(mirror, root, code_rows):
    met: dict[str, set[str]] = defaultdict(set)
    for row in code_rows:
        met[row["Offence Code"]].add(row["Financial Year"])
    for row in read(mirror / "home_office_prc/violence-prosecutions-data.csv.gz"):
        met[row["offence_code"]].add(row["financial_year"])
    table = {row["offence_code"]: row for row in read(root / "data/reference/offence_codes.csv")}
    assert len(table) == 141
    for code, years in met.items():
        assert (table[code]["valid_from"], table[code]["valid_to"]) == (min(years), max(years)), code
    weights = {row["ONS_COUNTS_code"]: row["ONS_SEVERITY_weight"] for row in read(mirror / "ons_css/policeuk-ons-code-join.csv")}
    assert set(table) == set(met) | set(weights)
    for code, row in table.items():
        assert row["css_weight"] == (f"{float(weights[code]):.2f}" if code in weights else ""), code
