"""Addresses that carry their own authority."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.server.domain.errors import NotAllowed
from runstone.server.domain.signing import Signer

CLAIM = {"do": "put", "run": 7, "name": "media/ü.png"}


def test_a_token_is_good_for_its_claim_until_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Signer(b"s" * 32)
    token = signer.sign(CLAIM, seconds=60)
    assert signer.verify(token) == CLAIM
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 61)
    with pytest.raises(NotAllowed):
        signer.verify(token)


def test_another_servers_token_is_refused() -> None:
    with pytest.raises(NotAllowed):
        Signer(b"a" * 32).verify(Signer(b"b" * 32).sign(CLAIM, seconds=60))


@given(st.data())
def test_no_altered_token_passes(data: st.DataObject) -> None:
    signer = Signer(b"s" * 32)
    token = signer.sign(CLAIM, seconds=60)
    at = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("abcXYZ019-_.=/é "))
    altered = token[:at] + sign + token[at + 1 :]
    try:
        assert signer.verify(altered) == CLAIM  # the last digit of base64 has bits that say nothing
    except NotAllowed:
        return


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,44}")))
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(NotAllowed):
        Signer(b"s" * 32).verify(token)


def test_a_token_fits_an_address() -> None:
    token = Signer(b"s" * 32).sign(CLAIM, seconds=60)
    assert all(sign.isalnum() or sign in "-_." for sign in token)
