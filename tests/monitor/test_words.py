import sys

from hypothesis import given
from hypothesis import strategies as st

from monitor.words import MAX_WORD, STEMMERS, terms, words


def test_case_accents_and_marks_do_not_matter():
    assert words("#Fire in CAFÉ's kitchen") == ("fire", "in", "cafe", "kitchen")
    assert words("ŁÓDŹ Straße Øre İstanbul") == ("lodz", "strasse", "ore", "istanbul")
    assert words("الحَرِيق") == words("الحريق")


def test_a_russian_short_i_is_no_accent():
    assert words("Пожарный ёлка") == ("пожарный", "елка")


def test_apostrophes_and_punctuation_part_words():
    assert words("l'incendie don\u2019t 9/11") == ("l", "incendie", "don", "t", "9", "11")


def test_scripts_without_spaces_give_a_word_a_character():
    assert words("東京で火災") == ("東", "京", "で", "火", "災")
    assert words("กรุง") == ("ก", "รุ", "ง")


def test_indic_words_keep_their_vowels():
    assert words("आग लगी है") == ("आग", "लगी", "है")


def test_hangul_stays_whole():
    assert words("서울 화재") == ("서울", "화재")


def test_a_hostile_word_is_cut():
    assert words("a" * 10_000) == ("a" * MAX_WORD,)
    assert words("a" + "\u0301" * 10_000) == ("a",)
    assert sum(map(len, words("ก" + "\u0e34" * 10_000))) < 10


def test_terms_have_no_endings():
    assert terms("fires burning", "en") == ("fire", "burn")
    assert terms("incendies", "fr-FR") == terms("incendie", "fr")


def test_a_language_without_rules_keeps_words_whole():
    assert terms("fires burning", "xx") == ("fires", "burning")
    assert terms("fires", "") == ("fires",)
    assert terms("fires", "english") == ("fires",)


def test_every_language_that_is_named_has_its_rules():
    assert all(len(terms("fire", lang)) == 1 for lang in STEMMERS)


def test_a_folded_word_folds_to_itself():
    codes = (*range(0x3000), *range(0x3000, sys.maxunicode, 97), *range(0xF900, 0xFFFF))
    every = (chr(code) for code in codes if not 0xD800 <= code < 0xE000)
    wrong = [char for char in every for word in words(char) if words(word) != (word,)]
    assert wrong == []


@given(st.text())
def test_words_of_words_are_the_same(text: str):
    assert words(" ".join(words(text))) == words(text)
