"""Hierarchical storage: what clients and copy tools tell the MDT."""

from __future__ import annotations

from functools import partial

from lustre_codecs.enums.ptlrpc import Opcode
from lustre_codecs.rpcs import slots
from lustre_codecs.rpcs.mds import Body, BodyAndCapa, mds
from lustre_codecs.structs.attributes import MdtBody
from lustre_codecs.structs.hsm import (
    HsmCurrentAction,
    HsmProgressKernel,
    HsmRequest,
    HsmStateSet,
    HsmUserItem,
    HsmUserState,
)
from lustre_codecs.structs.security import LustreCapa
from lustre_wire.schema.rpc import Buffers, Opaque
from lustre_wire.schema.rpc_history import dated_slot
from lustre_wire.schema.types import u32

hsm = partial(mds, since="2.4")


@hsm(Opcode.MDS_HSM_PROGRESS)
class MdsHsmProgress:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_progress. Handled by mdt/mdt_hsm.c:mdt_hsm_progress."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        hsm_progress: HsmProgressKernel | None = dated_slot()


@hsm(Opcode.MDS_HSM_CT_REGISTER)
class MdsHsmCtRegister:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_ct_register. Handled by mdt/mdt_hsm.c:mdt_hsm_ct_register."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        archive_ids: u32 | list[u32] | None = dated_slot(type={"2.4": u32, "2.12": list[u32]}, when={"2.4": "a bit for each archive", "2.12": "a bit for each archive, or with OBD_CONNECT2_ARCHIVE_ID_ARRAY a number for each"})


@hsm(Opcode.MDS_HSM_CT_UNREGISTER)
class MdsHsmCtUnregister:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_ct_unregister. Handled by mdt/mdt_hsm.c:mdt_hsm_ct_unregister."""

    Request = Body


@hsm(Opcode.MDS_HSM_STATE_GET)
class MdsHsmStateGet:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_state_get. Handled by mdt/mdt_hsm.c:mdt_hsm_state_get."""

    Request = BodyAndCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        hsm_user_state: HsmUserState | None = dated_slot()


@hsm(Opcode.MDS_HSM_STATE_SET)
class MdsHsmStateSet:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_state_set. Handled by mdt/mdt_hsm.c:mdt_hsm_state_set."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        capa1: LustreCapa | bytes | None = slots.CAPA
        hsm_state_set: HsmStateSet | None = dated_slot()


@hsm(Opcode.MDS_HSM_ACTION)
class MdsHsmAction:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_current_action. Handled by mdt/mdt_hsm.c:mdt_hsm_action."""

    Request = BodyAndCapa

    class Reply(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        hsm_current_action: HsmCurrentAction | None = dated_slot()


@hsm(Opcode.MDS_HSM_REQUEST)
class MdsHsmRequest:
    """Sent by mdc/mdc_request.c:mdc_ioc_hsm_request. Handled by mdt/mdt_hsm.c:mdt_hsm_request."""

    class Request(Buffers):
        mdt_body: MdtBody | None = dated_slot()
        hsm_request: HsmRequest | None = dated_slot()
        hsm_user_item: list[HsmUserItem] | None = dated_slot(when="hr_itemcount of them")
        hsm_data: Opaque | None = dated_slot(optional=True, when="hr_data_len bytes for the copy tool; counted")


@mds(Opcode.MDS_HSM_DATA_VERSION, since="2.16")
class MdsHsmDataVersion:
    """Sent by mdc/mdc_request.c:mdc_ioc_data_version. Handled by mdt/mdt_hsm.c:mdt_hsm_data_version."""

    Request = Body

