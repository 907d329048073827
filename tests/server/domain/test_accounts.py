"""Users, keys, sessions, organisations and teams."""

from __future__ import annotations

import re
import threading
import time

import pytest
from tests.support.world import World

from runstone.server.domain import sign_in as sign_in_module
from runstone.server.domain.access import Access
from runstone.server.domain.accounts import Accounts
from runstone.server.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
)
from runstone.server.domain.identity import ANONYMOUS, Permission, Role
from runstone.server.domain.runs import RunChange
from runstone.server.domain.sign_in import SignIn
from runstone.server.stores.records.contract import Records


def another_replica(world: World) -> SignIn:
    return SignIn(world.records)


# -- the first start


def test_the_first_admin_is_made_once(records: Records) -> None:
    sign_in = SignIn(records)
    accounts = Accounts(records, Access(records), sign_in)
    key = accounts.ensure_first_admin(None)
    assert key is not None
    assert re.fullmatch(r"local-[a-z0-9]{40}", key)
    actor = sign_in.actor_for_key(key)
    assert actor is not None
    assert (actor.username, actor.is_admin, actor.default_entity) == ("admin", True, "admin")
    assert accounts.ensure_first_admin(None) is None
    assert accounts.ensure_first_admin("b" * 40) is None


def test_the_first_admin_may_bring_a_key(records: Records) -> None:
    sign_in = SignIn(records)
    accounts = Accounts(records, Access(records), sign_in)
    assert accounts.ensure_first_admin("k" * 40) == "k" * 40
    assert sign_in.actor_for_key("k" * 40) is not None


# -- keys


@pytest.mark.parametrize("key", ["", "x", "local-" + "0" * 40, "k\x00", "é" * 40, "\ud800" * 40])
def test_an_unknown_key_is_nobody(world: World, key: str) -> None:
    assert world.sign_in.actor_for_key(key) is None


def test_a_key_works_until_it_is_deleted(world: World) -> None:
    made, key = world.accounts.create_key(world.ada, name="laptop")
    assert world.sign_in.actor_for_key(key) == world.ada
    assert [(k.id, k.name, k.hint) for k in world.accounts.keys(world.ada) if k.id == made.id] == [
        (made.id, "laptop", key[-4:])
    ]
    world.accounts.delete_key(world.ada, made.id)
    assert world.sign_in.actor_for_key(key) is None
    assert made.id not in {k.id for k in world.accounts.keys(world.ada)}


def test_a_key_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = world.accounts.create_key(world.ada, expires_at=time.time() + 100)
    assert world.sign_in.actor_for_key(key) is not None
    later = time.time() + 101
    monkeypatch.setattr(sign_in_module.time, "time", lambda: later)
    assert world.sign_in.actor_for_key(key) is None
    with pytest.raises(Invalid, match="past"):
        world.accounts.create_key(world.ada, expires_at=1.0)


def test_another_replica_obeys_a_deletion_within_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, key = world.accounts.create_key(world.ada)
    other = another_replica(world)
    assert other.actor_for_key(key) is not None
    world.accounts.delete_key(world.ada, made.id)
    real = time.monotonic
    monkeypatch.setattr(
        sign_in_module.time, "monotonic", lambda: real() + sign_in_module.ACTOR_CACHED_SECONDS
    )
    assert other.actor_for_key(key) is None


def test_nobody_sees_or_deletes_the_keys_of_others(world: World) -> None:
    made, _ = world.accounts.create_key(world.ada)
    for call in (
        lambda: world.accounts.delete_key(world.eve, made.id),
        lambda: world.accounts.delete_key(world.eve, 10**9),
    ):
        with pytest.raises(NotFound):
            call()
    with pytest.raises(NotAllowed):
        world.accounts.keys(world.eve, username="ada")
    with pytest.raises(NotAllowed):
        world.accounts.create_key(world.eve, username="ada")
    with pytest.raises(NotSignedIn):
        world.accounts.keys(ANONYMOUS)
    assert made.id in {key.id for key in world.accounts.keys(world.admin, username="ada")}


