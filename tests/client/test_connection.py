"""Requests, retries and errors, against a real server behind a proxy that breaks things."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from tests.support.faulty import (
    Answer,
    Exchange,
    FaultyProxy,
    cut_after_store,
    cut_before,
    faulty_proxy,
    slow,
    status,
)
from tests.support.server import RunningServer, free_port

from runstone.client import Client, errors
from runstone.client.connection import Connection, Retries, segment, segments

QUICK = Retries(attempts=4, first_seconds=0.01, most_seconds=0.05)


@pytest.fixture(scope="module")
def proxy(shared_server: RunningServer) -> Iterator[FaultyProxy]:
    with faulty_proxy(shared_server.port) as found:
        yield found


@pytest.fixture
def client(proxy: FaultyProxy, shared_server: RunningServer) -> Iterator[Client]:
    proxy.clear()
    proxy.seen.clear()
    with Client(proxy.base_url, shared_server.admin_key, retries=QUICK) as found:
        yield found


def anything(_: object) -> bool:
    return True


def test_the_key_says_who_i_am(client: Client) -> None:
    me = client.me()
    assert me.is_admin
    assert me.default_entity


@pytest.mark.parametrize("fault", [cut_before, cut_after_store, status(502), status(503), status(429)])
def test_passing_trouble_is_tried_again(fault: object, client: Client, proxy: FaultyProxy) -> None:
    proxy.plan(fault, times=2, when=anything)  # type: ignore[arg-type]
    assert client.me().is_admin
    assert proxy.count("GET", "/me") == 3


def test_trying_again_has_an_end(client: Client, proxy: FaultyProxy) -> None:
    proxy.plan(status(503), times=99, when=anything)
    with pytest.raises(errors.Unavailable) as raised:
        client.me()
    assert raised.value.status == 503
    assert proxy.count("GET", "/me") == QUICK.attempts


def test_retry_after_is_honoured(client: Client, proxy: FaultyProxy) -> None:
    proxy.plan(status(429, retry_after="1"), times=1, when=anything)
    begun = time.monotonic()
    client.me()
    assert time.monotonic() - begun >= 1.0


def test_what_must_not_be_done_twice_is_not_sent_twice(client: Client, proxy: FaultyProxy) -> None:
    """The server made a key and the answer was lost: another try would make a second one."""
    before = len(client.api_keys())
    proxy.plan(cut_after_store, times=1, when=anything)
    with pytest.raises(errors.ServerAway):
        client.create_api_key("once")
    assert len(client.api_keys()) == before + 1


def test_a_wrong_key_is_told_apart_from_a_server_that_is_away(
    proxy: FaultyProxy, shared_server: RunningServer
) -> None:
    with (
        Client(proxy.base_url, "local-" + "0" * 40, retries=QUICK) as client,
        pytest.raises(errors.NotSignedIn) as raised,
    ):
        client.me()
    assert raised.value.code == "not_signed_in"
    assert raised.value.request_id
    with (
        Client(f"http://127.0.0.1:{free_port()}", "k", retries=QUICK) as client,
        pytest.raises(errors.ServerAway, match="cannot be reached"),
    ):
        client.me()


def test_another_program_behind_the_address_is_said_to_be_one(client: Client, proxy: FaultyProxy) -> None:
    proxy.plan(status(404), times=1, when=anything)
    with pytest.raises(errors.BadAnswer, match="Runstone"):
        client.me()
    proxy.plan(status(200), times=1, when=anything)
    with pytest.raises(errors.BadAnswer, match="not JSON"):
        client.me()
    proxy.plan(status(302), times=1, when=anything)
    with pytest.raises(errors.BadAnswer, match="redirects"):
        client.me()


def test_what_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(errors.NotFound) as raised:
        client.run("", "no-such-project", "r")
    assert raised.value.describe()["code"] == "not_found"


def test_a_server_that_says_nothing_is_given_up(shared_server: RunningServer, proxy: FaultyProxy) -> None:
    from runstone.client.connection import NO_RETRIES, Timeouts

    answered = threading.Event()

    def late(exchange: Exchange) -> Answer:
        answer = slow(20.0)(exchange)
        answered.set()
        return answer

    proxy.plan(late, times=1, when=anything)
    with (
        Connection(
            proxy.base_url, shared_server.admin_key, timeouts=Timeouts(read=0.3), retries=NO_RETRIES
        ) as connection,
        pytest.raises(errors.ServerAway, match="does not answer"),
    ):
        connection.value("GET", "/me")
    assert not answered.is_set()


def test_proxies_of_the_environment_are_not_for_the_loopback(
    shared_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with shared_server.client() as client:
        assert client.me().is_admin


def test_names_are_data_in_a_path() -> None:
    assert segment("a/b ü?#%") == "a%2Fb%20%C3%BC%3F%23%25"
    assert segment("..") == "%2E%2E"
    assert segments("media/ü 1.png") == "media/%C3%BC%201.png"
    assert segments("a/../b") == "a/%2E%2E/b"


def test_the_key_is_not_in_what_is_printed(shared_server: RunningServer) -> None:
    from runstone.client.credentials import Credential

    assert "secret" not in repr(Credential("secret", "argument"))
    with shared_server.client() as client:
        assert shared_server.admin_key not in repr(vars(client))
