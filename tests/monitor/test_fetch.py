import gzip
import resource
import shutil
import ssl
import subprocess
import threading
import time
import zlib
from pathlib import Path

import brotli
import pytest

from monitor.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from monitor.fetch import Fetcher, agent, canonical, shown
from monitor.guard import public, refuse_bombs
from monitor.model import Cursor
from tests.needs import lacking
from tests.servers import LAUGHS, Reply, Site, serving

WORDS = b"Fire in the harbour district. " * 100


def fetcher(**options: object) -> Fetcher:
    given = {"allow": ("127.0.0.1",), "per_host_s": 0.0, "timeout_s": 5.0, **options}
    return Fetcher(**given)  # type: ignore[arg-type]


def test_an_answer_comes_with_its_headers_and_body(site: Site, url: str) -> None:
    site.pages["/a"] = Reply(body=WORDS, headers={"Content-Type": "text/plain", "X-Two": "b"})
    answer = fetcher().get(f"{url}/a?key=1#part")
    assert answer.body == WORDS
    assert answer.changed
    assert answer.headers["content-type"] == "text/plain"
    assert site.paths() == ["/a?key=1"]


def test_the_user_agent_names_the_project_and_whom_to_reach(site: Site, url: str) -> None:
    site.pages["/a"] = Reply(body=b"x")
    fetcher(user_agent=agent("mailto:ops@city.example")).get(f"{url}/a")
    sent = site.asked[0][1]["user-agent"]
    assert sent.startswith("signal-monitor/")
    assert sent.endswith(" (+mailto:ops@city.example)")


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(WORDS)),
        ("gzip", gzip.compress(WORDS[:50]) + gzip.compress(WORDS[50:])),
        ("x-gzip", gzip.compress(WORDS)),
        ("deflate", zlib.compress(WORDS)),
        ("deflate", zlib.compress(WORDS)[2:-4]),
        ("br", brotli.compress(WORDS)),
        ("identity", WORDS),
    ],
    ids=["gzip", "two members", "x-gzip", "zlib", "raw deflate", "br", "identity"],
)
def test_a_coded_body_is_decoded(site: Site, url: str, coding: str, body: bytes) -> None:
    site.pages["/a"] = Reply(body=body, headers={"Content-Encoding": coding})
    assert fetcher().get(f"{url}/a").body == WORDS


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd", "gzip, gzip"])
def test_a_body_that_is_not_what_its_coding_says_is_changed(
    site: Site, url: str, coding: str
) -> None:
    site.pages["/a"] = Reply(
        body=b"\xff\xfeno such coding" * 9, headers={"Content-Encoding": coding}
    )
    with pytest.raises(SourceChanged, match="/a: "):
        fetcher().get(f"{url}/a")


def test_a_second_get_with_the_marks_of_the_first_is_not_changed(site: Site, url: str) -> None:
    site.pages["/a"] = Reply(body=WORDS, headers={"ETag": '"one"'})
    fetch = fetcher()
    marks = fetch.marks(fetch.get(f"{url}/a"))
    assert not fetch.get(f"{url}/a", cursor=Cursor(marks=marks)).changed
    assert fetch.get(f"{url}/a", cursor=Cursor()).changed
    assert site.asked[1][1]["if-none-match"] == '"one"'


def test_marks_are_sent_to_no_other_address(site: Site, url: str) -> None:
    site.pages["/a"] = Reply(body=WORDS, headers={"ETag": '"one"', "Last-Modified": "yesterday"})
    site.pages["/b"] = Reply(body=WORDS)
    fetch = fetcher()
    fetch.get(f"{url}/b", cursor=Cursor(marks=fetch.marks(fetch.get(f"{url}/a"))))
    assert "if-none-match" not in site.asked[1][1]
    assert "if-modified-since" not in site.asked[1][1]


def test_marks_of_a_redirected_answer_hold_at_its_final_address(site: Site, url: str) -> None:
    site.pages["/old"] = Reply(status=301, headers={"Location": "/new"})
    site.pages["/new"] = Reply(body=WORDS, headers={"ETag": '"one"'})
    fetch = fetcher()
    answer = fetch.get(f"{url}/old")
    assert answer.url == f"{url}/new"
    assert not fetch.get(f"{url}/old", cursor=Cursor(marks=fetch.marks(answer))).changed


