"""Directories of several stripes on one MDT (2.17), as clients see them (lmv/lmv_obd.c, include/lustre_lmv.h)."""

from __future__ import annotations

from typing import Any

import pytest

import lustre_wire as lw
from compat_tests.testbed.test_later import file_of
from lustre_wire.engines import record
from lustre_wire.recovery.names import names
from lustre_wire.recovery.transaction import Refused
from lustre_wire.testbed import operations as op
from lustre_wire.testbed.file_system import Simulated
from lustre_wire.testbed.mds import striped
from lustre_wire.testbed.packing import result_of
from lustre_wire.testbed.tasks import OperationFailed


@pytest.fixture
def fs() -> Simulated:
    return Simulated("2.17", clients=2)


def wish(fs: Simulated, count: int, **more: int) -> bytes:
    """A `lmv_user_md_v1`, as `lfs mkdir -c COUNT` sends it."""
    d = fs.system.dialect
    values = {"lum_stripe_offset": 0xFFFFFFFF, **more}
    magic = names(d).LMV_USER_MAGIC
    return record.pack(d.structs["lmv_user_md_v1"](lum_magic=magic, lum_stripe_count=count, **values))


def stripes_of(fs: Simulated, path: str, number: int = 1) -> list[Any]:
    c = fs.clients[number]
    said = fs.do(c.getattr(path), c)
    return list(striped.read(fs.system.dialect, said.md[: said.easize]).lmv_stripe_fids)


def test_names_are_in_the_stripe_of_their_hash(fs: Simulated) -> None:
    """Where the first client put them the other finds them; the MDT lists each stripe with its own FIDs."""
    one, other = fs.clients
    d, k = fs.system.dialect, names(fs.system.dialect)
    fs.do(one.mkdir("/d", layout=wish(fs, 3)))
    told = [f"n{number}" for number in range(20)]
    for name in told:
        file_of(fs, f"/d/{name}")
    found = fs.do(other.readdir("/d"), other)
    assert sorted(found) == sorted([b".", b"..", *(name.encode() for name in told)])
    fids = stripes_of(fs, "/d")
    assert len({(fid.f_seq, fid.f_oid) for fid in fids}) == 3 and {int(fid.f_seq) for fid in fids} == {striped.OWN_SEQ}
    for number, fid in enumerate(fids):
        listed = fs.do(other._listed((int(fid.f_seq), int(fid.f_oid), 0)), other)
        assert {striped.spread(k, k.LMV_HASH_TYPE_FNV_1A_64, 3, name) for name in listed if name[0] != 46} == {number}
    said = fs.do(other.getattr("/d"), other)
    assert said.valid & 0x410000000 == 0x410000000 and said.nlink == 5
    assert d.structs["lmv_mds_md_v1"].__wire__.size + 3 * 16 == said.easize


def test_the_hash_is_fnv_1a() -> None:
    """The published test values."""
    k = names(Simulated("2.17", mount=False).system.dialect)
    fnv = k.LMV_HASH_TYPE_FNV_1A_64
    assert striped.spread(k, fnv, 1 << 64, b"") == 0xCBF29CE484222325
    assert striped.spread(k, fnv, 1 << 64, b"foobar") == 0x85944171F73967E8
    assert striped.spread(k, k.LMV_HASH_TYPE_ALL_CHARS, 7, b"ab") == (97 + 98) % 7


def test_a_stripe_says_which_it_is(fs: Simulated) -> None:
    c, d, k = fs.clients[0], fs.system.dialect, names(fs.system.dialect)
    fs.do(c.mkdir("/d", layout=wish(fs, 2)))
    for number, fid in enumerate(stripes_of(fs, "/d")):
        asked = op.GetAttr(ident=(fid.f_seq, fid.f_oid, 0), valid=int(k.OBD_MD_FLEASIZE | k.OBD_MD_MEA), easize=128)
        said = result_of(fs.do(c.ask(c.metadata(), asked), c))
        own = record.unpack(d.structs["lmv_mds_md_v1"], said.md[: said.easize])
        assert (own.lmv_magic, own.lmv_stripe_count, own.lmv_master_mdt_index) == (k.LMV_MAGIC_STRIPE, 2, number)
        assert list(own.lmv_stripe_fids) == [] and said.nlink == 2


