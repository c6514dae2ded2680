"""What type checkers say of code that uses declarations, and of code of one release that uses its stubs."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import lustre_codecs
import lustre_wire as lw
from lustre_wire.cli.main import cli
from lustre_wire.stubs import stubs

SOURCES = [str(Path(package.__path__[0]).parent) for package in (lw, lustre_codecs)]
#: basedpyright brings its Node along; the package that is called pyright on PyPI fetches one when it is first run.
PYRIGHT = shutil.which("basedpyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")

#: Lines that end in "# error" are errors, the others are not.
TODAY = """
from typing import assert_type

import lustre_wire as lw
from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.rpcs.mds import MdsGetattr
from lustre_codecs.rpcs.ost import OstWrite
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.fid import LuFid, LustreHandle
from lustre_wire.schema.views import view

message = lw.decode(b"", dialect="2.0")
if isinstance(message.buffers, MdsGetattr.Reply):
    body = message.buffers.mdt_body
    if isinstance(body, MdtBody):
        assert_type(body.mbo_fid1, LuFid)
        assert_type(body.mbo_fid1.f_seq, int)
        assert_type(body.mbo_open_handle, LustreHandle)
        assert_type(body.mbo_projid, int)
        body.mbo_projid = 5
        body.mbo_projid = "5"  # error
        body.mbo_fidd1  # error
        body.mbo_fid1.f_seqq  # error
    message.buffers.mdt_bodyy  # error
if isinstance(message.buffers, OstWrite.Request) and message.buffers.niobuf_remote:
    assert_type(message.buffers.niobuf_remote[0].rnb_len, int)
flags: ObdConnect = ObdConnect.OBD_CONNECT_FID | ObdConnect.OBD_CONNECT_REQPORTAL
ObdConnect.OBD_CONNECT_FIDD  # error
made = view(MdtBody, "2.0")(mbo_valid=3)
assert_type(made, MdtBody)
lw.decod  # error
"""
OF_2_0 = """
from typing import assert_type

import lustre_wire as lw
from lustre_codecs.enums.connect import ObdConnect
from lustre_codecs.rpcs.mds import MdsGetattr
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.fid import LuFid
from lustre_codecs.structs.nodemap import NodemapClusterRec  # error
from lustre_wire.schema.views import view

message = lw.decode(b"", dialect="2.0")
if isinstance(message.buffers, MdsGetattr.Reply):
    assert_type(message.buffers.mdt_body, MdtBody | None)
    if message.buffers.mdt_body:
        assert_type(message.buffers.mdt_body.fid1, LuFid)
        message.buffers.mdt_body.mbo_fid1  # error
ObdConnect.OBD_CONNECT_FID
ObdConnect.OBD_CONNECT_FLAGS2  # error
made = view(MdtBody, "2.0")(fid1=LuFid(f_seq=1), ino=3)
view(MdtBody, "2.0")(mbo_projid=3)  # error
"""


def mypy(script: Path, typings: Path | None) -> set[int]:
    pytest.importorskip("mypy")
    config = script.with_name("mypy.ini")
    paths = ":".join([*([str(typings)] if typings else []), *SOURCES])
    config.write_text(f"[mypy]\nmypy_path = {paths}\ncache_dir = {script.parent / 'cache'}\nfollow_imports = silent\n")
    args = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(config), str(script)]
    done = subprocess.run(args, capture_output=True, text=True, cwd=script.parent)
    assert done.returncode in (0, 1), done.stderr + done.stdout
    found = (line.split(":") for line in done.stdout.splitlines() if ": error:" in line)
    return {int(number) for _, number, *_ in found}


def pyright(script: Path, typings: Path | None) -> set[int]:
    if PYRIGHT is None:
        pytest.skip("no pyright here")
    paths = ", ".join(f'"{path}"' for path in SOURCES)
    stubs = f', "stubPath": "{typings}"' if typings else ""
    config = script.with_name("pyrightconfig.json")
    config.write_text(
        f'{{"include": ["{script.name}"], "extraPaths": [{paths}], "typeCheckingMode": "standard",'
        f' "reportUnusedExpression": false{stubs}}}'
    )
    args = [PYRIGHT, "--outputjson", "-p", str(config)]
    done = subprocess.run(args, capture_output=True, text=True, cwd=script.parent)
    assert done.returncode in (0, 1), done.stderr + done.stdout
    shown = json.loads(done.stdout)["generalDiagnostics"]
    return {each["range"]["start"]["line"] + 1 for each in shown if each["severity"] == "error"}


@pytest.mark.parametrize("checker", [mypy, pyright])
@pytest.mark.parametrize("release", ["", "2.0"], ids=["declarations", "stubs of 2.0"])
def test_checkers_find_what_is_wrong_and_nothing_else(tmp_path: Path, checker: object, release: str) -> None:
    assert callable(checker)
    script = tmp_path / "script.py"
    script.write_text(OF_2_0 if release else TODAY)
    typings = None
    if release:
        typings = tmp_path / "typings"
        assert CliRunner().invoke(cli, ["stubs", release, "-o", str(typings)]).exit_code == 0
    marked = {n for n, line in enumerate(script.read_text().splitlines(), 1) if line.endswith("# error")}
    assert checker(script, typings) == marked


@pytest.mark.parametrize("release", ["1.8", "2.0", "2.12", "2.17"])
def test_stubs_have_what_the_release_has(release: str) -> None:
    """Every field of every struct, and no other, by the names of that release."""
    dialect = lw.dialect({"1.8": "1.8.9-wc1", "2.0": "2.0.0"}.get(release, release))
    found = {}
    for text in stubs(release).values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef):
                found[node.name] = [ast.unparse(n.target) for n in node.body if isinstance(n, ast.AnnAssign)]
    for cls in dialect.structs.values():
        if not cls.__module__.startswith("lustre_codecs."):
            continue  # headers of messages, which are the engine's own
        spec = cls.__wire__
        assert found[cls.__name__] == [each.name for each in (*spec.fields, *spec.overlays)]


def test_what_is_not_ours_is_not_replaced(tmp_path: Path) -> None:
    kept = tmp_path / "lustre_codecs" / "__init__.pyi"
    kept.parent.mkdir()
    kept.write_text("mine = 1")
    result = CliRunner().invoke(cli, ["stubs", "2.0", "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert kept.read_text() == "mine = 1"


def test_no_such_release() -> None:
    with pytest.raises(lw.WireError, match="no release"):
        stubs("9.9")
