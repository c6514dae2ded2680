"""A first decode makes what it needs: the views of its own operation, and no enumeration by the way."""

from __future__ import annotations

import json
import subprocess
import sys

from compat_tests.recorded import messages

_CODE = """
import json, pkgutil, sys
import lustre_wire as lw, lustre_codecs.rpcs, lustre_codecs.senders, lustre_codecs.enums
from lustre_wire.schema.numbers import EnumHistory
from lustre_wire.schema.rpc_history import RpcHistory
from lustre_wire.schema.views import history_of

message = lw.decode(bytes.fromhex(sys.argv[1]), lw.dialect("2.0"))

def viewed(package, kind):
    modules = [sys.modules[f"{package.__name__}.{m.name}"] for m in pkgutil.iter_modules(package.__path__)]
    found = {h for m in modules for v in vars(m).values() if isinstance(h := history_of(v), kind) and h.views}
    return sorted({h.opcode.name if kind is RpcHistory else h.cls.__name__ for h in found})

rpcs = viewed(lustre_codecs.rpcs, RpcHistory) + viewed(lustre_codecs.senders, RpcHistory)
enums = viewed(lustre_codecs.enums, EnumHistory)
print(json.dumps({"format": message.format.key, "rpcs": rpcs, "enums": enums}))
"""


def test_a_first_decode_makes_the_formats_of_its_opcode_alone() -> None:
    data = next(m.data for m in messages() if (m.dialect, m.direction) == ("2.0", "request") and m.id == "getxattr-d20")
    done = subprocess.run([sys.executable, "-c", _CODE, data.hex()], capture_output=True, text=True)
    made = json.loads(done.stdout or done.stderr)
    assert made["format"] == "MDS_GETXATTR"
    assert set(made["rpcs"]) == {"MDS_GETXATTR"}
    assert made["enums"] == []
