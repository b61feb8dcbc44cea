"""Places, people, deprivation and indicators against totals known from the publishers' files, Suffolk above all."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from libpysal.graph import Graph

from svd_lib.ingest import boundaries, deprivation, indicators, lookups, place_indicators, population

pytestmark = pytest.mark.mirror

SUFFOLK_FORCE, SUFFOLK_COUNTY = "E23000025", "E10000029"


class Mirror:
    """The mirror as raw files, and the tables made of it, each built once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self, source: str, pattern: str = "*") -> list[Path]:
        """Return the files of a source that match a pattern, sorted."""
        return sorted(path for path in (self.root / source).glob(pattern) if path.is_file())

    def published(self, name: str) -> pd.DataFrame:
        """Return a file as pandas reads it, with text kept."""
        return pd.read_csv(self.root / name, dtype="str", keep_default_na=False)

    @cached_property
    def places(self) -> pd.DataFrame:
        """Table places."""
        return lookups.build_places(self)

    @cached_property
    def changes(self) -> pd.DataFrame:
        """Table place_changes."""
        return lookups.build_place_changes(self)

    @cached_property
    def neighbours(self) -> pd.DataFrame:
        """Table neighbours."""
        return boundaries.build_neighbours(self)

    @cached_property
    def population(self) -> pd.DataFrame:
        """Table population."""
        return population.build_population(self, {"place_changes": self.changes})

    @cached_property
    def deprivation(self) -> pd.DataFrame:
        """Table deprivation."""
        return deprivation.build_deprivation(self, {"place_changes": self.changes})

    @cached_property
    def place_indicators(self) -> pd.DataFrame:
        """Table place_indicators."""
        return place_indicators.build_place_indicators(self, {"place_changes": self.changes})

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """Table indicators."""
        return indicators.build_indicators(self, {"places": self.places})

    @cached_property
    def suffolk(self) -> pd.DataFrame:
        """The places of Suffolk."""
        return self.places[self.places["pfa24cd"] == SUFFOLK_FORCE]

    def indicator(self, name: str, area: str, period: str, category: str = "all") -> pd.Series:
        """Return the one row of an indicator."""
        keys = {"indicator": name, "area_code": area, "period_label": period, "category": category}
        rows = self.indicators[np.logical_and.reduce([self.indicators[key] == value for key, value in keys.items()])]
        assert len(rows) == 1, keys
        return rows.iloc[0]


@pytest.fixture(scope="module")
def data(mirror: Path) -> Mirror:
    """Return the mirror's tables."""
    return Mirror(mirror)


def test_every_place_of_england_and_wales(data):
    places = data.places
    assert len(places) == 35672 and places["label"].is_unique
    counts = {"lad24cd": 318, "csp24cd": 314, "pfa24cd": 43, "force_slug": 43, "utla_code": 175, "region_name": 10, "icb24cd": 42, "msoa21nm": 7264}
    assert {column: places[column].nunique() for column in counts} == counts
    assert places["icb24cd"].isna().sum() == (places["region_name"] == "Wales").sum() == 1917
    assert places["ruc_class"].nunique() == 6


def test_suffolk_places(data):
    suffolk = data.suffolk
    assert len(suffolk) == 449 and suffolk["utla_code"].unique().tolist() == [SUFFOLK_COUNTY]
    assert suffolk["ward24cd"].nunique() == 138 and suffolk["msoa21cd"].nunique() == 90 and suffolk["msoa21cd"].notna().all()
    assert suffolk["icb24cd"].value_counts().to_dict() == {"E54000023": 377, "E54000022": 72}
    assert suffolk["ruc"].value_counts().to_dict() == {"Urban": 280, "Rural": 169}
    districts = {"Babergh": 55, "Ipswich": 85, "Mid Suffolk": 57, "East Suffolk": 145, "West Suffolk": 107}
    assert suffolk["lad24nm"].value_counts().to_dict() == districts


def test_suffolk_partnerships(data):
    suffolk = data.suffolk
    counts = {"E22000273": 85, "E22000274": 73, "E22000278": 72, "E22000373": 219}
    assert suffolk["csp24cd"].value_counts().to_dict() == counts
    waveney = set(suffolk.loc[suffolk["csp_name"] == "Waveney", "lsoa21cd"])
    assert waveney == set(suffolk.loc[suffolk["icb24cd"] == "E54000022", "lsoa21cd"])