def test_a_304_that_was_not_asked_for_is_changed(url: str) -> None:
    with pytest.raises(SourceChanged):
        fetcher().get(f"{url}/fault/304")


@pytest.mark.parametrize(("door", "retry_after_s"), [("429", 120.0), ("503", 7.0), ("500", None)])
def test_a_busy_source_is_unavailable_for_as_long_as_it_says(
    url: str, door: str, retry_after_s: float | None
) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        fetcher().get(f"{url}/fault/{door}")
    assert caught.value.retry_after_s == retry_after_s


def test_a_far_date_in_retry_after_is_capped_at_a_day(url: str) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        fetcher().get(f"{url}/fault/429-date")
    assert caught.value.retry_after_s == 86_400.0


@pytest.mark.parametrize("path", ["fault/401", "fault/403", "fault/410", "nowhere"])
def test_a_closed_door_is_refused(url: str, path: str) -> None:
    with pytest.raises(SourceRefused):
        fetcher().get(f"{url}/{path}")


@pytest.mark.parametrize("door", ["drop", "truncated", "truncated-gzip"])
def test_a_broken_connection_is_unavailable(url: str, door: str) -> None:
    with pytest.raises(SourceUnavailable):
        fetcher().get(f"{url}/fault/{door}")


def test_a_closed_port_is_unavailable(url: str) -> None:
    with pytest.raises(SourceUnavailable):
        fetcher().get("http://127.0.0.1:1/feed")


@pytest.mark.parametrize("door", ["slow", "slow-headers", "silent"])
def test_a_dripping_source_ends_when_all_its_time_is_spent(url: str, door: str) -> None:
    began = time.monotonic()
    with pytest.raises(SourceUnavailable):
        fetcher(timeout_s=0.5).get(f"{url}/fault/{door}")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("door", ["huge", "huge-unsaid", "huge-chunked", "gzip-bomb", "br-bomb"])
def test_two_gigabytes_are_refused_in_bounded_memory(url: str, door: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SourceRefused, match="larger"):
        fetcher(max_bytes=2_000_000).get(f"{url}/fault/{door}")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("door", ["endless-headers", "endless-continue"])
def test_endless_headers_end(url: str, door: str) -> None:
    with pytest.raises(SourceError):
        fetcher(max_bytes=1_000).get(f"{url}/fault/{door}")


def test_endless_redirects_end(site: Site, url: str) -> None:
    with pytest.raises(SourceRefused, match="more than 3 redirects"):
        fetcher(redirects=3).get(f"{url}/fault/redirects")
    assert len(site.asked) == 4


