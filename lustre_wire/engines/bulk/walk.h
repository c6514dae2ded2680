/* What every walk over messages needs: which container stands where, and whether receivers take the message. */
#ifndef LUSTRE_WIRE_WALK_H
#define LUSTRE_WIRE_WALK_H

#include "bytes.h"
#include "core.h"

/* What was found at one place of a stream. */
typedef struct {
    uint64_t at;
    uint64_t end;  /* first byte behind the padded last buffer */
    uint64_t body; /* where the first buffer begins */
    uint32_t bufcount, body_size;
    enum lw_reason reason;
} message;

static inline const lw_container *container_at(const lw_index_plan *plan, const uint8_t *at)
{
    const uint32_t magic = once32(at + plan->magic_at, 0);
    for (uint32_t i = 0; i < plan->n_containers; i++)
        if (plan->containers[i].magic == magic)
            return plan->containers + i;
    return NULL;
}

/* What every receiver checks beyond the container. */
ALWAYS_INLINE enum lw_reason judge(const lw_index_plan *plan, const lw_container *c, uint32_t swap, const uint8_t *data,
                                   const message *found)
{
    if (!c->accepted)
        return LW_CONTAINER;
    if (c->wrapped && get32(data + found->at + c->secflvr, swap) & c->wrapped)
        return LW_WRAPPED;
    if (c->body_size && (!found->bufcount || found->body_size < c->body_size))
        return LW_NO_BODY;
    const uint8_t *fields = data + (c->in_header ? found->at : found->body);
    const uint32_t type = once32(fields + c->type, swap);
    uint32_t i = 0;
    while (i < plan->n_types && plan->types[i] != type)
        i++;
    if (i == plan->n_types)
        return LW_BAD_TYPE;
    return (get32(fields + c->version, swap) & c->version_mask) == plan->version ? LW_GOOD : LW_BAD_VERSION;
}

/* Whether a message's extent is known, whatever else is wrong with it. */
static inline int is_message(enum lw_reason reason)
{
    return reason != LW_TRUNCATED && reason != LW_NO_MAGIC;
}

/* The message or the bad bytes at `at` (then `end` is where the walk goes on). No buffers are written. */
message lw_message_at(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size, const lw_container **c);

/* Buffers that can belong to a format; further ones are kept as they are. */
enum { LW_MOST_BUFFERS = 64 };
/* The buffers of one message; number 0 is the ptlrpc_body, which is empty in a container that has none. */
typedef struct {
    uint32_t count, swap;
    uint64_t at[LW_MOST_BUFFERS];
    uint32_t length[LW_MOST_BUFFERS];
} buffers;

/*
 * Where the buffers of a message are: as many as lie before its end, also where the lengths are no longer those that the
 * message was found by. What is done with the buffers is decided by what this says and by nothing that is read again.
 */
void lw_locate(const lw_container *c, const uint8_t *data, const message *found, buffers *to);

/* A number of 1, 2, 4 or 8 bytes; `order` is an lw_order. */
uint64_t lw_number_at(const uint8_t *at, uint32_t width, uint32_t order, uint32_t swap);

/* Which slot each buffer is; NULL for one that no slot describes. */
void lw_assign(const lw_side *side, const uint8_t *data, const buffers *b, const lw_slot **slot_of);

/* The number of a message's format, or -1; `format` is what was asked for in a reply. */
int32_t lw_choose(const lw_dialect *dialect, uint32_t opcode, int is_request, const uint8_t *data, const buffers *b,
                  int32_t format);

#endif