def test_partnerships_of_divided_districts_equal_the_former_districts(data):
    """Count LSOAs by partnership a second way, from the two lookups alone, in every district with several partnerships."""
    listed = data.published("ons_lookups/lookup_ltla24_csp24_pfa24.csv.gz")
    divided = listed[listed["ltla24_code"].duplicated(keep=False)]
    assert divided["ltla24_code"].nunique() == 7 and len(divided) == 21
    old = data.published("ons_lookups/lookup_lsoa11_ltla18.csv.gz")
    changes = data.published("ons_lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz").merge(old, on="lsoa11_code")
    former = changes.drop_duplicates("lsoa21_code").set_index("lsoa21_code")["ltla18_name"]
    renamed = {"Christchurch": "Dorset"} | dict.fromkeys(("Daventry", "South Northamptonshire"), "Daventry and South Northamptonshire")
    places = data.places[data.places["lad24cd"].isin(divided["ltla24_code"])]
    assert (places["lsoa21cd"].map(former).replace(renamed) == places["csp_name"]).all()
    assert set(places["csp24cd"]) == set(divided["csp24_code"])


def test_force_slugs_are_the_archives(data):
    archive = {"suffolk", "norfolk", "essex", "cambridgeshire"}
    assert archive <= set(data.places["force_slug"])
    unusual = {"London, City of": "city-of-london", "Metropolitan Police": "metropolitan", "Devon & Cornwall": "devon-and-cornwall"}
    slugs = data.places.drop_duplicates("pfa_name").set_index("pfa_name")["force_slug"]
    assert {name: slugs[name] for name in unusual} == unusual


def test_places_have_points_where_boundaries_are_held(data):
    held = data.places["lon"].notna()
    assert held.sum() == 2628 and data.suffolk["lon"].notna().all()
    assert data.places.loc[held, "lon"].between(-0.6, 1.8).all() and data.places.loc[held, "lat"].between(51.4, 53.0).all()


def test_changes_of_places(data):
    changes = data.changes
    assert changes["change_code"].value_counts().to_dict() == {"U": 33647, "S": 1900, "M": 239, "X": 9}
    assert changes["lsoa11cd"].nunique() == 34753 and set(changes["lsoa21cd"]) == set(data.places["lsoa21cd"])
    assert (changes.groupby("lsoa11cd")["share"].sum() - 1).abs().max() < 1e-12
    kept = changes[changes["change_code"].isin(["U", "M"])]
    assert kept["lsoa11cd"].is_unique and (kept["share"] == 1).all()
    suffolk = changes[changes["lsoa21cd"].isin(data.suffolk["lsoa21cd"])]
    assert len(suffolk) == 450 and suffolk["lsoa11cd"].nunique() == 441
    assert suffolk["change_code"].value_counts().to_dict() == {"U": 431, "S": 17, "M": 2}


def test_neighbours_are_mutual_and_cross_counties(data):
    pairs = set(data.neighbours.itertuples(index=False, name=None))
    assert len(pairs) == len(data.neighbours) == 14852 and pairs == {(b, a) for a, b in pairs}
    county = data.places.set_index("lsoa21cd")["utla_code"]
    met = {county[b] for a, b in pairs if county[a] == SUFFOLK_COUNTY}
    assert met == {SUFFOLK_COUNTY, "E10000020", "E10000012", "E10000003"}
    assert set(data.suffolk["lsoa21cd"]) <= set(data.neighbours["lsoa21cd"])


def test_neighbours_equal_shared_corners(data):
    """Contiguity a second way: libpysal compares the corners of the shapes, ours their intersection."""
    shapes = boundaries.read_boundaries(data, "lsoa", tolerance=0).to_crs("EPSG:4326").set_index("lsoa21cd")
    rounded = shapes.set_geometry(shapely.set_precision(shapes.geometry.to_numpy(), 1e-7, mode="pointwise"))
    graph = Graph.build_contiguity(rounded, rook=False).adjacency
    assert set(graph[graph > 0].index) == set(data.neighbours.itertuples(index=False, name=None))


