/*
 * Walking a stream of messages, or of frames that hold messages.
 *
 * Nothing that the stream says of its own lengths is believed before it is checked against the bytes that are there, and
 * a walk looks at every byte a bounded number of times: buffer lengths are read once for each message, and where the walk
 * looks for the next message after bad bytes it takes none with more than LW_PLAUSIBLE buffers.
 */
#include "core.h"

#include "walk.h"

/* Messages ahead of the walk whose memory is asked for; most buffers whose lengths are read before they are checked. */
enum { LW_AHEAD = 6, LW_AT_ONCE = 32 };
enum { LW_PLAUSIBLE = 64, LW_LONGEST = 1 << 30, LW_COLUMNS = LW_BUFFER_LENGTH + 1 };

/* Where rows are written. Kept on the stack, so that writing to columns does not make the compiler reload it. */
typedef struct {
    uint64_t rows, buffers, max_rows, max_buffers;
    uint8_t *column[LW_COLUMNS];
} sink;

/* One buffer, that begins at `next`. Returns where the one behind it does. */
ALWAYS_INLINE uint64_t put_buffer(uint32_t bytes, uint64_t next, uint8_t *offsets, uint8_t *lengths)
{
    put64(offsets, next);
    put32(lengths, bytes);
    return next + rounded(bytes);
}

/*
 * The message at `at`, whose container is known, in the bytes before `size`. Its buffers are written to `to`, if given, as
 * far as there is room; the message's bufcount tells whether there was.
 */
ALWAYS_INLINE message look(const lw_index_plan *plan, const lw_container *c, uint32_t swap, const uint8_t *data,
                           uint64_t at, uint64_t size, const sink *to)
{
    message found = {at, at, at, 0, 0, LW_TRUNCATED};
    if (size - at < c->size)
        return found;
    const uint32_t count = found.bufcount = once32(data + at + c->bufcount, swap);
    const uint8_t *length = data + at + c->size;
    uint64_t next = at + rounded(c->size + 4 * (uint64_t)count);
    if (next > size)
        return found;
    found.body = next;
    const int kept = to && count <= to->max_buffers - to->buffers;
    uint8_t *offsets = kept ? to->column[LW_BUFFER_OFFSET] + 8 * to->buffers : NULL;
    uint8_t *lengths = kept ? to->column[LW_BUFFER_LENGTH] + 4 * to->buffers : NULL;
    const uint8_t *const end = length + 4 * (size_t)count;
    if (count) { /* the first length is also that of the ptlrpc_body: read once, like all of them */
        found.body_size = once32(length, swap);
        if (kept)
            put_buffer(found.body_size, next, offsets, lengths);
        next += rounded(found.body_size);
        length += 4, offsets += kept ? 8 : 0, lengths += kept ? 4 : 0;
    }
    if (kept && count <= LW_AT_ONCE)
#pragma GCC unroll 1
        for (; length < end; length += 4, offsets += 8, lengths += 4)
            next = put_buffer(once32(length, swap), next, offsets, lengths);
    else if (kept)
        for (; length < end && next <= size; length += 4, offsets += 8, lengths += 4)
            next = put_buffer(once32(length, swap), next, offsets, lengths);
    else
        for (; length < end && next <= size; length += 4)
            next += rounded(once32(length, swap));
    if (next > size)
        return found;
    if (next - at > UINT32_MAX)
        return found; /* longer than the column of lengths can say: nothing of that size is a message */
    found.end = next;
    found.reason = judge(plan, c, swap, data, &found);
    return found;
}

/* The row of a message, or of bytes that are none (`c` is NULL). */
ALWAYS_INLINE void write_row(sink *to, const lw_container *c, uint32_t swap, const uint8_t *data, const message *found)
{
    static const uint8_t nothing[8];
    const uint64_t row = to->rows++;
    const int inside = c && (found->reason == LW_GOOD || found->reason == LW_BAD_TYPE || found->reason == LW_BAD_VERSION);
    const uint8_t *fields = c ? data + (c->in_header ? found->at : found->body) : NULL;
    put64(to->column[LW_OFFSET] + 8 * row, found->at);
    put32(to->column[LW_LENGTH] + 4 * row, (uint32_t)(found->end - found->at));
    put32(to->column[LW_BUFCOUNT] + 4 * row, found->bufcount);
    put64(to->column[LW_FIRST_BUFFER] + 8 * row, to->buffers);
    put32(to->column[LW_TYPE] + 4 * row, get32(inside ? fields + c->type : nothing, swap));
    put32(to->column[LW_OPCODE] + 4 * row, get32(inside ? fields + c->opcode : nothing, swap));
    put32(to->column[LW_STATUS] + 4 * row, get32(inside ? fields + c->status : nothing, swap));
    put32(to->column[LW_FLAGS] + 4 * row, get32(inside ? fields + c->flags : nothing, swap));
    put64(to->column[LW_TRANSNO] + 8 * row, get64(inside ? fields + c->transno : nothing, swap));
    put64(to->column[LW_MBITS] + 8 * row, get64(inside && c->mbits ? fields + c->mbits : nothing, swap));
    to->buffers += found->bufcount;
}

