"""The language of a post."""

from __future__ import annotations

import pytest

from monitor.errors import ModelError
from monitor.model import Enrichment, Post
from nlp import language


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Smoke is coming out of the old brewery and the road is closed"),
        ("es", "Hay mucho humo en la avenida y los bomberos ya están trabajando"),
        ("de", "Aus dem Dachstuhl steigt Rauch auf, die Straße ist gesperrt"),
        ("fr", "De la fumée sort du toit et la rue est fermée à la circulation"),
        ("it", "Dal tetto esce del fumo e la strada è chiusa al traffico"),
        ("pt", "Está saindo muita fumaça do telhado e a rua está fechada"),
    ],
)
def test_a_sentence_is_told_by_its_words(
    identifier: language.Identifier, code: str, text: str
) -> None:
    assert identifier.identify(text) == code


def test_handles_tags_addresses_and_emoji_do_not_count(identifier: language.Identifier) -> None:
    noisy = "RT @breaking_news: Die Brücke ist gesperrt, bitte umfahren 🚒🚒 #fire #breaking https://t.co/x"

    assert identifier.identify(noisy) == "de"


@pytest.mark.parametrize(
    "text", ["", "ok", "lol 😂", "@someone https://example.org", "#storm 12:30"]
)
def test_too_little_text_has_no_language(identifier: language.Identifier, text: str) -> None:
    assert identifier.identify(text) == ""


@pytest.mark.parametrize(
    ("stated", "filled"),
    [("en-GB", "en"), ("pt_BR", "pt"), ("DE", "de"), ("und", "es"), ("", "es")],
)
def test_what_the_post_states_wins(
    identifier: language.Identifier, stated: str, filled: str
) -> None:
    post = Post(id="test:1", text="Los vecinos esperan en la calle a los bomberos", lang=stated)

    (enrichment,) = identifier([post], [Enrichment()])

    assert enrichment.lang == filled
    assert enrichment.models["language"].startswith("py3langid ")


def test_only_the_languages_that_were_named_are_guessed() -> None:
    narrow = language.open(language.Options(languages=("en", "es")))

    assert narrow.identify("Los vecinos esperan en la calle a los bomberos") == "es"


def test_a_language_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ModelError):
        language.open(language.Options(languages=("en", "klingon")))
