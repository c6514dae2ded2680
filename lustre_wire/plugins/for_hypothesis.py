"""Makes ``st.from_type(MdtBody)`` work.

`hypothesis` calls `register` when it is imported (entry-point group "hypothesis").
"""

from __future__ import annotations

from typing import Any

from lustre_wire.schema.struct import each_declared


def register() -> None:
    """Tell `hypothesis` how every wire struct, declared before or later, is drawn."""
    from hypothesis import strategies as st

    def tell(cls: Any) -> None:
        def draw_from(_: Any) -> Any:
            from lustre_wire.testing.structs import structs

            return structs(cls)

        st.register_type_strategy(cls, draw_from)

    each_declared(tell)