/* The columns that are the same in all rows from `first` on. */
static void fill_rows(sink *to, uint64_t first, const lw_container *c, enum lw_reason reason)
{
    const size_t rows = (size_t)(to->rows - first);
    memset(to->column[LW_BIG] + first, c && c->swap != LW_HOST_BIG, rows);
    memset(to->column[LW_REASON] + first, (int)reason, rows);
    memset(to->column[LW_XID] + 8 * first, 0, 8 * rows);
    for (uint64_t row = first; row < to->rows; row++)
        put32(to->column[LW_MAGIC] + 4 * row, c ? c->swap ? swap32(c->magic) : c->magic : 0);
}

/*
 * The run of good messages of one container and byte order that begins at `at`: the way most streams go from end to end.
 * Returns where it ends: at something else, or where there is no room.
 */
ALWAYS_INLINE uint64_t run(const lw_index_plan *plan, const lw_container *shared, uint32_t swap, const uint8_t *data,
                           uint64_t at, uint64_t size, sink *shared_sink)
{
    const lw_container c = *shared;
    const lw_index_plan rules = *plan;
    sink to = *shared_sink;
    while (size - at >= c.size && get32(data + at + rules.magic_at, 0) == c.magic && to.rows < to.max_rows) {
        const message found = look(&rules, &c, swap, data, at, size, &to);
        if (found.reason != LW_GOOD || found.bufcount > to.max_buffers - to.buffers)
            break;
        write_row(&to, &c, swap, data, &found);
        const uint64_t ahead = found.end + LW_AHEAD * (found.end - at); /* where the headers of a like message will be */
        if (ahead + 256 < size)
            for (int line = 0; line < 256; line += 64)
                __builtin_prefetch(data + ahead + line, 0);
        at = found.end;
    }
    fill_rows(&to, shared_sink->rows, &c, LW_GOOD);
    shared_sink->rows = to.rows;
    shared_sink->buffers = to.buffers;
    return at;
}

/* The message at `at` and its container, which is NULL where there is none of known extent. */
static message find(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size, const sink *to,
                    const lw_container **c)
{
    message found = {at, at, at, 0, 0, LW_TRUNCATED};
    *c = NULL;
    if (size - at >= (uint64_t)plan->magic_at + 4) {
        found.reason = LW_NO_MAGIC;
        *c = container_at(plan, data + at);
        if (*c)
            found = look(plan, *c, (*c)->swap, data, at, size, to);
    }
    if (!is_message(found.reason))
        *c = NULL;
    return found;
}

/* The row of the message at `at`; none, if there is none. Returns 0 when there is no room for its buffers. */
static int message_row(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size, sink *to,
                       message *found)
{
    const lw_container *c;
    *found = find(plan, data, at, size, to, &c);
    if (c && found->bufcount > to->max_buffers - to->buffers)
        return 0;
    if (c) {
        write_row(to, c, c->swap, data, found);
        fill_rows(to, to->rows - 1, c, found->reason);
    }
    return 1;
}

/* A row for the bytes from `at` to `end`, which are no message. Very long stretches take several rows. */
static uint64_t bad_row(sink *to, uint64_t at, uint64_t end, enum lw_reason reason)
{
    const message found = {at, end - at > LW_LONGEST ? at + LW_LONGEST : end, at, 0, 0, reason};
    write_row(to, NULL, 0, NULL, &found);
    fill_rows(to, to->rows - 1, NULL, reason);
    return found.end;
}

/* Whether a walk that has lost its way may go on at `at`. */
static int plausible(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size)
{
    const lw_container *c = container_at(plan, data + at);
    if (!c || size - at < c->size || get32(data + at + c->bufcount, c->swap) > LW_PLAUSIBLE)
        return 0;
    const enum lw_reason reason = look(plan, c, c->swap, data, at, size, NULL).reason;
    return reason == LW_GOOD || reason == LW_WRAPPED;
}

/* Where a walk that met bad bytes at `at` goes on. Very long stretches take several rows. */
static uint64_t resume(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size)
{
    const uint64_t shortest = (uint64_t)plan->magic_at + 4;
    uint64_t next = at + 1;
    while (size - next >= shortest && !plausible(plan, data, next, size))
        next++;
    return size - next < shortest ? size : next;
}

message lw_message_at(const lw_index_plan *plan, const uint8_t *data, uint64_t at, uint64_t size, const lw_container **c)
{
    message found = find(plan, data, at, size, NULL, c);
    if (!*c) {
        found.end = resume(plan, data, at, size);
        found.end = found.end - at > LW_LONGEST ? at + LW_LONGEST : found.end;
        found.bufcount = 0;
    }
    return found;
}