def test_a_directory_goes_when_no_stripe_has_a_name(fs: Simulated) -> None:
    c, space = fs.clients[0], fs.system.mds.service.mdt.space
    before = space.inodes
    fs.do(c.mkdir("/d", layout=wish(fs, 4)))
    fs.do(c.mkdir("/d/e"))
    assert space.inodes == before + 6
    with pytest.raises(OperationFailed, match="ENOTEMPTY"):
        fs.do(c.rmdir("/d"))
    fs.do(c.rename("/d/e", "/e"))
    fs.do(c.setattr("/d", int(names(fs.system.dialect).MDS_ATTR_MODE), mode=0o700))
    fids = stripes_of(fs, "/d")
    assert {space.find((fid.f_seq, fid.f_oid, 0)).mode & 0o777 for fid in fids} == {0o700}  # type: ignore[union-attr]
    fs.do(c.rmdir("/d"))
    assert space.inodes == before + 1
    assert all(space.find((fid.f_seq, fid.f_oid, 0)) is None for fid in fids)


def test_a_striped_directory_is_made_again_as_it_was(fs: Simulated) -> None:
    """A replay brings its stripes, and no other gets their FIDs afterwards."""
    c = fs.clients[0]
    fs.system.mds.commit_interval = 1e6
    fs.do(c.mkdir("/d", layout=wish(fs, 3)))
    fs.do(c.mkdir("/d/e"))
    before = stripes_of(fs, "/d")
    fs.restart()
    fs.recovered()
    assert stripes_of(fs, "/d") == before and b"e" in fs.do(c.readdir("/d"))
    fs.do(c.mkdir("/more", layout=wish(fs, 3)))
    numbers = [int(fid.f_oid) for fid in (*before, *stripes_of(fs, "/more"))]
    assert len(set(numbers)) == 6


@pytest.mark.parametrize(
    ("count", "stripes"), [(0, 0), (1, 0), (5, 5), (60, 5), (0xFFFFFFFD, 3)], ids=["0", "1", "5", "60", "3 each"]
)
def test_so_many_stripes_are_made(fs: Simulated, count: int, stripes: int) -> None:
    c = fs.clients[0]
    fs.do(c.mkdir("/d", layout=wish(fs, count)))
    inode = fs.system.mds.service.mdt.space.find(fs.do(c.getattr("/d")).ident)
    assert inode is not None and len(inode.shards) == stripes
    with pytest.raises(OperationFailed, match="EINVAL"):
        fs.do(c.mkdir("/wrong", layout=b"\1" * 48))
    with pytest.raises(OperationFailed, match="EINVAL"):
        fs.do(c.mkdir("/short", layout=wish(fs, 2)[:20]))


def test_what_a_directory_says_of_its_subdirectories(fs: Simulated) -> None:
    """lfs setdirstripe -D, and -d: told with the directory, and to nobody any more."""
    c, k = fs.clients[0], names(fs.system.dialect)
    fs.do(c.mkdir("/d"))
    default = wish(fs, 2, lum_stripe_offset=0)
    fs.do(c.setattr("/d", 0, ea=default))
    assert fs.do(c.getxattr("/d", b"trusted.dmv")) == default
    bit = int(k.OBD_MD_DEFAULT_MEA)
    assert fs.do(c.getattr("/d")).valid & bit or b"trusted.dmv" in fs.do(c.listxattr("/d"))
    fs.do(c.setattr("/d", 0, ea=wish(fs, 0)))
    assert b"trusted.dmv" not in fs.do(c.listxattr("/d"))
    with pytest.raises(OperationFailed, match="EINVAL"):
        fs.do(c.setattr("/d", 0, ea=default[:20]))


def test_a_path_does_not_name_stripes(fs: Simulated) -> None:
    c = fs.clients[0]
    fs.do(c.mkdir("/d", layout=wish(fs, 3)))
    fs.do(c.mkdir("/d/e"))
    space = fs.system.mds.service.mdt.space
    inode = space.find(fs.do(c.getattr("/d/e")).ident)
    assert inode is not None and space.path(inode, 100) == b"d/e"


def test_only_a_replay_says_which_stripes_there_are_and_none_that_never_were(fs: Simulated) -> None:
    c, space = fs.clients[0], fs.system.mds.service.mdt.space
    fs.do(c.mkdir("/d", layout=wish(fs, 2)))
    asked = fs.do(c.getattr("/d"))
    fs.do(c.mkdir("/again", layout=asked.md[: asked.easize]))
    assert {int(fid.f_oid) for fid in stripes_of(fs, "/again")} == {3, 4}
    master = space.find(fs.do(c.getattr("/again")).ident)
    assert master is not None
    for ident in ((striped.OWN_SEQ, 1 << 31, 0), (0x200000777, 1, 0), (striped.OWN_SEQ, 0, 0), (striped.OWN_SEQ, 1, 0)):
        with pytest.raises(Refused):
            striped.make(space, master, striped.Wanted(1, 2, (ident,)))
    with pytest.raises(lw.WireError):
        striped.wanted(fs.system.dialect, asked.md[: asked.easize], 1)
