"""The store and last_rcvd: bytes of the real layout, features, and what a crash leaves."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lustre_wire as lw
from lustre_wire.payloads import last_rcvd as payload
from lustre_wire.recovery.last_rcvd import FILE, LastRcvd, MountRefused
from lustre_wire.recovery.names import names
from lustre_wire.recovery.store import Store

OLD, NEW = lw.dialect("1.8"), lw.dialect("2.0")
K = names(NEW)


def started(store: Store, dialect: lw.Dialect, *, metadata: bool = True) -> tuple[LastRcvd, bool]:
    file = LastRcvd(store, dialect, metadata=metadata)
    return file, file.start(b"fs-MDT0000_UUID")


STEPS = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 3), st.integers()),
    st.tuples(st.just("delete"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("write"), st.integers(0, 20), st.binary(max_size=9)),
    st.tuples(st.just("truncate"), st.integers(0, 20), st.just(0)),
    st.tuples(st.just("remove"), st.just(0), st.just(0)),
)


def apply(store: Store, step: tuple[str, int, object]) -> None:
    kind, number, value = step
    if kind == "set":
        store.set(number, value)
    elif kind == "delete":
        store.delete(number)
    elif kind == "write":
        assert isinstance(value, bytes)
        store.write("f", number, value)
    elif kind == "truncate":
        store.truncate("f", number)
    else:
        store.remove("f")


@given(st.lists(STEPS), st.lists(STEPS))
def test_a_crash_leaves_exactly_what_was_committed(before: list[object], after: list[object]) -> None:
    store, twin = Store(), Store()
    for step in before:
        apply(store, step)  # type: ignore[arg-type]
        apply(twin, step)  # type: ignore[arg-type]
    store.commit()
    for step in after:
        apply(store, step)  # type: ignore[arg-type]
        assert store.file_bytes == store.size("f")
    store.crash()
    assert store.file_bytes == store.size("f")
    assert [store.get(n) for n in range(4)] == [twin.get(n) for n in range(4)]
    assert store.read("f", 0, 99) == twin.read("f", 0, 99)


@pytest.mark.parametrize("dialect", [OLD, NEW], ids=str)
def test_slots_stand_where_the_real_file_has_them(dialect: lw.Dialect) -> None:
    store = Store()
    file, _ = started(store, dialect)
    index = file.add(b"client-one")
    slot = file.slot(index)
    slot.lcd_last_transno, slot.lcd_last_xid, slot.lcd_pre_versions = 7 << 32, 99, [1, 2, 3, 4]
    file.write(index, slot)
    data = store.read(FILE, 0, store.size(FILE))
    assert data[:15] == b"fs-MDT0000_UUID" and data[8192:8202] == b"client-one"
    assert int.from_bytes(data[8192 + 40 : 8192 + 48], "little") == 7 << 32
    assert int.from_bytes(data[8192 + 88 : 8192 + 96], "little") == 1
    read = payload.read(data, dialect)
    assert [c.lcd_last_xid for c in read.connected.values()] == [99]
    assert file.highest_transno() == 7 << 32


@given(st.lists(st.integers(0, 9), max_size=30), st.booleans())
def test_a_new_client_gets_the_first_free_slot(steps: list[int], restarted: bool) -> None:
    store = Store()
    file, _ = started(store, NEW)
    taken: dict[bytes, int] = {}
    for number in steps:
        uuid = b"client%d" % number
        if uuid in taken:
            del taken[uuid]
            file.free(uuid)
        else:
            taken[uuid] = next(index for index in range(99) if index not in taken.values())
            assert file.add(uuid) == taken[uuid]
        if restarted:
            file, _ = started(store, NEW)
            assert file.slots == taken


@pytest.mark.parametrize("dialect", [OLD, NEW], ids=str)
@pytest.mark.parametrize("word", ["lsd_feature_incompat", "lsd_feature_rocompat"])
def test_an_unknown_feature_refuses_the_mount_before_anything_is_changed(dialect: lw.Dialect, word: str) -> None:
    store = Store()
    file, _ = started(store, dialect)
    file.add(b"client")
    head = file.header()
    setattr(head, word, int(getattr(head, word)) | 0x8000)
    file.write_header(head)
    store.commit()
    before = store.read(FILE, 0, 1 << 20)
    with pytest.raises(MountRefused) as caught:
        started(store, dialect)
    assert caught.value.status == -errno.EINVAL
    assert store.read(FILE, 0, 1 << 20) == before


def test_1_8_refuses_iam_directories_and_som() -> None:
    for bit in (K.OBD_INCOMPAT_IAM_DIR, K.OBD_INCOMPAT_SOM, K.OBD_INCOMPAT_LMA):
        store = Store()
        file, _ = started(store, OLD)
        head = file.header()
        head.lsd_feature_incompat = int(head.lsd_feature_incompat) | bit
        file.write_header(head)
        with pytest.raises(MountRefused):
            started(store, OLD)


@pytest.mark.parametrize(("first", "second"), [(OLD, NEW), (NEW, OLD)], ids=["upgrade", "downgrade"])
def test_E1_E2_E3_the_other_release_forgets_every_client_once_and_before_anybody_connects(
    first: lw.Dialect, second: lw.Dialect
) -> None:
    store = Store()
    file, _ = started(store, first)
    file.add(b"client")
    store.commit()
    again, forgot = started(store, first)
    assert not forgot and list(again.slots) == [b"client"]
    other, forgot = started(store, second)
    assert forgot and not other.slots and store.size(FILE) == 8192
    other.add(b"client")
    store.commit()
    kept, forgot = started(store, second)
    assert not forgot and list(kept.slots) == [b"client"]


def test_an_ost_forgets_nobody_at_the_upgrade() -> None:
    store = Store()
    file, _ = started(store, OLD, metadata=False)
    file.add(b"client")
    store.commit()
    other, forgot = started(store, NEW, metadata=False)
    assert not forgot and list(other.slots) == [b"client"]