static int index_messages(const lw_index_plan *plan, const uint8_t *data, uint64_t size, uint64_t *position, sink *to)
{
    while (*position < size) {
        const uint64_t at = *position;
        const lw_container *c = size - at < (uint64_t)plan->magic_at + 4 ? NULL : container_at(plan, data + at);
        message found;
        if (c)
            *position = c->swap ? run(plan, c, 1, data, at, size, to) : run(plan, c, 0, data, at, size, to);
        if (*position != at)
            continue;
        if (to->rows == to->max_rows || !message_row(plan, data, at, size, to, &found))
            return 0;
        if (plan->whole && !is_message(found.reason))
            return 1;
        *position = is_message(found.reason) ? found.end : bad_row(to, at, resume(plan, data, at, size), found.reason);
    }
    return 1;
}

/* What a frame's headers say. */
typedef struct {
    uint64_t payload, end;
    uint32_t type;
    enum lw_reason reason;
} frame;

static frame frame_at(const lw_framing *f, const uint8_t *data, uint64_t at, uint64_t size)
{
    frame found = {at, at, 0, LW_TRUNCATED};
    const uint32_t swap = LW_HOST_BIG;
    if (f->has_kind) {
        if (size - at < f->noop_size)
            return found;
        const uint32_t kind = once32(data + at + f->kind, 0);
        if (kind == f->kind_noop || kind == swap32(f->kind_noop)) {
            found.end = at + f->noop_size;
            found.reason = LW_NO_RPC;
            return found;
        }
        if (kind != f->kind_lnet && kind != swap32(f->kind_lnet)) {
            found.reason = LW_NO_MAGIC;
            return found;
        }
    }
    if (size - at < f->size)
        return found;
    const uint32_t length = once32(data + at + f->payload_length, swap);
    found.type = once32(data + at + f->type, swap);
    found.payload = at + f->size;
    if (found.type > f->type_most || length > f->payload_most) {
        found.reason = LW_NO_MAGIC;
    } else if (size - found.payload >= length) {
        found.end = found.payload + length;
        found.reason = LW_NO_RPC;
    }
    return found;
}

static int holds_message(const lw_index_plan *plan, const uint8_t *data, const frame *found)
{
    return found->reason == LW_NO_RPC && found->type == plan->framing.type_put &&
           found->end - found->payload >= (uint64_t)plan->magic_at + 4 && container_at(plan, data + found->payload);
}

static void frame_columns(const lw_framing *f, const uint8_t *data, uint64_t at, const frame *found, const sink *to)
{
    const uint64_t row = to->rows - 1;
    const int put = found->end > found->payload && found->payload > at && found->type == f->type_put;
    put64(to->column[LW_FRAME] + 8 * row, at);
    put64(to->column[LW_XID] + 8 * row, put ? get64(data + at + f->match_bits, LW_HOST_BIG) : 0);
    put32(to->column[LW_PORTAL] + 4 * row, put ? get32(data + at + f->portal, LW_HOST_BIG) : 0);
}

static int index_frames(const lw_index_plan *plan, const uint8_t *data, uint64_t size, uint64_t *position, sink *to)
{
    while (*position < size) {
        const uint64_t at = *position;
        frame here = frame_at(&plan->framing, data, at, size);
        uint64_t end = here.end;
        if (to->rows == to->max_rows)
            return 0;
        if (holds_message(plan, data, &here)) {
            message found;
            if (!message_row(plan, data, here.payload, here.end, to, &found))
                return 0;
            if (!is_message(found.reason))
                bad_row(to, here.payload, here.end, found.reason);
        } else if (here.reason == LW_NO_RPC) {
            bad_row(to, at, end, LW_NO_RPC);
        } else if (plan->whole) {
            return 1;
        } else {
            for (end = at + 1; end < size; end++) {
                const frame next = frame_at(&plan->framing, data, end, size);
                if (holds_message(plan, data, &next) && plausible(plan, data, next.payload, next.end))
                    break;
            }
            here.end = here.payload = at;
            end = bad_row(to, at, end, here.reason);
        }
        frame_columns(&plan->framing, data, at, &here, to);
        *position = end;
    }
    return 1;
}

int lw_index(const lw_index_plan *plan, const uint8_t *data, uint64_t size, lw_walk *walk, uint8_t *const *columns)
{
    sink to = {walk->rows, walk->buffers, walk->max_rows, walk->max_buffers, {NULL}};
    memcpy(to.column, columns, sizeof to.column);
    const int done = plan->framing.size ? index_frames(plan, data, size, &walk->position, &to)
                                        : index_messages(plan, data, size, &walk->position, &to);
    walk->rows = to.rows;
    walk->buffers = to.buffers;
    return done;
}
