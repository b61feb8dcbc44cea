"""Asking politely: retries, resuming, limits, redirects, and nothing that names a user."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from publisher_replica import Answer, Fault, Replica, as_json, gzipped, redirect, running

from svd_lib.errors import SnaError
from svd_lib.sources.transport import Changed, Manners, Transport

HOST = "https://publisher.test"
BODY = bytes(range(256)) * 2000


@pytest.fixture
def replica() -> Iterator[Replica]:
    """Return a replica with one file."""
    with running(Replica()) as served:
        served.serve("publisher.test/file.csv", BODY)
        yield served


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, []

    def sleep(self, seconds: float) -> None:
        """Pass some time."""
        self.slept.append(round(seconds, 3))
        self.now += seconds


def transport(replica: Replica, clock: Clock | None = None, **manners: float) -> Transport:
    """Return a transport that asks the replica and never really waits."""
    clock = clock or Clock()
    return Transport(Manners(**{"pause_seconds": 0.0, "timeout_seconds": (5.0, 5.0), **manners}), replica.address, clock.sleep, lambda: clock.now)


def test_busy_servers_are_asked_again_after_the_pause_they_ask_for(replica: Replica) -> None:
    clock = Clock()
    replica.faults = [Fault("file", 429, {"Retry-After": "7"}), Fault("file", 503), Fault("file", 500)]
    assert transport(replica, clock).content(f"{HOST}/file.csv") == BODY
    assert clock.slept == [7.0, 2.0, 4.0] and len(replica.asked) == 4


def test_a_date_to_wait_for_is_read_by_the_servers_own_clock(replica: Replica) -> None:
    clock = Clock()
    headers = {"Retry-After": "Wed, 25 Nov 2026 10:00:30 GMT", "Date": "Wed, 25 Nov 2026 10:00:00 GMT"}
    replica.faults = [Fault("file", 429, headers)]
    replica_transport = transport(replica, clock)
    assert replica_transport.content(f"{HOST}/file.csv") == BODY and len(clock.slept) == 1


def test_a_server_that_asks_for_an_hour_is_left_alone(replica: Replica) -> None:
    replica.faults = [Fault("file", 429, {"Retry-After": "3600"})]
    with pytest.raises(SnaError, match="asks to be left alone for 3,600 seconds"):
        transport(replica).content(f"{HOST}/file.csv")
    assert len(replica.asked) == 1


def test_a_server_that_stays_down_is_named_in_one_sentence(replica: Replica) -> None:
    replica.faults = [Fault("file", 500, times=99)]
    with pytest.raises(SnaError, match=r"publisher\.test/file\.csv did not answer after 3 attempts \(status 500\)"):
        transport(replica, attempts=3).content(f"{HOST}/file.csv")


def test_a_body_cut_off_is_gone_on_with_where_it_stopped(replica: Replica, tmp_path: Path) -> None:
    part = tmp_path / "file.part"
    replica.faults = [Fault("file", cut_after=100_000), Fault("file", cut_after=200_000)]
    asked = transport(replica)
    asked.download(f"{HOST}/file.csv", part)
    assert part.read_bytes() == BODY and replica.bytes_sent == len(BODY) and sorted(tmp_path.iterdir()) == [part]


def test_a_later_run_goes_on_with_the_part_that_an_earlier_one_left(replica: Replica, tmp_path: Path) -> None:
    part = tmp_path / "file.part"
    replica.faults = [Fault("file", cut_after=300_000, times=1)]
    with pytest.raises(SnaError):
        transport(replica, attempts=1).download(f"{HOST}/file.csv", part)
    transport(replica).download(f"{HOST}/file.csv", part)
    assert part.read_bytes() == BODY and replica.bytes_sent == len(BODY)


def test_a_file_that_changed_meanwhile_is_brought_afresh(replica: Replica, tmp_path: Path) -> None:
    part = tmp_path / "file.part"
    replica.faults = [Fault("file", cut_after=300_000)]
    with pytest.raises(SnaError):
        transport(replica, attempts=1).download(f"{HOST}/file.csv", part)
    replica.serve("publisher.test/file.csv", BODY[::-1])
    transport(replica).download(f"{HOST}/file.csv", part)
    assert part.read_bytes() == BODY[::-1]


def test_a_part_of_another_address_is_not_gone_on_with(replica: Replica, tmp_path: Path) -> None:
    part = tmp_path / "file.part"
    replica.serve("publisher.test/other.csv", BODY[::-1])
    replica.faults = [Fault("file", cut_after=300_000)]
    with pytest.raises(SnaError):
        transport(replica, attempts=1).download(f"{HOST}/file.csv", part)
    transport(replica).download(f"{HOST}/other.csv", part)
    assert part.read_bytes() == BODY[::-1]


def test_a_server_without_ranges_sends_the_whole_again(replica: Replica, tmp_path: Path) -> None:
    replica.serve("publisher.test/file.csv", Answer(BODY, ranges=False))
    replica.faults = [Fault("file", cut_after=300_000)]
    transport(replica).download(f"{HOST}/file.csv", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == BODY


def test_a_range_of_another_version_is_refused(replica: Replica) -> None:
    asked = transport(replica)
    size, version = asked.size(f"{HOST}/file.csv")
    assert size == len(BODY) and asked.range(f"{HOST}/file.csv", 10, 19, version) == BODY[10:20]
    replica.serve("publisher.test/file.csv", BODY[::-1])
    with pytest.raises(Changed, match="changed while it was being read"):
        asked.range(f"{HOST}/file.csv", 10, 19, version)


def test_ranges_that_are_not_answered_are_said_so(replica: Replica) -> None:
    replica.serve("publisher.test/file.csv", Answer(BODY, ranges=False))
    with pytest.raises(SnaError, match="does not answer byte ranges; download it in a browser"):
        transport(replica).size(f"{HOST}/file.csv")


def test_answers_packed_on_the_way_are_unpacked(replica: Replica, tmp_path: Path) -> None:
    replica.serve("publisher.test/file.csv", gzipped(BODY))
    transport(replica).download(f"{HOST}/file.csv", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == BODY == transport(replica).content(f"{HOST}/file.csv")


def test_redirects_are_followed_over_http_alone(replica: Replica) -> None:
    replica.serve("publisher.test/moved", redirect("/publisher.test/file.csv"))
    replica.serve("publisher.test/away", redirect("ftp://publisher.test/file.csv"))
    replica.serve("publisher.test/round", redirect("/publisher.test/round"))
    assert transport(replica).content(f"{HOST}/moved") == BODY
    for path in ("away", "round"):
        with pytest.raises(SnaError, match="cannot be asked safely"):
            transport(replica).content(f"{HOST}/{path}")


def test_a_moved_link_names_the_landing_page_as_the_remedy(replica: Replica) -> None:
    with pytest.raises(SnaError, match=r"gone\.csv is not there any more \(status 404\); look for it on the landing page"):
        transport(replica).content(f"{HOST}/gone.csv")


def test_too_large_an_answer_is_stopped(replica: Replica, tmp_path: Path) -> None:
    with pytest.raises(SnaError, match="is larger than 100,000 bytes"):
        transport(replica, most_bytes=100_000).download(f"{HOST}/file.csv", tmp_path / "part")


def test_requests_to_one_host_keep_their_distance(replica: Replica) -> None:
    clock = Clock()
    asked = transport(replica, clock, pause_seconds=0.5)
    for _ in range(3):
        asked.content(f"{HOST}/file.csv")
    assert clock.slept == [0.5, 0.5]


def test_nothing_that_names_a_user_is_sent(replica: Replica, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []
    replica.serve("publisher.test/file.csv", lambda path, query: seen.append(query) or as_json({}))
    asked = transport(replica)
    prepared = []
    send = asked._session.send
    monkeypatch.setattr(asked._session, "send", lambda request, **options: prepared.append(dict(request.headers)) or send(request, **options))
    asked.json(f"{HOST}/file.csv")
    assert seen and not {"Authorization", "Cookie"} & set(prepared[0])


@pytest.mark.parametrize("address", ["file:///etc/hosts", "ftp://publisher.test/x", "https://me:secret@publisher.test/x"])
def test_addresses_of_another_kind_are_refused(replica: Replica, address: str) -> None:
    with pytest.raises(SnaError, match="is not an http"):
        transport(replica).content(address)


def test_an_answer_that_is_not_json_is_said_so(replica: Replica) -> None:
    with pytest.raises(SnaError, match="answered something that is not JSON"):
        transport(replica).json(f"{HOST}/file.csv")


def test_proxies_and_the_systems_certificates_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    import truststore

    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    asked = Transport(Manners(attempts=1, timeout_seconds=(1.0, 1.0)))
    assert asked._session.trust_env
    adapter = asked._session.get_adapter(f"{HOST}/x")
    assert isinstance(adapter.poolmanager.connection_pool_kw["ssl_context"], truststore.SSLContext)
    with pytest.raises(SnaError, match=r"did not answer after 1 attempts \(ProxyError\)"):
        asked.content(f"{HOST}/x")


def test_a_host_that_cannot_be_reached_is_not_waited_for_again() -> None:
    clock = Clock()
    asked = Transport(Manners(attempts=3, timeout_seconds=(1.0, 1.0)), "http://127.0.0.1:9", clock.sleep, lambda: clock.now)
    with pytest.raises(SnaError, match="did not answer after 3 attempts"):
        asked.content(f"{HOST}/x")
    slept = len(clock.slept)
    with pytest.raises(SnaError, match=r"was not asked: 127\.0\.0\.1:9 could not be reached a moment ago"):
        asked.content(f"{HOST}/y")
    assert len(clock.slept) == slept
