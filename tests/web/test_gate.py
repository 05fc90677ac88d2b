"""Nobody comes in who may not, and nothing is changed from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi.routing import APIRoute

from monitor.admit import Keys
from monitor.errors import ConfigError
from monitor.tables import WebTable
from monitor.web.access import read_access, user
from monitor.web.gate import ONE_CLICK
from monitor.web.login import local
from monitor.web.server import ROUTERS
from tests.web.site import Site, sample_day, served

ADA, BOB = "a" * 32, "b" * 32
KEYS = Keys(keys=(b"k" * 32,))
EVENT = "36"


def tokens(folder: Path, text: str = f"Ada Lovelace {ADA}\nbob {BOB}\n", mode: int = 0o600) -> str:
    path = folder / "tokens"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A page that asks for a token."""
    folder = tmp_path_factory.mktemp("closed")
    app = sample_day(folder / "day")
    with served(app, WebTable(port=0, token_file=tokens(folder))) as site:
        yield site
    app.close()


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Site]:
    """A page behind a proxy on this machine."""
    app = sample_day(tmp_path / "day")
    with served(app, WebTable(port=0, user_header="X-User", names=("monitor.example",))) as site:
        yield site
    app.close()


def enter(site: Site, token: str) -> httpx2.Response:
    page = site.browser.get("/login")
    csrf = page.text.split('name="csrf" content="')[1].split('"')[0]
    form = {"token": token, "to": "/sources", "csrf": csrf}
    return site.browser.post("/login", data=form)


def changing() -> list[tuple[str, str]]:
    """Every way to change something that a link in a mail does not open."""
    return [
        (method, re.sub(r"\{\w+\}", EVENT, route.path))
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"GET", "HEAD"}
        if not route.path.startswith(ONE_CLICK)
    ]


def test_every_answer_says_that_nothing_foreign_may_run(day: Site) -> None:
    for path in ("/", "/nowhere", "/api/v1/events", "/static/vendor/land.json", "/login"):
        headers = day.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "geolocation=()" in headers["permissions-policy"]
        assert "server" not in headers


def test_only_the_tiles_that_were_named_may_come_from_elsewhere(day: Site) -> None:
    options = WebTable(tiles="https://{s}.tiles.example/{z}/{x}/{y}.png")
    with served(day.app, WebTable(port=0, tiles=options.tiles)) as site:
        policy = site.get("/").headers["content-security-policy"]
    assert "img-src 'self' data: https://*.tiles.example;" in policy


def test_a_name_that_is_not_ours_is_refused(day: Site) -> None:
    assert day.get("/", host="evil.example").status_code == 421
    assert day.get("/api/v1/events", host="evil.example:80").status_code == 421
    assert day.get("/", host="localhost:1").status_code == 200


def test_every_change_needs_the_sessions_token(day: Site) -> None:
    ways = changing()
    assert len(ways) >= 6
    for method, path in ways:
        bare = day.browser.request(method, path, data={"verdict": "confirm"})
        forged = day.browser.request(method, path, headers={"X-CSRF-Token": "0" * 64})
        with httpx2.Client(base_url=day.address) as stranger:
            other = stranger.request(method, path, headers={"X-CSRF-Token": day.csrf()})
            basic = stranger.request(method, path, headers={"Authorization": "Basic eDp5"})
        refused = [answer.status_code for answer in (bare, forged, other, basic)]
        assert refused == [403] * 4, path


def test_a_change_from_another_page_is_refused(own_day: Site) -> None:
    decide = f"/events/{EVENT}/decide"
    confirm = {"verdict": "confirm"}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert own_day.post(decide, confirm, **headers).status_code == 403
    for headers in (
        {"Origin": own_day.address},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {},
    ):
        assert own_day.post(decide, confirm, **headers).status_code == 303


def test_a_form_may_carry_the_token_itself(own_day: Site) -> None:
    form = {"verdict": "confirm", "csrf": own_day.csrf()}
    assert own_day.browser.post(f"/events/{EVENT}/decide", data=form).status_code == 303


def test_too_large_a_change_is_refused(day: Site) -> None:
    answer = day.post(f"/events/{EVENT}/decide", {"verdict": "note", "value": "x" * 300_000})
    assert answer.status_code == 413