@pytest.mark.parametrize(("kind", "column", "count"), [("lsoa", "lsoa21cd", 449), ("msoa", "msoa21cd", 90), ("ward", "ward24cd", 138), ("lad", "lad24cd", 5)])
def test_boundaries_of_suffolk_stay_one_coverage(data, kind, column, count):
    shapes = boundaries.read_boundaries(data, kind, set(data.suffolk[column]))
    whole = boundaries.read_boundaries(data, kind, set(data.suffolk[column]), tolerance=0)
    geometry = shapes.geometry.to_numpy()
    assert len(shapes) == count and shapely.is_valid(geometry).all() and shapely.coverage_is_valid(geometry)
    assert shapes.area.sum() == pytest.approx(whole.area.sum(), rel=0.002) and shapes.area.min() > 0.5 * whole.area.min()
    assert shapely.get_num_coordinates(geometry).sum() < 18000


def test_embedded_boundaries_are_those_of_the_publisher(data, root):
    """Each within a pixel of a page: the embedded shape of a neighbourhood against the published one."""
    held = gpd.read_parquet(root / "data" / "editions" / "suffolk-2025" / "snapshot" / "boundaries_lsoa.parquet").set_index("lsoa21cd")
    whole = boundaries.read_boundaries(data, "lsoa", set(held.index), tolerance=0).set_index("lsoa21cd").reindex(held.index)
    gaps = shapely.area(shapely.symmetric_difference(held.geometry.to_numpy(), whole.geometry.to_numpy()))
    assert len(held) == 449 and gaps.sum() < 0.03 * whole.area.sum()
    same = boundaries.read_boundaries(data, "lsoa", set(held.index)).set_index("lsoa21cd").reindex(held.index)
    assert shapely.equals_exact(held.geometry.to_numpy(), same.geometry.to_numpy(), tolerance=1e-6).all()


def test_residents(data):
    people = data.population.merge(data.places[["lsoa21cd", "pfa24cd", "lad24nm", "csp_name"]], on="lsoa21cd", validate="many_to_one")
    suffolk = people[people["pfa24cd"] == SUFFOLK_FORCE]
    assert suffolk.groupby("reference")["count"].sum().round(6).to_dict() == {"census_2021": 760689.0, "mid_2020": 761246.0}
    census = suffolk[suffolk["reference"] == "census_2021"]
    districts = {"Babergh": 92341, "East Suffolk": 246055, "Ipswich": 139658, "Mid Suffolk": 102696, "West Suffolk": 179939}
    assert census.groupby("lad24nm")["count"].sum().to_dict() == districts
    by_csp = census.groupby("csp_name")["count"].sum()
    assert by_csp["Suffolk Coastal"] == 129686 and by_csp["Waveney"] == 116369
    older = census[census["age_group"] == "65+"].groupby("lad24nm")["count"].sum() / census.groupby("lad24nm")["count"].sum()
    assert older.mul(100).round(1).to_dict() == {"Babergh": 26.6, "East Suffolk": 27.8, "Ipswich": 16.5, "Mid Suffolk": 25.3, "West Suffolk": 20.8}


def test_mid_2020_totals_are_conserved_at_every_age(data):
    wide = data.published("ons_population/population20_lsoa11.csv.gz")
    ages = wide.drop(columns=["lsoa11_name", "lsoa11_code", "total_population"]).astype(float)
    ours = data.population[data.population["reference"] == "mid_2020"].groupby("age_group")["count"].sum()
    assert ours["10-17"] == pytest.approx(ages[[str(age) for age in range(10, 18)]].to_numpy().sum(), abs=1e-4)
    assert ours.sum() == pytest.approx(ages.to_numpy().sum(), abs=1e-4)


