import dataclasses
from pathlib import Path

import pytest

from monitor.errors import ModelError
from monitor.geo import in_box
from monitor.model import Enrichment, Place, Point, Post, text_of
from nlp import places
from nlp.places import Options, Places
from nlp.resolve import Home

LONDON = (51.28, -0.52, 51.70, 0.34)


@pytest.fixture(scope="module")
def in_london() -> Places:
    return places.open(Options(home=LONDON))


@pytest.fixture(scope="module")
def anywhere() -> Places:
    return places.open(Options())


def found(step: Places, text: str, lang: str = "en", title: str = "") -> tuple[Place, ...]:
    post = Post(id="a:1", text=text, title=title)
    (enrichment,) = step([post], [Enrichment(lang=lang)])
    for place in enrichment.places:
        assert text_of(post)[place.start : place.end] == place.name
    return enrichment.places


def near(place: Place, lat: float, lon: float) -> bool:
    return abs(place.lat - lat) < 0.3 and abs(place.lon - lon) < 0.3


def test_a_post_without_a_place_has_none(anywhere):
    assert found(anywhere, "what a lovely morning, my new mixtape is fire") == ()


def test_a_span_counts_code_points(anywhere):
    (place,) = found(anywhere, "🔥🔥 fire in Hackney 👍")
    assert (place.name, place.start, place.end) == ("Hackney", 11, 18)


def test_a_span_counts_in_title_and_text_together(anywhere):
    (place,) = found(anywhere, "Crews are on their way to Croydon.", title="Big fire")
    assert place.start == len("Big fire\nCrews are on their way to ")


@pytest.mark.parametrize(
    "name",
    [
        "Hackney",
        "Brixton",
        "Croydon",
        "Camden Town",
        "Woolwich",
        "Tottenham",
        "Peckham",
        "Greenwich",
    ],
)
def test_districts_are_those_of_the_home_area(in_london, name):
    (place,) = found(in_london, f"Two people hurt in {name} this evening")
    assert (place.kind, place.role) == ("district", "happened")
    assert near(place, 51.5, -0.1)
    assert place.radius_m <= 3_000


@pytest.mark.parametrize("name", ["Hackney", "Croydon", "Woolwich", "Tottenham", "Greenwich"])
def test_districts_are_those_of_the_city_in_the_text(anywhere, name):
    first, city = found(anywhere, f"Fire in {name}, London")
    assert first.name == name
    assert near(first, 51.5, -0.1)
    assert (city.name, city.kind) == ("London", "city")


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("Explosion in Paris kills two", 48.85, 2.35),
        ("Explosion in Paris, Texas", 33.66, -95.56),
        ("Tornado in Texas: houses in Paris destroyed", 33.66, -95.56),
        ("Stabbing in Richmond, Virginia", 37.55, -77.46),
        ("Stabbing in Richmond tonight", 51.46, -0.31),
        ("Flooding in Houston, TX", 29.76, -95.37),
        ("Storm damage in Georgia, roofs off in Atlanta", 33.75, -84.39),
        ("Blackout in Cambridge, Massachusetts", 42.37, -71.11),
        ("Power cut in St. Paul, Minnesota", 44.94, -93.09),
        ("Shots fired in the Bronx", 40.85, -73.87),
        ("Crash in Bath near the station", 51.38, -2.36),
    ],
)
def test_namesakes_are_told_apart(in_london, text, lat, lon):
    assert near(found(in_london, text)[0], lat, lon)


def test_a_region_named_alone_has_a_large_radius(anywhere):
    (place,) = found(anywhere, "Heavy rain across Texas")
    assert (place.kind, place.ref) == ("admin1", "geonames:4736286")
    assert place.radius_m > 300_000


def test_the_smallest_place_where_it_happened_comes_first(anywhere):
    kinds = [p.kind for p in found(anywhere, "In the United States, fire in Houston, Texas")]
    assert kinds == ["city", "admin1", "country"]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Feuer in Hackney", "de"),
        ("Incendio en Hackney deja dos heridos", "es"),
        ("Incendie à Hackney", "fr"),
        ("Incendio a Hackney, due feriti", "it"),
        ("Incêndio em Hackney", "pt"),
        ("Brand in Hackney", "nl"),
    ],
)
def test_other_languages_are_read(in_london, text, lang):
    (place,) = found(in_london, text, lang)
    assert (place.name, place.role, place.kind) == ("Hackney", "happened", "district")


