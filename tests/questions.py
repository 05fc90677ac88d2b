"""What hypothesis makes of signals, events and questions: few words, so that they meet often."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from monitor.model import Enrichment, Event, Place, Point, Post, Signal

DAY = datetime(2026, 3, 14, 12, tzinfo=UTC)
WORDS = (
    "fire",
    "fires",
    "burning",
    "police",
    "Feuer",
    "Häuser",
    "incendies",
    "火災",
    "l'eau",
    "9/11",
)
TOPICS = ("Fire", "Security", "Security/violence", "Met")
SOURCES = ("bbc news", "Feed_2", 'odd"name*', "src-a")
LANGS = ("en", "de", "fr", "ja", "", "xx")
PLACES = ("Hackney", "Mare Street", "New York", "York", "Łódź")
REFS = ("geonames:1", "geonames:2", "osm:way/3", "")
POINTS = (
    (51.5, -0.12),
    (51.51, -0.12),
    (52.0, 0.1),
    (-17.0, 179.999),
    (-17.0, -179.999),
    (90.0, 0.0),
)
SEVERITIES = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")

moments = st.integers(-72, 72).map(lambda hours: DAY + timedelta(hours=hours))
texts = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
points = st.sampled_from(POINTS)


@st.composite
def places(draw, roles=("happened", "mentioned")):
    lat, lon = draw(points)
    return Place(
        name=draw(st.sampled_from((*PLACES, ""))), start=0, end=0, kind="city",
        role=draw(st.sampled_from(roles)),
        lat=lat, lon=lon, radius_m=100.0, ref=draw(st.sampled_from(REFS)),
    )  # fmt: skip


@st.composite
def signals(draw, id: str, event: str = "1", seq: int = 1):
    source = draw(st.sampled_from(SOURCES))
    point = draw(st.none() | points)
    return Signal(
        post=Post(
            id=id, text=draw(texts), title=draw(texts), source=source, published=draw(moments),
            voice=draw(st.sampled_from(("official", "media", "citizen", "unknown"))),
            point=Point(lat=point[0], lon=point[1]) if point else None,
        ),
        enrichment=Enrichment(
            lang=draw(st.sampled_from(LANGS)), relevance=draw(st.sampled_from((0.0, 0.5, 0.75))),
            labels=tuple(draw(st.lists(st.sampled_from(TOPICS), unique=True, max_size=2))),
            severity=draw(st.sampled_from(SEVERITIES)),
            places=tuple(draw(st.lists(places(), max_size=2))),
        ),
        event=event, sources=(source, draw(st.sampled_from(SOURCES))), arrived=seq, seq=seq,
    )  # fmt: skip


@st.composite
def events(draw, id: str, seq: int = 1):
    first, last = sorted((draw(moments), draw(moments)))
    counts = st.integers(1, 9)
    return Event(
        id=id, seq=seq, texts=tuple(draw(st.lists(texts, max_size=3))), first=first, last=last,
        size=draw(st.integers(0, 4)),
        sources=draw(st.dictionaries(st.sampled_from(SOURCES), counts, max_size=2)),
        topics=draw(st.dictionaries(st.sampled_from(TOPICS), counts, max_size=2)),
        langs=draw(st.dictionaries(st.sampled_from(LANGS), counts, max_size=2)),
        severity=draw(st.sampled_from(SEVERITIES)), certainty=draw(
            st.sampled_from(("Observed", "Likely", "Possible", "Unlikely", "Unknown"))),
        place=draw(st.none() | places(roles=("happened",))),
        phase=draw(st.sampled_from(("new", "growing", "quiet", "closed"))),
        verdict=draw(st.sampled_from(("none", "confirmed", "dismissed"))),
    )  # fmt: skip


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_bounds = st.sampled_from(
    ("2026-03-13", "2026-03-14T12:00:00Z", '"2026-03-14 09:30"', "2026-03", "*")
)
_opening, _closing = st.sampled_from("[{"), st.sampled_from("]}")
_moment = st.one_of(
    st.builds(
        "{}{} TO {}{}".format, st.sampled_from("[{"), _bounds, _bounds, st.sampled_from("]}")
    ),
    st.sampled_from(
        ("2026-03-14", ">=2026-03-14", "<2026-03-14T06", ">2026-03-13", "<=2026-03-15")
    ),
)
_grades = st.one_of(
    st.sampled_from(SEVERITIES),
    st.builds("{}{}".format, st.sampled_from((">", ">=", "<", "<=")), st.sampled_from(SEVERITIES)),
    st.builds("{{{} TO {}]".format, st.sampled_from(SEVERITIES), st.sampled_from(SEVERITIES)),
)
_circles = st.builds(
    lambda point, radius: f'near:"{point[0]},{point[1]},{radius}"',
    points, st.sampled_from(("10m", "500m", "2km", "60km", "5000km", "20020km")),
)  # fmt: skip
_words = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(("f*", "bur*", "polic*", "haus*", "zzz")),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(lambda w: _quoted(" ".join(w))),
)
_common = st.one_of(
    _words, _words, _circles,
    st.builds("topic:{}".format, st.sampled_from((*TOPICS, "security", "nothing"))),
    st.builds("source:{}".format, st.sampled_from(SOURCES).map(_quoted)),
    st.builds("lang:{}".format, st.sampled_from(("en", "DE", "fr"))),
    st.builds("place:{}".format, st.sampled_from((*PLACES, "geonames:1", "unknown")).map(_quoted)),
    st.builds("severity:{}".format, _grades),
    st.builds("time:{}".format, _moment),
    st.builds("id:{}".format, st.sampled_from(("s:1", "s:2", "1", "2")).map(_quoted)),
    st.builds("event:{}".format, st.sampled_from(("1", "2"))),
    st.just("*"),
)  # fmt: skip
_signals_only = st.sampled_from(
    ("voice:media", "voice:Citizen", "relevance:>0.5", "relevance:[0.5 TO 1}", "relevance:0.75")
)
_events_only = st.sampled_from(
    ("size:>=2", "size:0", "phase:new", "verdict:none", "certainty:>Possible", "certainty:Likely",
     "first:<2026-03-14", "last:[2026-03-14 TO *]")
)  # fmt: skip


def _nested(leaves):
    def more(inner):
        return st.one_of(
            st.builds("({} {})".format, inner, inner),
            st.builds("({} AND {})".format, inner, inner),
            st.builds("({} OR {})".format, inner, inner),
            st.builds("({} || NOT {})".format, inner, inner),
            st.builds("NOT {}".format, inner),
            st.builds("-{}".format, inner),
        )

    return st.recursive(leaves, more, max_leaves=5)


signal_questions = _nested(st.one_of(_common, _common, _signals_only))
event_questions = _nested(st.one_of(_common, _common, _events_only))
questions = _nested(st.one_of(_common, _signals_only, _events_only))