def test_most_deprived_tenth(data):
    frame = data.deprivation
    assert frame.groupby(["index_edition", "domain"]).size().unique().tolist() == [33755] and frame["domain"].nunique() == 14
    suffolk = frame[frame["lsoa21cd"].isin(data.suffolk["lsoa21cd"]) & (frame["domain"] == "imd")]
    assert suffolk[suffolk["index_edition"] == "imd_2025"]["decile"].eq(1).sum() == 23
    old = data.published("mhclg_iod/imd2019_england_lsoa11.csv.gz").set_index("lsoa11_code")
    here = data.changes[data.changes["lsoa21cd"].isin(data.suffolk["lsoa21cd"])]
    assert old.loc[sorted(set(here["lsoa11cd"])), "IMD_decile"].astype(float).eq(1).sum() == 22
    unchanged = here[here["change_code"].isin(["U", "S"])].merge(suffolk[suffolk["index_edition"] == "imd_2019"], on="lsoa21cd")
    assert (old.loc[unchanged["lsoa11cd"], "IMD_rank"].astype(float).to_numpy() == unchanged["rank"].to_numpy()).all()
    assert frame["score"].isna().eq(frame["index_edition"] == "imd_2019").all()


@pytest.mark.parametrize(
    ("name", "area", "period", "category", "value"),
    [
        ("arrests", SUFFOLK_FORCE, "2017/18", "all", 6845),
        ("arrests_violence_against_the_person", SUFFOLK_FORCE, "2017/18", "all", 2633),
        ("stop_searches", SUFFOLK_FORCE, "Year ending March 2019", "all", 1935),
        ("stop_searches", SUFFOLK_FORCE, "Year ending March 2019", "Reason Offensive Weapons", 260),
        ("first_time_entrants_rate", SUFFOLK_COUNTY, "2024", "all", 123),
        ("proven_reoffending_rate", SUFFOLK_COUNTY, "2024", "all", 32.61),
        ("looked_after_offending", SUFFOLK_COUNTY, "2025", "all", 2),
        ("suspension_rate", SUFFOLK_COUNTY, "2023/24", "all", 14.58716),
        ("exclusion_rate", SUFFOLK_COUNTY, "2023/24", "all", 0.17192),
        ("children_in_need_rate", SUFFOLK_COUNTY, "2025", "all", 267.3),
        ("free_school_meals_secondary", SUFFOLK_COUNTY, "2025", "all", 22.3),
        ("referrals_from_police", SUFFOLK_COUNTY, "2025", "all", 22.2),
        ("looked_after_missing", SUFFOLK_COUNTY, "2025", "all", 11),
        ("care_leavers_neet", SUFFOLK_COUNTY, "2025", "all", 49),
        ("alcohol_admissions_under_18", SUFFOLK_COUNTY, "2021/22-23/24", "all", 26.03),
        ("assessment_episodes", SUFFOLK_COUNTY, "Year ending March 2025", "all", 4479),
        ("assessment_factor_gangs", SUFFOLK_COUNTY, "Year ending March 2025", "all", 72),
        ("assessment_factor_child_criminal_exploitation", SUFFOLK_COUNTY, "Year ending March 2025", "all", 153),
        ("assessment_factor_trafficking", SUFFOLK_COUNTY, "Year ending March 2025", "all", 15),
        ("assessment_factor_going_missing", SUFFOLK_COUNTY, "Year ending March 2025", "all", 115),
        ("sharp_object_admissions", "E12000006", "2012-13", "all", 275),
        ("sharp_object_admissions", "E92000001", "2012-13", "all", 3849),
        ("sharp_object_admissions", "E92000001", "2021-22 (provisional)", "all", 4049),
        ("violence_offences", "E07000202", "2018/19", "all", 5576),
        ("violence_offences", "E07000206", "2018/19", "all", 3608),
        ("violence_offences", "E07000205", "2018/19", "all", 2178),
    ],
)
def test_published_indicators(data, name, area, period, category, value):
    assert data.indicator(name, area, period, category)["value"] == value


def test_severity_scores(data):
    assert data.indicator("crime_severity_score", SUFFOLK_FORCE, "Year ending March 2022")["value"] == pytest.approx(12.745, abs=5e-4)
    scores = data.indicators[data.indicators["indicator"] == "crime_severity_score"]
    assert len(scores) == 55 * 7 * 20 and scores["area_code"].nunique() == 55 and (scores["marker"] == ":").sum() == 140


def test_rates_that_round(data):
    rates = {"E07000202": 40.3, "E07000206": 30.6, "E07000205": 16.9}
    assert {code: round(data.indicator("violence_offences_rate", code, "2018/19")["value"], 1) for code in rates} == rates