@pytest.mark.parametrize(
    "door", ["to-private", "to-metadata", "to-localhost", "to-mapped", "to-file", "to-credentials"]
)
def test_a_redirect_into_our_own_network_is_refused(url: str, door: str) -> None:
    with pytest.raises(SourceRefused) as caught:
        fetcher().get(f"{url}/fault/{door}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:///path",
        "http://user:secret@example.org/",
        "not an address",
        "http://exa mple.org/",
        "http://[::1/",
        "",
    ],
)
def test_an_address_that_is_not_public_http_is_refused(address: str) -> None:
    with pytest.raises(SourceRefused) as caught:
        Fetcher(per_host_s=0).get(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.8.8.8",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    ],
)
def test_an_address_of_no_public_host_is_known(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_a_public_address_is_known(address: str) -> None:
    assert public(address)


def test_proxies_of_the_environment_are_ignored(
    site: Site, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    site.pages["/a"] = Reply(body=WORDS)
    assert fetcher().get(f"{url}/a").body == WORDS


def test_requests_to_one_host_keep_their_distance(site: Site, url: str) -> None:
    site.pages["/a"] = Reply(body=WORDS)
    fetch = fetcher(per_host_s=0.1)
    began = time.monotonic()
    threads = [threading.Thread(target=fetch.get, args=(f"{url}/a",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(site.asked) == 4
    assert time.monotonic() - began >= 0.3


def test_robots_are_asked_once_for_pages_and_obeyed(site: Site, url: str) -> None:
    site.pages["/robots.txt"] = Reply(body=b"User-agent: signal-monitor\nDisallow: /private\n")
    site.pages["/open"] = site.pages["/private"] = Reply(body=WORDS)
    fetch = fetcher()
    fetch.get(f"{url}/open", page=True)
    with pytest.raises(SourceRefused, match=r"robots\.txt"):
        fetch.get(f"{url}/private", page=True)
    assert fetch.get(f"{url}/private").body == WORDS
    assert site.paths() == ["/robots.txt", "/open", "/private"]


def test_a_redirect_does_not_lead_around_robots(site: Site, url: str) -> None:
    site.pages["/robots.txt"] = Reply(body=b"User-agent: *\nDisallow: /private\n")
    site.pages["/open"] = Reply(status=302, headers={"Location": "/private"})
    site.pages["/private"] = Reply(body=WORDS)
    with pytest.raises(SourceRefused, match=r"robots\.txt"):
        fetcher().get(f"{url}/open", page=True)


def test_without_robots_pages_are_open(site: Site, url: str) -> None:
    site.pages["/open"] = Reply(body=WORDS)
    assert fetcher().get(f"{url}/open", page=True).body == WORDS


def test_with_broken_robots_pages_wait(site: Site, url: str) -> None:
    site.pages["/robots.txt"] = Reply(status=500)
    site.pages["/open"] = Reply(body=WORDS)
    with pytest.raises(SourceUnavailable, match=r"robots\.txt"):
        fetcher().get(f"{url}/open", page=True)
    assert "/open" not in site.paths()


def test_a_crawl_delay_is_kept(site: Site, url: str) -> None:
    site.pages["/robots.txt"] = Reply(body=b"User-agent: *\nCrawl-delay: 0.2\n")
    site.pages["/open"] = Reply(body=WORDS)
    fetch = fetcher()
    began = time.monotonic()
    for _ in range(3):
        fetch.get(f"{url}/open", page=True)
    assert time.monotonic() - began >= 0.4


def test_messages_hold_neither_queries_nor_credentials(url: str) -> None:
    with pytest.raises(SourceRefused) as caught:
        fetcher().get(f"{url}/nowhere?token=secret")
    assert "/nowhere" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert shown("https://me:secret@Example.org:8443/a?b=secret#c") == "https://example.org:8443/a"


def test_an_id_holds_a_query_only_as_digits() -> None:
    one, two = canonical("https://example.org/a?key=secret"), canonical("https://example.org/a?k=2")
    assert "secret" not in one
    assert one != two
    assert canonical("HTTPS://Example.org/a#part") == "https://example.org/a"


def test_a_name_that_does_not_exist_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable):
        Fetcher(per_host_s=0, timeout_s=5).get("http://no-such-host.invalid/")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        lacking("openssl", "the program openssl")
    made = "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=x"
    command = ["openssl", *made.split(), "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with (
        serving(Site(pages={"/a": Reply(body=WORDS)}), tls) as url,
        pytest.raises(SourceRefused, match="certificate"),
    ):
        fetcher().get(f"{url}/a")


@pytest.mark.parametrize(
    "document",
    [
        LAUGHS,
        b"<!-- <a --><!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><r/>",
        b"<!DOCTYPE r [<!ENTITY a 'x'><!ENTITY b '&#38;a;&#x26;a;'>]><r/>",
        b"<!DOCTYPE r [<!ENTITY % p '&#60;!ENTITY b \"y\">'>%p;]><r/>",
        b"<!DOCTYPE r [<!ENTITY a '" + b"x" * 50_000 + b"'>]><r>" + b"&a;" * 100 + b"</r>",
    ],
)
def test_entities_made_to_grow_are_refused(document: bytes) -> None:
    with pytest.raises(SourceChanged):
        refuse_bombs(document)


@pytest.mark.parametrize(
    "document",
    [
        b'<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://x/rss.dtd"><rss/>',
        b'<!DOCTYPE r [<!ENTITY % H PUBLIC "-//W3C//ENTITIES" "http://x/e.ent">%H;]><r/>',
        b"<!DOCTYPE r [<!ENTITY eacute '&#233;'><!ENTITY and '&amp;'>]><r>&eacute;</r>",
        b"<rss><item><title><![CDATA[<!ENTITY a '&b;'>]]></title></item></rss>",
    ],
)
def test_a_harmless_doctype_passes(document: bytes) -> None:
    refuse_bombs(document)