def test_names_in_other_languages_mean_the_same_place(anywhere):
    (place,) = found(anywhere, "Incendio en Londres", "es")
    assert place.ref == "geonames:2643743"


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("smoke everywhere #Hackney", "Hackney", "district"),
        ("boats needed #HoustonFlood", "Houston", "city"),
        ("pray for #PuertoRico", "PuertoRico", "country"),
        ("help #puertorico now", "puertorico", "country"),
    ],
)
def test_hashtags_hold_places(in_london, text, name, kind):
    (place,) = found(in_london, text)
    assert (place.name, place.kind) == (name, kind)


@pytest.mark.parametrize(
    "text",
    [
        "Paris Hilton was seen smiling",
        "I was reading a nice book in the bath",
        "Hurricane Florence is getting stronger",
        "The American team won",
        "write to fire@London.example or see https://London.example/Paris",
        "thanks @London for nothing",
        "relief costs US$140 million",
    ],
)
def test_names_of_persons_and_things_are_no_places(in_london, text):
    assert found(in_london, text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Chelsea won 2-0 at home",
        "Tottenham striker scores twice",
        "Washington said it would act",
        "BBC London has a new presenter",
        "cheap flights to Madrid",
    ],
)
def test_where_nothing_happened_is_only_mentioned(in_london, text):
    places = found(in_london, text)
    assert places
    assert {place.role for place in places} == {"mentioned"}


@pytest.mark.parametrize(
    "text",
    [
        "Forty firefighters called to Hackney",
        "Smoke from Croydon can be seen for miles",
        "Hackney: two held after stabbing",
        "Brixton fire under control",
        "Explosion in the capital London",
    ],
)
def test_where_help_is_called_to_it_happened(in_london, text):
    assert [place.role for place in found(in_london, text)] == ["happened"]


def test_a_dateline_says_where_it_happened(anywhere):
    (place,) = found(anywhere, "LONDON (Reuters) - Police have arrested two")
    assert place.role == "happened"


def test_a_place_far_from_where_it_happened_is_mentioned(in_london):
    roles = {p.name: p.role for p in found(in_london, "Fire in Hackney, as big as that of Chicago")}
    assert roles == {"Hackney": "happened", "Chicago": "mentioned"}


@pytest.mark.parametrize(
    ("text", "lang", "name", "kind"),
    [
        ("Crash on Mare Street in Hackney", "en", "Mare Street", "street"),
        ("Fire at 10 Downing Street", "en", "10 Downing Street", "address"),
        ("Fumée rue de Rivoli à Paris", "fr", "rue de Rivoli", "street"),
        ("Brand in der Hauptstraße 12 in Köln", "de", "Hauptstraße 12", "address"),
        ("Choque en la Calle Mayor de Madrid", "es", "Calle Mayor", "street"),
        ("Incendio in via Nazionale 12 a Roma", "it", "via Nazionale 12", "address"),
        ("Trapped at St. Paul's Cathedral", "en", "St. Paul's Cathedral", "poi"),
        ("Man Stabbed Near Oxford Street In London", "en", "Oxford Street", "street"),
    ],
)
def test_a_street_stands_where_its_city_is(in_london, text, lang, name, kind):
    place = next(p for p in found(in_london, text, lang) if p.name == name)
    assert (place.kind, place.ref) == (kind, "")
    assert place.confidence < 0.5
    assert place.radius_m >= 1_500


def test_a_street_without_a_city_is_somewhere_at_home_or_nowhere(in_london, anywhere):
    (place,) = found(in_london, "Crash on Mare Street")
    assert near(place, 51.49, -0.09)
    assert place.radius_m > 20_000
    assert found(anywhere, "Crash on Mare Street") == ()


def test_a_street_of_the_operators_list_is_found(tmp_path):
    path = tmp_path / "streets.csv"
    path.write_text("name,lat,lon,kind,ref\nMare Street,51.545,-0.055,street,osm:way/1\n", "utf-8")
    step = places.open(Options(home=LONDON, gazetteer=str(path)))
    (place,) = found(step, "crash on mare street")
    assert (place.ref, place.kind, place.radius_m) == ("osm:way/1", "street", 500)