def test_when_a_key_was_used_is_kept_but_not_with_every_use(world: World) -> None:
    made, key = world.accounts.create_key(world.ada)
    assert made.last_used_at is None
    world.sign_in.actor_for_key(key)
    (used,) = [k.last_used_at for k in world.accounts.keys(world.ada) if k.id == made.id]
    assert used is not None
    assert abs(used - time.time()) < 10
    another_replica(world).actor_for_key(key)
    assert [k.last_used_at for k in world.accounts.keys(world.ada) if k.id == made.id] == [used]


@pytest.mark.parametrize("key", ["short-key", "x" * 19, "a" * 20 + "!", "a" * 257, "with space" * 3])
def test_a_chosen_key_must_be_hard_to_guess_and_plain(world: World, key: str) -> None:
    with pytest.raises(Invalid, match="20 to 256"):
        world.accounts.create_user(world.admin, "rig", api_key=key)


def test_an_admin_chooses_a_key_and_a_key_has_one_owner(world: World) -> None:
    chosen = "user_gw0-" + "a" * 40
    user, made = world.accounts.create_user(world.admin, "user_gw0", api_key=chosen)
    assert made is None
    actor = world.sign_in.actor_for_key(chosen)
    assert actor is not None
    assert actor.user_id == user.id
    with pytest.raises(Conflict, match="in use"):
        world.accounts.create_user(world.admin, "thief", api_key=chosen)
    with pytest.raises(NotFound):
        world.accounts.user(world.admin, "thief")


# -- sessions


def test_a_key_opens_a_session_that_ends(world: World) -> None:
    _, key = world.accounts.create_key(world.ada)
    token, actor = world.sign_in.start_session(key, client="10.0.0.1")
    assert actor == world.ada
    assert world.sign_in.actor_for_session(token) == world.ada
    assert world.sign_in.actor_for_session(token + "x") is None
    world.sign_in.end_session(token)
    assert world.sign_in.actor_for_session(token) is None


def test_a_key_that_may_only_read_opens_only_such_sessions_and_makes_no_way_round(world: World) -> None:
    made, key = world.accounts.create_key(world.ada, name="deploy", read_only=True)
    assert made.read_only and [k.read_only for k in world.accounts.keys(world.ada) if k.id == made.id] == [
        True
    ]
    reader = world.sign_in.actor_for_key(key)
    assert reader is not None and reader.read_only and reader.username == "ada"
    token, _ = world.sign_in.start_session(key, client="10.0.0.1")
    assert world.sign_in.actor_for_session(token) == reader
    world.sign_in.forget()  # not from memory either
    assert world.sign_in.actor_for_session(token) == reader
    for refused in (
        lambda: world.accounts.create_key(reader, name="more"),
        lambda: world.accounts.delete_key(reader, made.id),
        lambda: world.sign_in.make_sign_in_link(reader),
        lambda: world.accounts.update_me(reader, display_name="x"),
    ):
        with pytest.raises(NotAllowed, match="may only read"):
            refused()


def test_a_session_ends_with_the_key_that_opened_it(world: World) -> None:
    made, key = world.accounts.create_key(world.ada, name="page")
    _, other = world.accounts.create_key(world.ada, name="other")
    token, _ = world.sign_in.start_session(key, client="10.0.0.1")
    kept, _ = world.sign_in.start_session(other, client="10.0.0.1")
    linked, _ = world.sign_in.use_sign_in_link(world.sign_in.make_sign_in_link(world.ada), client="10.0.0.1")
    world.accounts.delete_key(world.ada, made.id)
    assert world.sign_in.actor_for_session(token) is None
    assert world.sign_in.actor_for_session(kept) == world.sign_in.actor_for_session(linked) == world.ada


