/* The formats of a dialect: which one a message has, and which buffer is which. */
#include "walk.h"

void lw_locate(const lw_container *c, const uint8_t *data, const message *found, buffers *to)
{
    const uint8_t *lengths = data + found->at + c->size;
    const uint32_t skipped = c->in_header ? 1 : 0;
    const uint32_t count = found->bufcount + skipped < LW_MOST_BUFFERS ? found->bufcount : LW_MOST_BUFFERS - skipped;
    uint64_t at = found->body;
    to->count = count + skipped;
    to->swap = c->swap;
    to->at[0] = found->at;
    to->length[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t length = once32(lengths + 4 * (size_t)i, c->swap);
        if (rounded(length) > found->end - at) {
            to->count = i + skipped;
            return;
        }
        to->at[i + skipped] = at;
        to->length[i + skipped] = length;
        at += rounded(length);
    }
}

uint64_t lw_number_at(const uint8_t *at, uint32_t width, uint32_t order, uint32_t swap)
{
    if (order != LW_SENDERS)
        swap = (order == LW_BIG_ENDIAN) != LW_HOST_BIG;
    uint64_t v = width == 8 ? get64(at, swap) : width == 4 ? get32(at, swap) : width == 2 ? get16(at, swap) : *at;
    LW_ONCE(v);
    return v;
}

static int holds(const lw_condition *condition, const uint8_t *data, const buffers *b, uint32_t buffer)
{
    const uint32_t length = buffer < b->count ? b->length[buffer] : 0;
    uint64_t number;
    switch (condition->test) {
    case LW_ABSENT:
        return !length;
    case LW_UNCOUNTED:
        return buffer >= b->count;
    case LW_COUNTED:
        return buffer < b->count;
    case LW_HAS_LENGTH:
        return buffer < b->count && length == condition->length;
    case LW_PREFIX:
        return length >= condition->length && !memcmp(data + b->at[buffer], condition->prefix, condition->length);
    default:
        if (length < condition->length)
            return 0;
        number = lw_number_at(data + b->at[buffer] + condition->offset, condition->width, condition->order, b->swap);
        number &= condition->mask;
        return condition->test == LW_ANY ? number != 0 : number == condition->value;
    }
}

/* The number of a request's format, or -1. */
static int32_t format_of(const lw_dialect *dialect, uint32_t opcode, const uint8_t *data, const buffers *b)
{
    if (opcode >= dialect->n_opcodes)
        return -1;
    const uint32_t first = dialect->first[opcode], end = first + dialect->count[opcode];
    for (uint32_t f = first; f < end; f++) {
        const lw_format *format = dialect->formats + f;
        uint32_t i = 0;
        while (i < format->n_match && holds(format->match + i, data, b, format->match[i].buffer))
            i++;
        if (i == format->n_match)
            return (int32_t)f;
    }
    return -1;
}

void lw_assign(const lw_side *side, const uint8_t *data, const buffers *b, const lw_slot **slot_of)
{
    uint32_t place[LW_MOST_BUFFERS];
    uint32_t next = 1;
    for (uint32_t i = 0; i < b->count; i++)
        slot_of[i] = NULL;
    for (uint32_t s = 0; s < side->n_slots && s + 1 < LW_MOST_BUFFERS; s++) {
        const lw_slot *slot = side->slots + s;
        uint32_t i = 0;
        while (i < slot->n_present && holds(slot->present + i, data, b, place[slot->present[i].buffer]))
            i++;
        place[s + 1] = i == slot->n_present ? next++ : UINT32_MAX;
        if (place[s + 1] < b->count)
            slot_of[place[s + 1]] = slot;
    }
}

int32_t lw_choose(const lw_dialect *dialect, uint32_t opcode, int is_request, const uint8_t *data, const buffers *b,
                      int32_t format)
{
    if (is_request)
        return format_of(dialect, opcode, data, b);
    if (format < 0 && opcode < dialect->n_opcodes)
        format = dialect->of_reply[opcode];
    return format >= 0 && (uint32_t)format < dialect->n_formats ? format : -1;
}
