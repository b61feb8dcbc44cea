"""The kinds of partner extract, as data. Spellings, bands and rates are this project's; no partner's file was seen."""

from __future__ import annotations

from svd_lib.errors import SnaError
from svd_lib.ingest.partners.kinds import Field, Kind

_SEX = Field(
    "sex", "category", "Sex of the person as recorded", False,
    {"female": ("f", "woman", "girl", "2"), "male": ("m", "man", "boy", "1"), "other": ("x", "indeterminate", "9")},
    also=("gender",), purpose="who is most at risk",
)  # fmt: skip
_AGE = Field(
    "age", "age", "Age of the person in whole years, or one of the age bands; never a date of birth", False, unit="years",
    also=("age in years", "age at event", "age band", "age group"), purpose="who is most at risk, and the under-25s in particular",
)  # fmt: skip
_ETHNICITY = Field(
    "ethnicity", "category", "Ethnic group, in the five groups of the census", False,
    {
        "Asian or Asian British": ("asian", "a"), "Black, Black British, Caribbean or African": ("black", "b"),
        "Mixed or multiple ethnic groups": ("mixed", "m"), "White": ("w",), "Other ethnic group": ("other", "o"),
    },
    also=("ethnic group",), purpose="whether some groups are harmed or drawn in more than others",
)  # fmt: skip


def _date(name: str, meaning: str) -> Field:
    return Field(name, "date", f"{meaning}, as 2025-03-31 or 31/03/2025", unit="day", also=("date",), purpose="change over time")


def _time(name: str, meaning: str) -> Field:
    return Field(name, "time", f"{meaning}, as 23:15", False, unit="24-hour clock", also=("time", "time of day"), purpose="when it happens")


def _area(meaning: str) -> Field:
    also = ("lsoa", "lsoa21cd", "lsoa code", "district", "local authority")
    return Field("area", "area", f"{meaning}: a 2021 or 2011 LSOA code, or a district's name or code; never a postcode", False, also=also, purpose="where it happens")


def _category(name: str, meaning: str, purpose: str, required: bool = False, /, **allowed: tuple[str, ...]) -> Field:
    return Field(name, "category", meaning, required, {word.replace("_", " "): other for word, other in allowed.items()}, purpose=purpose)


def _flag(name: str, meaning: str, purpose: str) -> Field:
    return Field(name, "flag", meaning, False, purpose=purpose)


_WEAPON = _category(
    "weapon", "What the injury was done with", "use of knives and other weapons",
    none_or_body_part=("none", "body part", "fist", "feet", "bodily force"), knife_or_sharp_object=("knife", "sharp object", "blade", "stabbing"),
    bottle_or_glass=("glass", "bottle"), blunt_object=("blunt", "bat"), firearm=("gun", "air weapon"), other_weapon=("other", "acid"),
)  # fmt: skip
_PLACE = _category(
    "location_type", "Kind of place where it happened", "where prevention can work",
    street=("road", "public highway", "street or road"), pub_or_club=("pub", "club", "bar", "nightclub", "licensed premises"), home=("dwelling", "private home", "residential"),
    school_or_college=("school", "college", "education"), workplace=("work",), transport=("bus", "train", "station"),
    park_or_open_space=("park", "open space"), other_place=("other",),
)  # fmt: skip
_HEALTH = (
    ("age_band", "sex"), ("weekday", "hour_band"), ("weapon", "sex"), ("district",),
)  # fmt: skip

KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(
            "ed-attendances", "Emergency department attendances after an assault", "the hospital trust (Information Sharing to Tackle Violence)",
            "attendances", "violence that the police may never hear of: when, where, with what, and to whom",
            (
                _date("attendance_date", "Day of the attendance"), _time("attendance_time", "Time of the attendance"), _PLACE, _WEAPON,
                _category("assault_type", "Kind of assault", "kinds of violence", physical=("assault", "physical assault"), sexual=("sexual assault",), domestic=("domestic abuse", "dv"), other_assault=("other",)),
                _AGE, _SEX, _area("Where the assault happened"),
            ),
            (("month", "age_band"), *_HEALTH, ("location_type",), ("assault_type", "sex")), rate=2.6,
        ),
        Kind(
            "ambulance", "Ambulance incidents after an assault", "the ambulance service trust", "incidents",
            "violence that the police may never hear of, and the hours and days when crews meet it",
            (
                _date("incident_date", "Day of the incident"), _time("incident_time", "Time of the call"), _WEAPON,
                _category("incident_type", "Kind of incident, as coded at the call", "kinds of violence", assault=("physical assault",), sexual_assault=("sexual",), stabbing_or_shooting=("stab", "gunshot", "penetrating trauma")),
                _flag("conveyed", "Whether the patient was taken to hospital", "how badly people are hurt"), _AGE, _SEX, _area("Where the ambulance went"),
            ),
            (("month",), *_HEALTH, ("incident_type", "conveyed")), rate=1.4,
        ),
        Kind(
            "admissions", "Hospital admissions after an assault", "the integrated care board", "admissions",
            "the gravest harm: one of the measures that the Duty's success is judged by",
            (
                _date("admission_date", "Day of the admission"),
                _category(
                    "mechanism", "Kind of assault by the groups of ICD-10 codes X85 to Y09", "kinds of violence", True,
                    sharp_object=("x99", "sharp"), bodily_force=("y04", "bodily force"), blunt_object=("y00", "blunt"),
                    firearm=("x93", "x94", "x95"), sexual_assault=("y05",), other_assault=("other",),
                ),
                _AGE, _SEX, _area("Where the patient lives"),
            ),
            (("month",), ("age_band", "sex"), ("mechanism", "sex"), ("district",)), rate=0.7,
        ),
        Kind(
            "police-crimes", "Police recorded offences with flags", "the police force's crime recording system", "offences",
            "offences by the definition below the level of a force, with what codes alone cannot say: knife, domestic, under 25",
            (
                Field("offence_code", "offence", "Home Office offence code, as in the project's table of codes", purpose="the definition", also=("ho code", "home office code", "offence")),
                _date("offence_date", "Day of the offence"), _time("offence_time", "Time of the offence"), _PLACE,
                _flag("knife", "Whether a knife or sharp instrument was used or threatened", "use of knives"),
                _flag("domestic", "Whether flagged as domestic abuse", "domestic and other violence apart"),
                _flag("under_25", "Whether a victim or suspect was under 25", "violence by and against young people"),
                _area("Where the offence happened"),
            ),
            (("month", "offence_group"), ("offence_group", "knife"), ("offence_group", "domestic"), ("offence_group", "under_25"), ("weekday", "hour_band"), ("location_type", "knife"), ("district", "offence_group")),
            rate=24.0,
        ),
        Kind(
            "police-people", "Victims and suspects of recorded violence", "the police force's crime recording system", "people",
            "who is harmed and who harms, how often again, and how many are both; people are counted, never named",
            (
                Field("person_key", "person", "A key made for this extract alone that stands for one person; not a name, number or reference of any system", purpose="counting a person once, and repeats", also=("person id", "pseudonym", "key")),
                _category("role", "Victim or suspect", "victims and suspects apart", True, victim=("v", "injured party", "complainant"), suspect=("s", "offender", "accused", "defendant")),
                _date("offence_date", "Day of the offence"), _AGE, _SEX, _ETHNICITY,
            ),
            (("role", "age_band"), ("role", "sex"), ("role", "ethnicity"), ("role", "times")), rate=30.0,
        ),
        Kind(
            "youth-justice", "Children in the youth justice system for violence", "the youth justice service", "outcomes",
            "which children are drawn in, and what help they are under",
            (
                _date("outcome_date", "Day of the outcome"),
                _category("offence_type", "Kind of offence", "kinds of violence", True, violence=("violence against the person", "vap"), robbery=(), weapons=("possession of weapons", "knife"), sexual=("sexual offences",), other_offence=("other",)),
                _category("outcome_type", "Kind of outcome", "how far in the system", diversion=("community resolution", "outcome 22"), caution=("youth caution", "conditional caution"), community_order=("referral order", "yro", "youth rehabilitation order"), custody=("dto",)),
                _flag("first_time", "Whether the child's first outcome", "first-time entrants"), _AGE, _SEX, _ETHNICITY,
            ),
            (("offence_type", "sex"), ("outcome_type",), ("first_time", "sex"), ("ethnicity",), ("age_band",)), rate=0.5, retention_months=12,
        ),
        Kind(
            "probation", "People supervised for violence", "the Probation Service", "people starting supervision",
            "the needs of people whose violence is known, for services that reduce it",
            (
                _date("start_date", "Day supervision began"),
                _category("order_type", "Kind of supervision", "the mix of supervision", community_order=("co",), suspended_sentence=("sso",), licence=("post release", "parole")),
                _category("risk_level", "Assessed risk of serious harm", "how much risk is managed", low=("l",), medium=("m",), high=("h",), very_high=("vh",)),
                _flag("accommodation_need", "Whether settled accommodation is a need", "needs of people supervised"),
                _flag("employment_need", "Whether employment is a need", "needs of people supervised"),
                _flag("drug_need", "Whether drug use is a need", "needs of people supervised"), _AGE, _SEX,
            ),
            (("risk_level", "sex"), ("age_band", "sex"), ("order_type",), ("accommodation_need",), ("employment_need",), ("drug_need",)), rate=1.1,
        ),
        Kind(
            "education", "Suspensions and exclusions for violence", "the local authority's education service", "suspensions and exclusions",
            "where schools meet violence, by phase and need",
            (
                _date("event_date", "Day of the event"),
                _category("event", "Suspension or permanent exclusion", "kinds of event", True, suspension=("fixed term exclusion", "fte"), permanent_exclusion=("pex", "permanent")),
                _category("reason", "Main reason", "kinds of violence", assault_on_a_pupil=("pp", "physical assault against a pupil"), assault_on_an_adult=("pa", "physical assault against an adult"), weapon=("ow", "use or threat of use of an offensive weapon"), threat_to_a_pupil=("vp",), threat_to_an_adult=("va",), other_reason=("other",)),
                _category("phase", "Phase of school", "where support is needed", primary=("p",), secondary=("s",), special_or_alternative=("special", "pru", "alternative provision")),
                _flag("special_needs", "Whether the pupil has special educational needs", "needs of pupils"), _SEX, _area("Where the school is"),
            ),
            (("month",), ("reason", "sex"), ("event", "phase"), ("special_needs", "sex"), ("district",)), rate=3.0,
        ),
        Kind(
            "social-care", "Children's assessments with exploitation or violence", "the local authority's children's services", "assessments",
            "children known to be exploited or near violence",
            (
                _date("assessment_date", "Day the assessment ended"),
                _category("factor", "Factor at the end of the assessment", "kinds of harm", True, criminal_exploitation=("cce", "child criminal exploitation"), sexual_exploitation=("cse", "child sexual exploitation"), gangs=("gang",), domestic_abuse=("da", "domestic violence"), going_missing=("missing",), trafficking=("slavery",)),
                _AGE, _SEX, _area("Where the child lives"),
            ),
            (("month",), ("factor", "sex"), ("factor", "age_band"), ("district",)), rate=2.2,
        ),
        Kind(
            "fire", "Deliberate fires", "the fire and rescue service", "fires",
            "arson, and places where disorder goes with it",
            (
                _date("incident_date", "Day of the fire"), _time("incident_time", "Time of the call"),
                _category("fire_type", "Kind of fire", "gravity", True, primary=("primary fire",), secondary=("secondary fire",), chimney=()),
                _category("property_type", "What burned", "where prevention can work", dwelling=("home",), other_building=("building",), road_vehicle=("vehicle", "car"), outdoor=("grassland", "refuse", "bin")),
                _flag("casualty", "Whether anyone was hurt", "gravity"), _area("Where the fire was"),
            ),
            (("month",), ("fire_type", "property_type"), ("weekday", "hour_band"), ("casualty",), ("district",)), rate=0.6,
        ),
        Kind(
            "housing", "Housing cases after violence", "the district council's housing service", "cases",
            "violence that costs people their home, or is done where they live",
            (
                _date("case_date", "Day the case was opened"),
                _category("case_type", "Kind of case", "kinds of need", True, homeless_after_domestic_abuse=("domestic abuse",), homeless_after_other_violence=("other violence",), antisocial_behaviour=("asb",), cuckooing=("home takeover",)),
                _category("tenure", "Tenure", "where support is needed", social_rent=("social", "council"), private_rent=("private",), owned=("owner",), other_tenure=("other",)),
                _AGE, _SEX, _area("Where the household lives"),
            ),
            (("month",), ("case_type", "tenure"), ("age_band", "sex"), ("district",)), rate=1.2,
        ),
        Kind(
            "licensing", "Incidents and actions at licensed premises", "the district council's licensing service", "incidents and actions",
            "the part that licensed premises play in violence",
            (
                _date("event_date", "Day of the event"), _time("event_time", "Time of the event"),
                _category("event", "Incident or action", "kinds of event", True, violent_incident=("incident", "assault"), licence_review=("review",), condition_added=("condition",), licence_refused=("refusal",)),
                _category("premises_type", "Kind of premises", "where prevention can work", pub=("public house",), nightclub=("club",), restaurant=(), off_licence=("shop", "off sales"), takeaway=("late night refreshment",), other_premises=("other",)),
                _area("Where the premises are"),
            ),
            (("month",), ("event", "premises_type"), ("weekday", "hour_band"), ("district",)), rate=0.8,
        ),
        Kind(
            "survey", "Survey of residents or practitioners", "the partnership", "answers",
            "what people see, fear and ask for; their own words only after a person has released them",
            (), (("question", "answer"), ("question", "answer", "group")), rate=1.6, retention_months=24,
        ),
    )
}  # fmt: skip


def kind_named(name: str) -> Kind:
    """Return a kind by its id.

    Raises
    ------
    SnaError
        When there is no such kind, with the kinds there are.
    """
    if name not in KINDS:
        raise SnaError(f"There is no kind of partner extract of that name; the kinds are {', '.join(KINDS)}.")
    return KINDS[name]
