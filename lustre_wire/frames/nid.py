"""Network identifiers (NIDs) and their text form.

A NID names one interface of one node: the LND's type and network number in the high 32 bits, the address in the low 32.
2.17 has a second form with room for IPv6 addresses, `LnetNid`. Sources: lnet/include/lnet/types.h of 1.8.9-wc1 and
2.0.0, uapi/linux/lnet/lnet-idl.h and nidstr.h of 2.17.0; the text is that of libcfs_nid2str.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Annotated, Final, TypeAlias

from lustre_wire.errors import WireError
from lustre_wire.kinds import checked
from lustre_wire.schema import U32, Array, u8, u16, wire_struct

#: Any NID: what a receiver that does not care who sends gives as source.
LNET_NID_ANY: Final = 0xFFFFFFFFFFFFFFFF
_ANY_TYPE: Final = 0xFF
_ANY_TEXT: Final = "LNET_NID_ANY"
_MAX_NUM: Final = 0xFFFF
_MAX_ADDRESS: Final = 0xFFFFFFFF

#: LND numbers and the names of their networks (QSWLND, SOCKLND, ... of lnet/types.h, the last six of 2.17).
NETWORKS: Final = {
    1: "elan", 2: "tcp", 3: "gm", 4: "ptl", 5: "o2ib", 6: "cib", 7: "openib", 8: "iib", 9: "lo", 10: "ra", 11: "vib",
    12: "mx", 13: "gni", 14: "gip", 15: "ptlf", 16: "kfi", 17: "tofu", 18: "efa", 19: "bxi3",
}  # fmt: skip
_NUMBERS = {name: number for number, name in NETWORKS.items()}
_IP = frozenset({"tcp", "o2ib", "cib", "openib", "iib", "ra", "vib", "gip"})
_HEX = frozenset({"gm"})
_UNKNOWN_NET = re.compile(r"<([0-9]{1,3}):([0-9]{1,5})>", re.ASCII)


@wire_struct(size=20, byteorder="big", swab=False)
class LnetNid:
    """A NID of 2.17, big-endian: `nid_size` is the address's bytes less 4, `nid_type` the LND, 255 for any NID."""

    nid_size: u8 = 0
    nid_type: u8 = 0
    nid_num: u16 = 0
    nid_addr: Annotated[list[int], Array(U32, 4)] = [0, 0, 0, 0]


Nid: TypeAlias = int | LnetNid
_IPV6_SIZE: Final = 16 - U32.size


@checked
def make_nid(lnd: int, num: int, address: int) -> int:
    """The 64-bit NID of LND number `lnd`, network number `num` and a 32-bit address."""
    return lnd << 48 | num << 32 | address


@checked
def nid_type(nid: Nid) -> int:
    """The LND number of a NID: 2 is tcp, 5 o2ib, 9 lo."""
    return nid.nid_type if isinstance(nid, LnetNid) else nid >> 48


@checked
def large_nid(nid: Nid) -> LnetNid:
    """A NID as `LnetNid`; one that is large already comes back as it is."""
    if isinstance(nid, LnetNid):
        return nid
    if nid == LNET_NID_ANY:
        return LnetNid(0, _ANY_TYPE, 0, [0, 0, 0, 0])
    return LnetNid(0, nid >> 48, nid >> 32 & _MAX_NUM, [nid & _MAX_ADDRESS, 0, 0, 0])


@checked
def small_nid(nid: Nid) -> int:
    """A NID as 64 bits.

    Raises:
        WireError: its address has more than 32 bits.
    """
    if not isinstance(nid, LnetNid):
        return nid
    if nid.nid_type == _ANY_TYPE:
        return LNET_NID_ANY
    if nid.nid_size:
        raise WireError(f"{nid_str(nid)} has no 64-bit form", path="nid_size")
    return make_nid(nid.nid_type, nid.nid_num, nid.nid_addr[0])