def test_null_means_marked(data):
    frame = data.indicators
    assert (frame["value"].isna() == frame["marker"].notna()).all()
    factors = frame[(frame["area_code"] == SUFFOLK_COUNTY) & (frame["indicator"] == "assessment_factor_child_criminal_exploitation")]
    assert factors.set_index("period_end")["marker"].isna().tolist() == [False] * 4 + [True] * 4


def test_arrests_add_up_a_second_way(data):
    table = data.published("home_office_stats/police-arrests-data.csv.gz")
    here = table[(table["force_name"] == "Suffolk") & (table["offence_group"] == "2015/16 onwards - Violence against the person")]
    here = here[here["financial_year"] == "2017/18"].assign(n=lambda frame: frame["arrests"].astype(int))
    ours = data.indicators[
        (data.indicators["indicator"] == "arrests_violence_against_the_person")
        & (data.indicators["area_code"] == SUFFOLK_FORCE)
        & (data.indicators["period_label"] == "2017/18")
    ].set_index("category")["value"]
    assert ours.filter(like="Age ").sum() == ours.filter(like="Ethnic group ").sum() == ours["all"] == here["n"].sum()
    boys = here[(here["age_group"] == "10 - 17 years") & (here["sex"] == "Male")]["n"].sum()
    assert ours["Age 10 - 17 years|Sex Male"] == boys


def test_missing_force_year_of_arrests_is_null(data):
    marked = data.indicators[(data.indicators["source"] == "home_office_stats") & (data.indicators["indicator"] == "arrests")]
    marked = marked[marked["marker"].notna()]
    assert set(marked["area_name"]) == {"Lancashire"} and set(marked["period_label"]) == {"2017/18"}


def test_impossible_national_rates_are_withheld(data):
    frame = data.indicators[data.indicators["marker"].fillna("").str.startswith("not credible")]
    assert set(frame["indicator"]) == {"first_time_entrants_rate"} and len(frame) == 9
    regions = data.indicators[(data.indicators["indicator"] == "first_time_entrants_rate") & data.indicators["area_code"].str.startswith("E12")]
    published = pd.read_parquet(data.root / "dfe_lait" / "bds_long_0.parquet")
    england = published[(published["Short Desc"] == "FirstYJS") & (published["LA and Regions"] == "England")].set_index("Years")["Values"]
    assert (regions.groupby("period_label")["value"].sum() - england.astype(float)).abs().max() <= 2


def test_outcomes_of_recorded_offences(data):
    table = data.published("home_office_prc/violence-prosecutions-data.csv.gz")
    here = table[(table["force_name"] == "Suffolk") & (table["offence_group"] == "Robbery")]
    counts = here.groupby("outcome_type")["force_outcomes_for_offences_recorded_in_quarter"].apply(lambda cells: cells.astype(int).sum())
    assert data.indicator("outcomes_of_recorded_offences", SUFFOLK_FORCE, "2018/19", "Offence Robbery")["value"] == counts.sum() == 482
    assert data.indicator("charged_percent", SUFFOLK_FORCE, "2018/19", "Offence Robbery")["value"] == pytest.approx(100 * counts["1"] / 482, abs=1e-6)
    person = data.indicators[(data.indicators["area_code"] == SUFFOLK_FORCE) & (data.indicators["indicator"] == "outcomes_of_recorded_offences")]
    person = person.set_index("category")["value"]
    groups = ["Homicide", "Violence with injury", "Violence without injury", "Stalking and harassment", "Death or serious injury caused by illegal driving"]
    assert sum(person.get(f"Offence {group}", 0) for group in groups) == 19613 and person["Offence Sexual offences"] == 2346


def test_every_indicator_area_has_a_code(data):
    odd = data.indicators[~data.indicators["area_code"].str.fullmatch(r"[EWK]\d{8}")]
    assert set(odd["area_code"]) == {"btp"}


def test_parts_of_domains_are_the_publishers(data):
    wide = data.published("mhclg_iod/imd2025_england_lsoa21_subdomains.csv.gz").set_index("lsoa21_code").loc[data.suffolk["lsoa21cd"]]
    ours = data.deprivation[data.deprivation["index_edition"] == "imd_2025"].set_index(["domain", "lsoa21cd"])
    for part in deprivation.SUB_DOMAINS:
        mine = ours.loc[part].loc[wide.index]
        assert (mine["rank"] == wide[f"{part}_rank"].astype(float)).all() and (mine["score"] == wide[f"{part}_score"].astype(float)).all()


