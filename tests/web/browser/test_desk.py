"""Keys, suggestions, saved searches, the range, the look: by keyboard alone."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.web.browser.window import PHONE, Window, window
from tests.web.site import Site


def test_j_and_k_go_through_the_list_and_o_opens(reader: Window) -> None:
    reader.open("/")
    ids = reader.ids()
    reader.key("j", "j", "j", "k")
    assert reader.focused == f"event-{ids[1]}"
    reader.key("o")
    reader.page.wait_for_url(f"**/events/{ids[1]}")


def test_keys_are_off_in_the_search_box(reader: Window) -> None:
    reader.open("/")
    reader.key("/")
    assert reader.focused == "q"
    reader.page.keyboard.type("jo?")
    expect(reader.find("#q")).to_have_value("jo?")
    assert reader.find("dialog[open]").count() == 0


def test_keys_can_be_switched_off(reader: Window) -> None:
    reader.open("/")
    reader.key("?")
    reader.find("dialog .switch input").uncheck()
    reader.key("Escape", "j")
    assert reader.find("[data-current]").count() == 0
    reader.open("/")
    reader.key("j")
    assert reader.find("[data-current]").count() == 0
    reader.find(".keys-help").click()
    reader.find("dialog .switch input").check()
    reader.key("Escape", "j")
    assert reader.find("[data-current]").count() == 1


def test_an_event_is_judged_from_the_list_and_that_undone(analyst: Window) -> None:
    analyst.open("/?q=scaffolding")
    analyst.key("j", "d")
    said = analyst.find("#events li .said")
    expect(said).to_have_text("dismiss: pending")
    expect(said).to_have_text("dismiss: done")
    analyst.key("u")
    expect(said).to_have_text("undo: done")
    event = analyst.ids()[0]
    assert analyst.site.json(f"/events/{event}")["event"]["verdict"] == "none"


def test_a_note_begins_in_the_list(analyst: Window) -> None:
    analyst.open("/?q=scaffolding")
    analyst.key("j", "n")
    analyst.page.wait_for_url("**/events/*")
    note = analyst.find("details[data-verdict=note] textarea")
    expect(note).to_be_focused()
    analyst.page.keyboard.type("seen by the duty officer")
    analyst.find("details[data-verdict=note] button").click()
    expect(analyst.find("#history li[data-verdict=note]")).to_contain_text("duty officer")


def test_a_finer_topic_is_chosen(analyst: Window) -> None:
    analyst.open(f"/events/{analyst.site.json('/events')['events'][0]['id']}")
    analyst.find("details[data-verdict=topic] summary").click()
    chosen = analyst.find("details[data-verdict=topic] select")
    assert chosen.locator("optgroup[label=Weather] option").evaluate_all(
        "all => all.map(each => each.value)"
    ) == ["Met", "Met/flood", "Met/storm", "Met/temperature"]
    chosen.select_option("Met/flood")
    analyst.find("details[data-verdict=topic] button").click()
    expect(analyst.find("#history").get_by_text("topic set to Met/flood")).to_be_visible()


def test_the_focus_stays_with_a_post_that_is_promoted(analyst: Window) -> None:
    analyst.open("/dropped")
    first = analyst.find("#posts > li").first
    with analyst.site.app.consuming():
        first.locator("form button").press("Enter")
        pending = first.locator(".promoted[data-outcome=pending]")
        expect(pending).to_be_focused()
        analyst.site.app.catch_up()
    expect(first.locator(".promoted[data-outcome=applied]")).to_be_focused()


def test_words_of_a_promotion_leave_the_focus_where_it_went(analyst: Window) -> None:
    analyst.open("/dropped")
    first = analyst.find("#posts > li").first
    with analyst.site.app.consuming():
        first.locator("form button").press("Enter")
        expect(first.locator(".promoted[data-outcome=pending]")).to_be_focused()
        analyst.ready()
        analyst.find("#q").focus()
        analyst.site.app.catch_up()
    first.locator(".promoted[data-outcome=applied]").wait_for()
    assert analyst.focused == "q"


def test_fields_and_values_are_suggested(reader: Window) -> None:
    reader.open("/")
    box = reader.find("#q")
    box.focus()
    reader.page.keyboard.type("fire sev")
    reader.find("#suggestions li").first.wait_for()
    expect(box).to_have_attribute("aria-expanded", "true")
    reader.key("ArrowDown", "Enter")
    expect(box).to_have_value("fire severity:")
    reader.find(
        "#suggestions li",
    ).nth(1).wait_for()
    reader.key("ArrowDown")
    active = box.get_attribute("aria-activedescendant")
    assert reader.find(f"#{active}").get_attribute("aria-selected") == "true"
    reader.key("Enter")
    expect(box).to_have_value("fire severity:Extreme ")
    reader.key("Enter")
    reader.page.wait_for_url("**q=fire*severity**")


def test_a_fault_is_shown_at_its_position(reader: Window) -> None:
    reader.open("/?q=fire+severity:Awful")
    assert reader.focused == "q"
    expect(reader.find("#q")).to_have_attribute("aria-invalid", "true")
    expect(reader.find("#fault .where mark")).to_have_count(1)
    assert reader.page.evaluate("document.activeElement.selectionStart") > 4


def test_searches_are_saved_in_this_browser(reader: Window) -> None:
    reader.open("/?q=fire&severity=Moderate")
    reader.find(".saved summary").click()
    reader.find(".saving input").fill("fires")
    reader.key("Enter")
    reader.open("/")
    reader.find(".saved summary").click()
    reader.find(".saved li a").click()
    reader.page.wait_for_url("**severity=Moderate**")
    expect(reader.find("#q")).to_have_value("fire")
    reader.find(".saved summary").click()
    reader.find(".saved li button").click()
    expect(reader.find(".saved summary")).to_contain_text("(0)")


def test_a_range_of_time_is_chosen_by_keyboard(reader: Window) -> None:
    reader.open("/")
    whole = len(reader.ids())
    reader.find(".range input").nth(0).focus()
    reader.key("ArrowRight", "ArrowRight", "Enter")
    reader.page.wait_for_url("**since=**until=**")
    expect(reader.page.locator("#events li.event")).not_to_have_count(whole)
    assert 0 < len(reader.ids()) < whole


def test_nothing_is_asked_for_twice(reader: Window) -> None:
    reader.open("/")
    asked: list[str] = []
    files = re.compile(r"/static/|/changes\?")
    reader.page.on("request", lambda one: None if files.search(one.url) else asked.append(one.url))
    for act in (
        lambda: reader.find("#facets a[data-value='Fire']").click(),
        lambda: reader.find(".orders a[data-sort='-size']").click(),
        lambda: reader.find(".range input").first.press("ArrowRight"),
        lambda: reader.find(".range button").click(),
        lambda: reader.find(".spans a").first.click(),
        lambda: reader.find(".chips a").last.click(),
        lambda: reader.find("#q").press("Enter"),
    ):
        asked.clear()
        act()
        reader.page.wait_for_load_state("networkidle")
        reader.ready()
        assert [url for url in asked if "/api/" not in url] == asked[:1], asked
        assert len(asked) == len(set(asked)) <= 2, asked


def test_moments_are_in_the_zone_that_is_named(reader: Window) -> None:
    reader.open("/events/36")
    expect(reader.find("[data-zone]")).to_contain_text("Europe/London")
    expect(reader.find("#event dl.facts time").first).to_have_text(
        re.compile("^14 Mar( 2026)?, 07:38$")
    )


def test_the_focus_stays_where_it_was(reader: Window) -> None:
    reader.open("/")
    reader.find(".orders a[data-sort='-size']").focus()
    reader.key("Enter")
    reader.page.wait_for_url("**sort=-size**")
    expect(reader.find(".orders a[data-sort='-size']")).to_be_focused()


def test_light_and_dark_are_the_readers_choice(reader: Window) -> None:
    reader.open("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = reader.page.evaluate(ground)
    reader.find("button.look").click()
    assert reader.page.evaluate(ground) == light
    reader.find("button.look").click()
    dark = reader.page.evaluate(ground)
    assert dark != light
    reader.open("/sources")
    assert reader.page.evaluate(ground) == dark


def test_a_row_that_is_looked_at_is_pointed_out_on_the_map(reader: Window) -> None:
    reader.open("/")
    reader.key("j")
    expect(reader.find("#map .pointed-pin")).to_have_count(1)
    expect(reader.find("#map .around.pointed")).to_have_count(1)


def test_sources_are_read_on_a_phone_without_going_sideways(browser: Browser, day: Site) -> None:
    with window(browser, day, PHONE) as opened:
        opened.open("/sources")
        box = opened.find(".scroll:has(#sources)")
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth")
        expect(opened.find("#sources td[data-label=Kept]").first).to_be_visible()


def test_a_phone_begins_with_few_facets_open(browser: Browser, day: Site) -> None:
    with window(browser, day, PHONE) as opened:
        opened.open("/")
        assert opened.find("#facets details[open]").count() == 0
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


COVERED = """names => {
    const boxOf = (one) => one.getBoundingClientRect();
    const controls = [...document.querySelectorAll(".leaflet-control")].map(boxOf);
    const covers = (one, other) => one.left < other.right && other.left < one.right
        && one.top < other.bottom && other.top < one.bottom;
    return names.map(boxOf).filter(name => controls.some(one => covers(one, name))).length;
}"""
"""How many of the names lie under a control of the map."""


def test_names_of_places_lie_beside_the_controls_of_the_map(browser: Browser, day: Site) -> None:
    with window(browser, day) as wide, window(browser, day, PHONE) as narrow:
        for opened in (wide, narrow):
            opened.open("/")
            assert opened.find(".place-name bdi").evaluate_all(COVERED) == 0
        assert wide.find(".place-name bdi").count() > 0