def test_the_posts_own_position_comes_first(in_london):
    post = Post(id="a:1", text="Fire in Hackney", point=Point(lat=51.54, lon=-0.05))
    (enrichment,) = in_london([post], [Enrichment(lang="en")])
    own = enrichment.places[0]
    assert (own.name, own.start, own.end, own.kind) == ("", 0, 0, "point")
    assert (own.role, own.radius_m, own.confidence) == ("happened", 50, 0.95)


def test_it_fills_places_and_its_version_and_nothing_else(in_london):
    posts = [Post(id=f"a:{i}", text=t) for i, t in enumerate(["Fire in Hackney", "", "Hello"])]
    before = [Enrichment(lang="en", relevance=i / 10, models={"lang": "x"}) for i in range(3)]
    after = in_london(posts, before)
    assert [len(e.places) for e in after] == [1, 0, 0]
    plain = [dataclasses.replace(e, places=(), models={"lang": "x"}) for e in after]
    assert plain == before
    assert {"spacy", "lang", "places"} >= set(after[0].models)
    assert after[0].models["places"].startswith("core_web_sm")


@pytest.mark.parametrize(
    "text",
    [
        "One engine at a bin fire at Quillan Green, Richmond TW9. Stay back.",
        "Bin fire at Quillan Green in Richmond, fence alight",
    ],
)
def test_an_address_names_the_district_where_it_lies(in_london, text):
    kinds = {place.name: (place.role, place.kind) for place in found(in_london, text)}
    assert kinds["Richmond"] == ("happened", "district")
    assert kinds["Quillan Green"] == ("happened", "poi")
    assert "Quillan" not in kinds


def test_a_post_means_the_same_alone_and_in_company(in_london):
    texts = ["Fire in Paris", "Tornado in Texas", "Stabbing in Richmond", "Richmond, Virginia"]
    posts = [Post(id=f"a:{i}", text=text) for i, text in enumerate(texts)]
    known = [Enrichment(lang="en")] * len(posts)
    alone = [in_london([post], [one])[0] for post, one in zip(posts, known, strict=True)]
    assert in_london(posts, known) == alone
    assert in_london([], []) == []


@pytest.mark.parametrize(
    "text",
    [
        "e" + "\u0301" * 10_000,
        "A" * 1_000_000,
        "#" + "Aa" * 50_000,
        "A. " * 50_000,
        "@" * 50_000,
        "London (" + "a" * 50_000,
        "Mare Street " * 50_000,
        "\n" * 50_000,
    ],
    ids=["marks", "word", "camel", "initials", "accounts", "dateline", "streets", "lines"],
)
def test_hostile_texts_are_read_in_part(in_london, text):
    assert len(found(in_london, text)) <= places.MOST


def test_other_weights_are_refused():
    with pytest.raises(ModelError):
        places.open(Options(sha256=("0" * 64, "0" * 64)))


@pytest.mark.parametrize("model", ["no_such_pipeline", str(Path(__file__).parent)])
def test_a_missing_model_is_said(model):
    with pytest.raises(ModelError):
        places.open(Options(model=model))


def test_what_was_read_is_not_remembered(anywhere):
    found(anywhere, "Smoke over Hackney")
    known = len(anywhere._nlp.vocab.strings)
    found(
        anywhere, "Zorkblat, Quuxington and #Frobnicated in Hackney: https://x.example/Wibblewobble"
    )
    assert len(anywhere._nlp.vocab.strings) == known


def test_a_home_across_the_antimeridian_has_its_margin_on_both_sides() -> None:
    fiji = Home.of((-20.0, 176.0, -12.0, -178.0), 20_000.0)
    assert [in_box(-15.0, lon, fiji.outer) for lon in (175.9, 180.0, -177.9)] == [True] * 3
    assert [in_box(-15.0, lon, fiji.outer) for lon in (175.0, 0.0, -177.0)] == [False] * 3
    nearly_all = Home.of((-80.0, -179.9, 80.0, 179.9), 50_000.0)
    assert in_box(0.0, 180.0, nearly_all.outer)
    assert in_box(0.0, 0.0, nearly_all.outer)