def test_without_a_token_there_is_only_the_way_in(closed: Site) -> None:
    page = closed.get("/sources?x=1")
    assert page.status_code == 303
    assert page.headers["location"] == "/login?to=%2Fsources%3Fx%3D1"
    program = closed.get("/api/v1/events")
    assert program.status_code == 401
    assert program.headers["www-authenticate"] == "Bearer"
    assert program.headers["content-type"] == "application/problem+json"
    part = closed.get("/", HX_Request="true")
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/login?to=%2F")
    assert closed.get("/static/vendor/land.json").status_code == 200


def test_a_reader_enters_judges_by_name_and_leaves(closed: Site) -> None:
    assert enter(closed, "wrong").status_code == 403
    entered = enter(closed, ADA)
    assert (entered.status_code, entered.headers["location"]) == (303, "/sources")
    cookie = entered.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Ada Lovelace" in closed.get("/").text
    assert closed.post(f"/events/{EVENT}/decide", {"verdict": "confirm"}).status_code == 303
    assert closed.json(f"/events/{EVENT}")["decisions"][-1]["by"] == "Ada Lovelace"
    assert closed.post("/logout", {}).status_code == 303
    assert closed.get("/").status_code == 303


def test_a_program_shows_its_token(closed: Site) -> None:
    with httpx2.Client(base_url=closed.address) as program:
        headers = {"Authorization": f"Bearer {BOB}"}
        assert program.get("/api/v1/session", headers=headers).json()["user"] == "bob"
        note = {"target": EVENT, "verdict": "note", "value": ["by a program"]}
        made = program.post("/api/v1/decisions", json=note, headers=headers)
        assert (made.status_code, made.json()["by"]) == (202, "bob")
        refused = program.get("/api/v1/events", headers={"Authorization": "Bearer nobody"})
        assert refused.status_code == 401


def test_a_session_ends_with_its_token(tmp_path: Path) -> None:
    before = read_access(WebTable(token_file=tokens(tmp_path)), KEYS)
    _, cookie = before.begin("bob")
    found = before.open(cookie)
    assert found is not None
    assert found.name == "bob"
    after = read_access(WebTable(token_file=tokens(tmp_path, f"bob {'c' * 32}")), KEYS)
    assert after.open(cookie) is None
    elsewhere = read_access(WebTable(), Keys(keys=(b"x" * 32,)))
    assert elsewhere.open(elsewhere.begin("bob")[1] + "x") is None
    assert elsewhere.open(cookie) is None


def test_a_trusted_proxy_names_the_reader(behind: Site, tmp_path: Path) -> None:
    assert behind.get("/").status_code == 403
    assert behind.get("/api/v1/session", X_User="carol").json()["user"] == "carol"
    assert behind.get("/", X_User="carol", host="monitor.example").status_code == 200
    distant = WebTable(port=0, user_header="X-User", proxies=("192.0.2.1",))
    with served(behind.app, distant) as site:
        assert site.get("/api/v1/session", X_User="carol").status_code == 401


def test_who_sits_at_this_machine_needs_no_token(day: Site) -> None:
    assert day.json("/session")["user"] == user()


def test_a_browser_that_comes_from_elsewhere_keeps_its_session(day: Site) -> None:
    with httpx2.Client(base_url=day.address) as fresh:
        page = fresh.get("/search?q=fire&x=%22", headers={"Sec-Fetch-Site": "cross-site"})
    assert "set-cookie" not in page.headers
    assert 'content="0; url=/search?q=fire&amp;x=%22"' in page.text


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (WebTable(host="0.0.0.0"), "token_file"),
        (WebTable(host="192.0.2.7"), "user_header"),
        (WebTable(token_file="nowhere"), "cannot be read"),
        (WebTable(user_header="X-User", proxies=("any",)), "proxies"),
    ],
)
def test_what_would_let_anybody_in_is_refused(options: WebTable, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read_access(options, KEYS)


@pytest.mark.parametrize(
    ("text", "mode", "fault"),
    [
        (f"ada {ADA}", 0o644, "chmod 600"),
        ("ada short", 0o600, "24 characters"),
        (ADA, 0o600, "24 characters"),
        (f"ada {ADA}\nbob {ADA}", 0o600, "twice"),
        ("# nobody", 0o600, "no token"),
    ],
)
def test_a_file_of_tokens_is_checked(tmp_path: Path, text: str, mode: int, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        read_access(WebTable(token_file=tokens(tmp_path, text, mode)), KEYS)


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb", "["]
)
def test_nobody_is_led_away_after_entering(address: str) -> None:
    assert local(address) == "/"
    assert local("/events/3?q=a%20b") == "/events/3?q=a%20b"