@checked
def nid_str(nid: Nid) -> str:
    """``10.0.0.1@tcp``, ``10.0.0.1@tcp1``, ``12@gni``, ``0@lo``, ``fe80::1@tcp``, ``LNET_NID_ANY``; never fails.

    A network without a name is written ``<type:number>`` and its address in hexadecimal.
    """
    if isinstance(nid, LnetNid):
        if nid.nid_size and nid.nid_type != _ANY_TYPE:
            address = b"".join(word.to_bytes(4, "big") for word in nid.nid_addr)
            whole = nid.nid_size == _IPV6_SIZE
            text = str(IPv6Address(address)) if whole else address[: nid.nid_size + U32.size].hex()
            return f"{text}@{_network(nid.nid_type, nid.nid_num)}"
        nid = small_nid(nid)
    return _small_text(nid)


@lru_cache(maxsize=4096, typed=True)
def _small_text(nid: int) -> str:
    if nid == LNET_NID_ANY:
        return _ANY_TEXT
    lnd, num, address32 = nid >> 48, nid >> 32 & _MAX_NUM, nid & _MAX_ADDRESS
    return f"{_address(NETWORKS.get(lnd, ''), address32)}@{_network(lnd, num)}"


def _network(lnd: int, num: int) -> str:
    name = NETWORKS.get(lnd)
    return f"<{lnd}:{num}>" if name is None else f"{name}{num or ''}"


def _address(network: str, address: int) -> str:
    if network in _IP:
        return str(IPv4Address(address))
    if network in _HEX:
        return hex(address)
    return str(address) if network else f"{address:x}"


@checked
def parse_nid(text: str) -> int:
    """The 64-bit NID that `nid_str` writes so; an address without a network is one on ``tcp``.

    Raises:
        WireError: an unknown network, or an address that is none or has more than 32 bits.
    """
    if text in (_ANY_TEXT, "<?>"):
        return LNET_NID_ANY
    address, lnd, num = _split(text)
    unknown = lnd not in NETWORKS
    if NETWORKS.get(lnd) in _IP:
        try:
            return make_nid(lnd, num, int(IPv4Address(address)))
        except AddressValueError:
            raise WireError(f"{address!r} in {text!r} is no IPv4 address", path="nid") from None
    if re.fullmatch(r"[0-9a-f]{1,8}" if unknown else r"[0-9]{1,10}|0x[0-9a-f]{1,8}", address, re.ASCII) is None:
        raise WireError(f"{address!r} in {text!r} is no 32-bit address", path="nid")
    value = int(address, 16 if unknown else 0) if address != "0" * len(address) else 0
    if value > _MAX_ADDRESS:
        raise WireError(f"{address!r} in {text!r} is no 32-bit address", path="nid")
    return make_nid(lnd, num, value)


@checked
def parse_large_nid(text: str) -> LnetNid:
    """The `LnetNid` that `nid_str` writes so: what `parse_nid` knows, and IPv6 addresses.

    Raises:
        WireError: as `parse_nid`.
    """
    address, _, _ = text.partition("@")
    if ":" not in address:
        return large_nid(parse_nid(text))
    address, lnd, num = _split(text)
    try:
        packed = IPv6Address(address).packed
    except AddressValueError:
        raise WireError(f"{address!r} in {text!r} is no IPv6 address", path="nid") from None
    return LnetNid(_IPV6_SIZE, lnd, num, [int.from_bytes(packed[i : i + 4], "big") for i in range(0, 16, 4)])


def _split(text: str) -> tuple[str, int, int]:
    """Address, LND number and network number."""
    address, _, net = text.partition("@")
    other = _UNKNOWN_NET.fullmatch(net)
    if other is not None:
        lnd, num = int(other[1]), int(other[2])
    else:
        name, digits = _named(net or "tcp")
        if name not in _NUMBERS:
            raise WireError(f"{net!r} in {text!r} is no known network", path="nid")
        lnd, num = _NUMBERS[name], int(digits or 0)
    if num > _MAX_NUM or lnd >= _ANY_TYPE:
        raise WireError(f"network number in {text!r} is out of range", path="nid")
    return address, lnd, num


def _named(net: str) -> tuple[str, str]:
    """A network's name and its number's digits; the longest known name counts, since some end in a digit."""
    for name in sorted(_NUMBERS, key=len, reverse=True):
        rest = net.removeprefix(name)
        if net.startswith(name) and re.fullmatch(r"[0-9]{0,5}", rest, re.ASCII):
            return name, rest
    return net, ""