def test_a_session_lasts_thirty_days(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = world.accounts.create_key(world.ada)
    token, _ = world.sign_in.start_session(key, client="10.0.0.1")
    now = time.time()
    monkeypatch.setattr(sign_in_module.time, "time", lambda: now + 29 * 86400)
    assert world.sign_in.actor_for_session(token) is not None
    monkeypatch.setattr(sign_in_module.time, "time", lambda: now + 31 * 86400)
    assert world.sign_in.actor_for_session(token) is None


def test_a_session_token_is_no_key_and_a_key_no_session(world: World) -> None:
    _, key = world.accounts.create_key(world.ada)
    token, _ = world.sign_in.start_session(key, client="10.0.0.1")
    assert another_replica(world).actor_for_key(token) is None
    assert another_replica(world).actor_for_session(key) is None


def test_guessing_is_throttled_per_client(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _, key = world.accounts.create_key(world.ada)
    for _ in range(10):
        with pytest.raises(NotSignedIn):
            world.sign_in.start_session("wrong", client="10.0.0.1")
    with pytest.raises(TooMany) as caught:
        world.sign_in.start_session(key, client="10.0.0.1")
    assert 0 < caught.value.fields["retry_after_seconds"] <= 60
    with pytest.raises(TooMany):
        world.sign_in.use_sign_in_link("wrong", client="10.0.0.1")
    world.sign_in.start_session(key, client="10.0.0.2")
    real = time.monotonic
    monkeypatch.setattr(sign_in_module.time, "monotonic", lambda: real() + 61)
    world.sign_in.start_session(key, client="10.0.0.1")


def test_a_sign_in_link_works_once(world: World) -> None:
    token = world.sign_in.make_sign_in_link(world.ada)
    session, actor = world.sign_in.use_sign_in_link(token, client="x")
    assert actor == world.ada
    assert world.sign_in.actor_for_session(session) == world.ada
    with pytest.raises(NotSignedIn):
        world.sign_in.use_sign_in_link(token, client="x")


def test_a_sign_in_link_used_from_many_windows_opens_one(world: World) -> None:
    token = world.sign_in.make_sign_in_link(world.ada)
    opened: list[str] = []

    def use() -> None:
        try:
            opened.append(world.sign_in.use_sign_in_link(token, client="x")[0])
        except (NotSignedIn, TooMany):
            pass

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


def test_a_sign_in_link_expires(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.sign_in.make_sign_in_link(world.ada, seconds=60)
    later = time.time() + 61
    monkeypatch.setattr(sign_in_module.time, "time", lambda: later)
    with pytest.raises(NotSignedIn):
        world.sign_in.use_sign_in_link(token, client="x")
    with pytest.raises(NotSignedIn):
        world.sign_in.make_sign_in_link(ANONYMOUS)


# -- users


def test_creating_a_user_who_exists_is_no_error(world: World) -> None:
    first, key = world.accounts.create_user(world.admin, "new", email="new@example.org")
    assert key is not None
    again, other = world.accounts.create_user(world.admin, "new", email="other@example.org")
    assert (again, other) == (first, None)
    more = "chosen-" + "b" * 40
    world.accounts.create_user(world.admin, "new", api_key=more)
    assert world.sign_in.actor_for_key(more) == world.sign_in.actor_for_key(key)


@pytest.mark.parametrize("name", ["", "a/b", "..", "a..b", "-x", "a b", "a" * 129, "x\n", "ü", "a~1"])
def test_user_names_are_plain(world: World, name: str) -> None:
    with pytest.raises(Invalid):
        world.accounts.create_user(world.admin, name)


def test_users_teams_and_organisations_share_one_space_of_names(world: World) -> None:
    with pytest.raises(Conflict, match="taken by a team"):
        world.accounts.create_user(world.admin, "ml")
    with pytest.raises(Conflict, match="taken by a user"):
        world.entities.create_organization(world.admin, "ada", owner="ada")
    with pytest.raises(Conflict, match="taken by a organization"):
        world.entities.create_team(world.admin, "acme", organization="acme", owner="ada")


def test_only_server_admins_make_and_delete_users(world: World) -> None:
    for actor in (world.ada, world.eve):
        with pytest.raises(NotAllowed):
            world.accounts.create_user(actor, "new")
        with pytest.raises(NotAllowed):
            world.accounts.delete_user(actor, "ben")
        with pytest.raises(NotAllowed):
            world.entities.create_organization(actor, "neworg", owner="ada")
    with pytest.raises(NotSignedIn):
        world.accounts.create_user(ANONYMOUS, "new")


def test_a_deleted_user_is_out_at_once_and_the_runs_stay(world: World) -> None:
    run, _ = world.runs.upsert(world.ben, "ml", "p", "bens", RunChange())
    _, key = world.accounts.create_key(world.ben)
    session, _ = world.sign_in.start_session(key, client="x")
    assert world.sign_in.actor_for_key(key) is not None
    assert world.sign_in.actor_for_session(session) is not None

    world.accounts.delete_user(world.admin, "ben")

    assert world.sign_in.actor_for_key(key) is None
    assert world.sign_in.actor_for_session(session) is None
    assert "ben" not in {member.username for member in world.entities.members(world.ada, "ml")}
    assert world.runs.get_by_key(world.ada, run.key).username == "ben"
    assert world.accounts.user(world.admin, "ben").deleted
    with pytest.raises(NotFound):
        world.accounts.user(world.ada, "ben")
    world.accounts.delete_user(world.admin, "ben")  # again is harmless
    with pytest.raises(NotFound):
        world.accounts.delete_user(world.admin, "never-was")
    with pytest.raises(Conflict, match="yourself"):
        world.accounts.delete_user(world.admin, "admin")


def test_a_deleted_user_can_return(world: World) -> None:
    before = world.accounts.user(world.admin, "eve")
    world.accounts.delete_user(world.admin, "eve")
    again, key = world.accounts.create_user(world.admin, "eve")
    assert (again.id, again.deleted) == (before.id, False)
    assert key is not None
    assert world.sign_in.actor_for_key(key) is not None


def test_one_sees_oneself_and_ones_fellows(world: World) -> None:
    def seen(actor: str) -> list[str]:
        return [user.username for user in world.accounts.users(getattr(world, actor))]

    assert seen("ada") == ["ada", "ben", "vic"]
    assert seen("olga") == ["olga", "oscar"]
    assert seen("eve") == ["eve"]
    assert seen("admin") == ["ada", "admin", "ben", "eve", "olga", "oscar", "vic"]
    assert [u.username for u in world.accounts.users(world.admin, search="O", limit=1)] == ["olga"]
    assert [u.username for u in world.accounts.users(world.admin, search="O", after="olga")] == ["oscar"]
    assert world.accounts.users(world.admin, search="%") == []
    with pytest.raises(NotFound):
        world.accounts.user(world.eve, "ada")


def test_me_is_changed_by_oneself(world: World) -> None:
    me = world.accounts.update_me(world.ada, display_name="Ada L.", email="ada@example.org")
    assert (me.display_name, me.email) == ("Ada L.", "ada@example.org")
    assert world.accounts.update_me(world.ada, display_name="").email == "ada@example.org"
    with pytest.raises(NotSignedIn):
        world.accounts.update_me(ANONYMOUS, display_name="x")


def test_the_default_entity_is_ones_own_unless_chosen(world: World) -> None:
    assert world.ada.default_entity == "ada"
    assert world.accounts.update_me(world.ada, default_entity="ml").default_entity == "ml"
    assert world.actor("ada").default_entity == "ml"
    with pytest.raises(NotFound):
        world.accounts.update_me(world.eve, default_entity="ml")
    assert world.accounts.update_me(world.ada, default_entity="").default_entity == "ada"


# -- organisations and teams


def test_creating_an_organisation_or_team_that_exists_is_no_error(world: World) -> None:
    before = world.entities.entity(world.admin, "acme")
    assert world.entities.create_organization(world.admin, "acme", owner="eve") == before
    team = world.entities.create_team(world.admin, "ml", organization="acme", owner="ada")
    assert (team.kind, team.organization) == ("team", "acme")
    assert {m.username: m.role for m in world.entities.members(world.admin, "acme")} == {
        "olga": Role.ADMIN,
        "oscar": Role.MEMBER,
        "eve": Role.ADMIN,
    }


def test_who_may_make_a_team(world: World) -> None:
    world.entities.create_team(world.olga, "vision", organization="acme", owner="oscar")
    for actor in (world.oscar, world.ada):
        with pytest.raises((NotAllowed, NotFound)):
            world.entities.create_team(actor, "nope", organization="acme", owner="oscar")
    with pytest.raises(Invalid, match="not a organization"):
        world.entities.create_team(world.admin, "nope", organization="ml", owner="ada")
    with pytest.raises(NotFound):
        world.entities.create_team(world.admin, "nope", organization="acme", owner="ghost")


def test_entities_of_a_user_begin_with_the_own_one(world: World) -> None:
    listed = world.entities.entities_of(world.ada)
    assert [(entity.name, entity.kind, role) for entity, role in listed] == [
        ("ada", "user", Role.ADMIN),
        ("ml", "team", Role.ADMIN),
    ]
    of_ada = world.entities.entities_of(world.vic, username="ada")
    assert [entity.name for entity, _ in of_ada] == ["ada", "ml"]
    with pytest.raises(NotFound):
        world.entities.entities_of(world.eve, username="ada")


def test_a_person_is_told_in_one_as_user_and_entities_are_in_two(world: World) -> None:
    def same() -> int:
        for actor in (world.admin, world.ada, world.vic, world.eve):
            user, listed = world.entities.person(actor)
            assert user == world.accounts.user(actor, actor.username)
            assert listed == list(world.entities.entities_of(actor))
        return len(world.entities.person(world.ada)[1])

    before = same()
    assert before > 1 and len(world.entities.person(world.eve)[1]) == 1
    world.accounts.update_me(world.ada, display_name="Ada", default_entity="ml")
    world.entities.create_organization(world.admin, "second", owner="ada")
    world.entities.create_team(world.admin, "afterwards", organization="second", owner="ada")
    assert same() == before + 2
    world.entities.delete_organization(world.admin, "second")
    assert same() == before


def test_members_are_added_changed_and_removed_by_admins(world: World) -> None:
    for actor in (world.ben, world.vic):
        with pytest.raises(NotAllowed):
            world.entities.set_member(actor, "ml", "eve", Role.MEMBER)
    with pytest.raises(NotFound):
        world.entities.set_member(world.eve, "ml", "eve", Role.ADMIN)
    world.entities.set_member(world.ada, "ml", "eve", Role.VIEWER)
    assert world.access.allows(world.eve, Permission.READ, world.entities.entity(world.ada, "ml").id)
    world.entities.set_member(world.ada, "ml", "eve", Role.MEMBER)
    world.entities.remove_member(world.ada, "ml", "eve")
    with pytest.raises(NotFound):
        world.entities.entity(world.eve, "ml")
    with pytest.raises(NotFound, match="not a member"):
        world.entities.remove_member(world.ada, "ml", "eve")
    world.entities.remove_member(world.ben, "ml", "ben")  # leaving by oneself
    with pytest.raises(Invalid):
        world.entities.set_member(world.ada, "ada", "eve", Role.MEMBER)


def test_a_team_is_not_left_without_an_admin(world: World) -> None:
    with pytest.raises(Conflict, match="without an admin"):
        world.entities.remove_member(world.ada, "ml", "ada")
    with pytest.raises(Conflict, match="without an admin"):
        world.entities.set_member(world.ada, "ml", "ada", Role.VIEWER)
    world.entities.set_member(world.ada, "ml", "ben", Role.ADMIN)
    world.entities.remove_member(world.ada, "ml", "ada")


def test_leaving_the_organisation_is_leaving_its_teams(world: World) -> None:
    world.entities.set_member(world.olga, "ml", "oscar", Role.MEMBER)
    world.entities.remove_member(world.olga, "acme", "oscar")
    assert "oscar" not in {member.username for member in world.entities.members(world.ada, "ml")}


def test_a_deleted_organisation_takes_its_teams_and_frees_their_names(world: World) -> None:
    world.run("r1")
    with pytest.raises(NotAllowed):
        world.entities.delete_organization(world.oscar, "acme")
    world.accounts.update_me(world.ada, default_entity="ml")

    world.entities.delete_organization(world.olga, "acme")

    for name in ("acme", "ml"):
        with pytest.raises(NotFound):
            world.entities.entity(world.admin, name)
    assert world.actor("ada").default_entity == "ada"
    assert world.projects.find(world.ada) == []
    world.entities.create_organization(world.admin, "ml", owner="eve")
    assert [entity.name for entity, _ in world.entities.entities_of(world.eve)] == ["eve", "ml"]


def test_of_a_short_key_almost_nothing_is_kept(world: World) -> None:
    short, long = "abcdefghij0123456789", "user_gw1-" + "b" * 40
    for key in (short, long):
        world.accounts.create_user(world.admin, "rig", api_key=key)
    kept = {key.hint: key.prefix for key in world.accounts.keys(world.admin, username="rig")}
    assert kept["6789"] == ""
    assert kept["bbbb"] == "user_gw1-b"