def test_census_totals_of_suffolk(data):
    here = data.place_indicators[data.place_indicators["lsoa21cd"].isin(data.suffolk["lsoa21cd"])]
    census = here[here["reference"] == "census_2021"].groupby("indicator")["value"].sum().to_dict()
    assert census == {
        "residents_by_ethnic_group": 760677.0,
        "households_by_occupancy_rating": 333566.0,
        "households_by_tenure": 333573.0,
        "households_by_deprivation_dimensions": 333589.0,
    }


def test_ethnic_groups_of_suffolk_a_second_way(data):
    listed = data.published("ons_population/ethnicity21_lsoa21.csv.gz")
    listed = listed[listed["lsoa21_code"].isin(data.suffolk["lsoa21cd"])].assign(n=lambda frame: frame["n"].astype(float))
    ours = data.place_indicators.query("indicator == 'residents_by_ethnic_group'")
    ours = ours[ours["lsoa21cd"].isin(data.suffolk["lsoa21cd"])].groupby("category")["value"].sum()
    assert ours.to_dict() == {f"Ethnic group {group}": total for group, total in listed.groupby("ethnic_group")["n"].sum().items()}


def test_police_recorded_violence_by_neighbourhood(data):
    frame = data.place_indicators[data.place_indicators["indicator"] == "violence_with_injury_rate"]
    assert len(frame) == 33755 and frame["value"].notna().all() and frame["reference"].unique().tolist() == ["imd_2025"]
    suffolk = frame[frame["lsoa21cd"].isin(data.suffolk["lsoa21cd"])]["value"]
    assert (len(suffolk), suffolk.median(), suffolk.min(), suffolk.max()) == (449, 4.4, 0.5, 35.2)


def test_suppressed_counts_of_the_indices_are_marked(data):
    frame = data.place_indicators
    assert (frame["value"].isna() == frame["marker"].notna()).all()
    blank = frame[frame["value"].isna() & (frame["reference"] == "imd_2025")].groupby("indicator").size().to_dict()
    assert blank == {
        "income_deprived_people": 5,
        "income_deprived_children": 815,
        "income_deprived_older_people": 832,
        "employment_deprived_people": 21,
        "not_entering_higher_education_share": 34,
    }


def test_residents_by_sex_add_up_to_the_persons_table(data):
    rows = data.indicators[data.indicators["indicator"] == "residents"]
    suffolk = rows[rows["area_code"].isin(["E07000200", "E07000202", "E07000203", "E07000244", "E07000245"])]
    persons = pd.read_csv(data.root / "ons_population" / "Mid-2020 Persons-Table 1.csv.gz", skiprows=4, thousands=",", dtype={"All Ages": "str"})
    here = persons[persons["LA Code (2021 boundaries)"].isin(suffolk["area_code"])]
    assert suffolk["value"].sum() == here["All Ages"].str.replace(",", "").astype(int).sum() == 761246
    young = here[[str(age) for age in range(10, 18)]].astype(float).to_numpy().sum()
    assert suffolk[suffolk["category"].str.startswith("Age 10 - 17")]["value"].sum() == young


def test_severity_of_suffolks_partnerships(data):
    rows = data.indicators[data.indicators["indicator"] == "partnership_severity_score"].set_index("area_code")["value"]
    published = data.published("ons_css/england_crime_severity.csv").set_index("ltla23_code")["crime_severity_score"]
    assert rows["E22000273"] == float(published["E07000202"]) and rows["E22000373"] == float(published["E07000245"])
    assert not {"E22000274", "E22000278"} & set(rows.index)


def test_severity_weights_of_our_code_table_are_the_tools(data, root):
    tool = data.published("ons_css/policeuk-ons-code-join.csv").set_index("ONS_COUNTS_code")["ONS_SEVERITY_weight"].astype(float)
    codes = pd.read_csv(root / "data" / "reference" / "offence_codes.csv", dtype="str", keep_default_na=False)
    codes = codes[codes["css_source"].str.contains("edition of about 2021")].set_index("offence_code")["css_weight"].astype(float)
    assert len(codes) > 100 and (codes - tool.reindex(codes.index)).abs().max() < 0.0051
