"""What a server is told, and what it refuses to be told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.server import certificate

from runstone.server.domain.errors import Invalid
from runstone.server.settings import ServerSettings, is_loopback


def load(**given: object) -> ServerSettings:
    environ = given.pop("environ", {})
    return ServerSettings.load(environ=environ, **given)  # type: ignore[arg-type]


def test_nothing_said_is_loopback_and_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNSTONE_DATA", str(tmp_path))
    settings = load()
    assert settings.listen.host == "127.0.0.1"
    assert settings.listen.port == 8080
    assert settings.storage.data == tmp_path
    assert settings.base_url == "http://127.0.0.1:8080"
    assert not settings.security.allowed_origins


def test_the_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {
        "RUNSTONE_DATA": "/from/environment",
        "RUNSTONE_PORT": "1234",
        "RUNSTONE_HOST": "10.0.0.1",
        "RUNSTONE_DATABASE_URL": "postgresql://db/runstone",
        "RUNSTONE_ALLOWED_HOSTS": "one.example, two.example",
        "RUNSTONE_START_UPLINK": "off",
    }
    settings = load(environ=environ, data=tmp_path, port=0, host="127.0.0.2")
    assert settings.storage.data == tmp_path
    assert (settings.listen.host, settings.listen.port) == ("127.0.0.2", 0)
    assert settings.storage.database_url == "postgresql://db/runstone"
    assert settings.security.allowed_hosts == ("one.example", "two.example")
    assert settings.start_uplink is False


def test_the_public_address_carries_its_path_prefix() -> None:
    settings = load(base_url="https://ml.example.com/runstone/")
    assert settings.listen.path_prefix == "/runstone"
    assert settings.base_url == "https://ml.example.com/runstone"


@pytest.mark.parametrize(
    ("host", "name"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("node7", "node7")]
)
def test_a_host_that_listens_everywhere_is_reached_by_loopback(host: str, name: str) -> None:
    assert load(host=host).base_url == f"http://{name}:8080"


@pytest.mark.parametrize(
    "given",
    [
        {"port": -1},
        {"port": 65536},
        {"environ": {"RUNSTONE_PORT": "http"}},
        {"base_url": "ftp://x"},
        {"base_url": "//x"},
        {"base_url": "https://x/?a=1"},
        {"allowed_origins": ["https://x/path"]},
        {"allowed_origins": ["*"]},
        {"environ": {"RUNSTONE_ACCESS_LOG": "perhaps"}},
    ],
)
def test_nonsense_is_refused_with_words(given: dict[str, object]) -> None:
    with pytest.raises(Invalid) as raised:
        load(**given)
    assert len(raised.value.message) > 20


def test_loopback_is_told_from_the_rest() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "10.0.0.1", "::", "example.com"))


def test_a_certificate_makes_the_address_https_and_needs_its_key(tmp_path: Path) -> None:
    environ = {"RUNSTONE_TLS_CERT": str(tmp_path / "c.pem"), "RUNSTONE_TLS_KEY": str(tmp_path / "k.pem")}
    settings = load(environ=environ)
    assert settings.listen.tls is not None and settings.listen.tls.key == tmp_path / "k.pem"
    assert settings.base_url == "https://127.0.0.1:8080"
    for missing in ("RUNSTONE_TLS_KEY", "RUNSTONE_TLS_CERT"):
        with pytest.raises(Invalid, match=missing):
            load(environ={name: path for name, path in environ.items() if name != missing})


def test_a_certificate_that_is_none_or_not_of_its_key_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    one, other = certificate(tmp_path), certificate(tmp_path / "a")
    load(tls_cert=one.certificate, tls_key=one.key).listen.tls.check()  # type: ignore[union-attr]
    for cert, key in (
        (tmp_path / "absent.pem", one.key),
        (one.key, one.key),
        (one.certificate, other.key),
        (tmp_path, one.key),
    ):
        tls = load(tls_cert=cert, tls_key=key).listen.tls
        assert tls is not None
        with pytest.raises(Invalid, match="--tls-cert"):
            tls.check()
