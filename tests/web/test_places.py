"""A circle is drawn around what was typed, once a person has said which place is meant."""

from __future__ import annotations

import re

from tests.web.site import Site
from tests.web.test_alerts import FORM, kept, path, said


def test_a_circle_is_drawn_around_a_place_that_is_looked_up(mine: Site) -> None:
    typed = {**FORM, "shape": "anywhere", "lat": "", "lon": "", "place": "Hackney"}
    page = mine.post("/alerts", {**typed, "do": "find"}).text
    spots = re.findall(r'name="spot" value="([^"]*)"[^>]*><bdi[^>]*>([^<]*)</bdi>', page)
    assert spots[0][1] == "Hackney, England, United Kingdom"
    assert said(page, "place") == "Hackney"
    page = mine.post("/alerts", {**typed, "spot": spots[0][0]}).text
    lat, lon = said(page, "lat"), said(page, "lon")
    assert f"{lat},{lon}" == spots[0][0]
    assert (said(page, "place"), said(page, "to")) == ("", "ada@example.org")
    assert len(mine.app.ledger.subscribers.all()) == 1
    chosen = {**typed, "shape": "circle", "lat": lat, "lon": lon, "place": ""}
    assert mine.post("/alerts", chosen).status_code == 303
    assert kept(mine).area == ((float(lat), float(lon)),)


def test_a_place_that_was_not_looked_up_yet_subscribes_nobody(mine: Site) -> None:
    for do in ("save", "check"):
        page = mine.post("/alerts", {**FORM, "place": "Hackney", "do": do}).text
        assert 'id="places"' in page
    assert mine.post("/alerts", {**FORM, "place": "zzqx"}).text.count('name="spot"') == 0
    assert mine.post("/alerts", {**FORM, "place": " ", "do": "find"}).status_code == 400
    assert len(mine.app.ledger.subscribers.all()) == 1


def test_a_subscription_is_moved_to_another_place(mine: Site) -> None:
    mine.post("/alerts", FORM)
    one = kept(mine)
    manage = path(mine.app.links.manage(one.id))
    for address in (f"/alerts/{one.id}", manage):
        page = mine.post(address, {**FORM, "place": "Camden Town", "do": "find"}).text
        spot = re.findall(r'name="spot" value="([^"]*)"', page)[0]
        page = mine.post(address, {**FORM, "spot": spot}).text
        assert f"{said(page, 'lat')},{said(page, 'lon')}" == spot
    assert kept(mine) == one


def test_a_program_looks_a_place_up(mine: Site) -> None:
    headers = {"X-CSRF-Token": mine.csrf()}
    answer = mine.browser.post("/api/v1/places", json={"text": "Hackney"}, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["places"][0]["label"] == "Hackney, England, United Kingdom"
    nothing = mine.browser.post("/api/v1/places", json={"text": " "}, headers=headers)
    assert nothing.status_code == 400
