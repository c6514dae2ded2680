"""The reference pages (docs/reference): 1.8 and 2.0 in full, of all other releases their history.

``python -m tools.reference`` writes them, ``python -m tools.reference --check`` says which ones differ.
"""

from __future__ import annotations

from tools.reference import constants, histories, logs, rpcs, structs, translation


def pages() -> dict[str, str]:
    """The text of every page, by file name."""
    return {
        "README.md": index(), **rpcs.pages(), "structs.md": structs.page(), "constants.md": constants.page(),
        "logs.md": logs.page(), "translation.md": translation.page(), **histories.pages(),
    }  # fmt: skip


def index() -> str:
    services = "".join(f"| [{title}]({name}.md) | {what} |\n" for name, title, what in rpcs.SERVICES)
    return f"""# Reference

Made from the declarations in `codecs/lustre_codecs` by `python -m tools.reference`. Do not edit.

| page | holds |
|---|---|
{services}| [structs](structs.md) | every wire struct: offset, size, type and byte swap of each field |
| [constants](constants.md) | flag sets, enumerations, and the other constants |
| [logs](logs.md) | the records of logs, and the commands of configuration logs |
| [translation](translation.md) | what becomes of each buffer and field between 1.8 and 2.0 |
{histories.index()}
Sizes and offsets are in bytes. Buffer numbers are those of a lustre_msg v2, where buffer 0 is the ptlrpc_body; in a
lustre_msg v1 they are one less. "1.8" is what 1.8.9-wc1 sends and accepts, "2.0" what 2.0.0 does; a form of another
sender has that sender's name in parentheses.
"""


__all__ = ["pages"]
