/*
 * Whole messages by the formats of a dialect: which format a message has, which buffer is which, and what of it is swapped.
 */
#include "rows.h"
#include "walk.h"

#include <stdlib.h>

/* Shapes of messages that are remembered: how many, of how many buffers and bytes at most. */
enum { LW_SHAPES = 512, LW_KEY = 16, LW_MASK = 2048 };
/* How far ahead memory is asked for, in bytes. */
enum { LW_AHEAD = 1024 };

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
        to->at[i + skipped] = at;
        to->length[i + skipped] = get32(lengths + 4 * (size_t)i, c->swap);
        at += rounded(to->length[i + skipped]);
    }
}

static uint64_t number_at(const uint8_t *at, uint32_t width, uint32_t order, uint32_t swap)
{
    if (order != LW_SENDERS)
        swap = (order == LW_BIG_ENDIAN) != LW_HOST_BIG;
    if (width == 8)
        return get64(at, swap);
    if (width == 4)
        return get32(at, swap);
    if (width == 2)
        return get16(at, swap);
    return *at;
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
    case LW_HAS_LENGTH:
        return buffer < b->count && length == condition->length;
    case LW_PREFIX:
        return length >= condition->length && !memcmp(data + b->at[buffer], condition->prefix, condition->length);
    default:
        if (length < condition->length)
            return 0;
        number = number_at(data + b->at[buffer] + condition->offset, condition->width, condition->order, b->swap);
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

/* Which slot each buffer is; NULL for one that no slot describes. Looks at the message only, before anything is changed. */
static void assign(const lw_side *side, const uint8_t *data, const buffers *b, const lw_slot **slot_of)
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

static void swap_range(uint8_t *at, const lw_range *range, uint64_t limit)
{
    for (uint32_t i = 0; i < range->count; i++) {
        const uint64_t offset = range->offset + (uint64_t)i * range->width;
        if (offset + range->width > limit)
            return;
        if (range->width == 8)
            put64(at + offset, get64(at + offset, 1));
        else if (range->width == 4)
            put32(at + offset, get32(at + offset, 1));
        else {
            const uint8_t low = at[offset];
            at[offset] = at[offset + 1];
            at[offset + 1] = low;
        }
    }
}

static void swap_ranges(uint8_t *at, const lw_swab *swab, uint64_t limit)
{
    for (const lw_range *r = swab->ranges; r < swab->ranges + swab->n_ranges; r++)
        swap_range(at, r, limit);
}

/* Elements side by side. */
static void swap_elements(uint8_t *at, const lw_swab *element, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        swap_ranges(at + i * element->size, element, element->size);
}

#if LW_X86

/*
 * Shuffle `size` bytes by a mask that covers them in pieces of 32. A last piece goes beyond `size` (where its mask keeps
 * what is there) as long as it stays within `room`.
 */
static LW_AVX2 void shuffle(uint8_t *out, const uint8_t *in, const uint8_t *mask, size_t size, uint64_t room)
{
    for (size_t i = 0; i < size; i += 32) {
        if (i % 64 == 0) {
            __builtin_prefetch(in + i + LW_AHEAD, 0);
            __builtin_prefetch(out + i + LW_AHEAD, 1);
        }
        const __m256i m = _mm256_loadu_si256((const __m256i *)(const void *)(mask + i));
        if (room - i >= 32) {
            const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(in + i));
            _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_shuffle_epi8(x, m));
        } else {
            uint8_t last[32] = {0};
            memcpy(last, in + i, room - i);
            const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)last);
            _mm256_storeu_si256((__m256i *)(void *)last, _mm256_shuffle_epi8(x, m));
            memcpy(out + i, last, room - i);
        }
    }
}

#endif

static void copy(uint8_t *out, const uint8_t *in, uint64_t size)
{
    if (out != in)
        memcpy(out, in, size);
}

/* One struct at the beginning of `length` bytes of which `padded` belong to the buffer; `room` is what is left in all. */
static void swab_struct(const lw_swab *swab, uint8_t *out, const uint8_t *in, uint64_t length, uint64_t padded,
                        uint64_t room, int vectors)
{
#if LW_X86
    if (vectors && swab->mask && length >= swab->size) {
        shuffle(out, in, swab->mask, swab->size, room);
        if (padded > swab->size)
            copy(out + swab->size, in + swab->size, padded - swab->size);
        return;
    }
#endif
    (void)vectors;
    (void)room;
    copy(out, in, padded);
    swap_ranges(out, swab, length);
}

/* One buffer; `elements` of them stand behind its struct. */
static void swab_buffer(const lw_swab *swab, uint8_t *out, const uint8_t *in, uint64_t length, uint64_t elements,
                        uint64_t room, int vectors)
{
    const uint64_t padded = rounded(length);
    if (!swab || length < swab->minimum) {
        copy(out, in, padded);
    } else if (swab->repeated) {
        copy(out, in, padded);
        swap_elements(out, swab, length / swab->size);
    } else {
        swab_struct(swab, out, in, length, padded, room, vectors);
        if (elements)
            swap_elements(out + swab->size, swab->element, elements);
    }
}

/* What is known of a message before anything of it is changed. */
typedef struct {
    const lw_container *container;
    uint64_t at;
    uint64_t size;
    uint32_t bufcount;
    int32_t format;
    int lasting; /* 1: any message of this format with buffers of these lengths is swapped alike */
    buffers b;
    const lw_swab *swab[LW_MOST_BUFFERS];
    uint64_t elements[LW_MOST_BUFFERS];
} resolved;

/* How many elements of a flexible array stand behind the struct in a buffer. */
static uint64_t elements_of(const lw_swab *swab, const uint8_t *in, uint64_t length, uint32_t swap)
{
    if (!swab || !swab->element || length <= swab->size)
        return 0;
    const uint64_t most = (length - swab->size) / swab->element->size;
    if (!swab->count_width)
        return most;
    const uint64_t said = number_at(in + swab->count_at, swab->count_width, swab->count_order, swap);
    return said < most ? said : most;
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

static void resolve(const lw_dialect *dialect, const lw_container *c, const uint8_t *data, const message *found,
                    int32_t format, resolved *to)
{
    const lw_slot *slot_of[LW_MOST_BUFFERS] = {NULL};
    const uint8_t *fields = data + (c->in_header ? found->at : found->body);
    to->container = c;
    to->at = found->at;
    to->size = found->end - found->at;
    to->bufcount = found->bufcount;
    to->format = -1;
    to->lasting = found->reason == LW_GOOD && found->bufcount <= LW_KEY;
    lw_locate(c, data, found, &to->b);
    if (found->reason == LW_GOOD) {
        const int is_request = get32(fields + c->type, c->swap) == dialect->request_type;
        to->format = lw_choose(dialect, get32(fields + c->opcode, c->swap), is_request, data, &to->b, format);
        if (to->format >= 0) {
            const lw_format *f = dialect->formats + to->format;
            const lw_side *side = is_request ? &f->request : &f->reply;
            assign(side, data, &to->b, slot_of);
            for (uint32_t s = 0; s < side->n_slots; s++)
                to->lasting &= !side->slots[s].n_present;
        }
    }
    for (uint32_t i = 0; i < to->b.count; i++) {
        to->swab[i] = slot_of[i] ? slot_of[i]->swab : NULL;
        if (!i && !c->in_header && found->reason == LW_GOOD)
            to->swab[i] = dialect->body;
        to->elements[i] = elements_of(to->swab[i], data + to->b.at[i], to->b.length[i], c->swap);
        to->lasting &= !to->elements[i];
    }
}

/* Swap a message by what was resolved of it. `in` and `out` are where it begins; `room` is what is there from `out` on. */
static void apply(const lw_dialect *dialect, const resolved *r, const uint8_t *in, uint8_t *out, uint64_t room, int vectors)
{
    const lw_container *c = r->container;
    const uint64_t lengths = c->size + 4 * (uint64_t)r->bufcount;
    uint64_t done = rounded(lengths);
    swab_struct(dialect->headers + (c - dialect->index->containers), out, in, c->size, c->size, room, vectors);
    for (uint64_t i = c->size; i < lengths; i += 4)
        put32(out + i, get32(in + i, 1));
    copy(out + lengths, in + lengths, done - lengths);
    for (uint32_t i = c->in_header ? 1 : 0; i < r->b.count; i++) {
        const uint64_t at = r->b.at[i] - r->at;
        swab_buffer(r->swab[i], out + at, in + at, r->b.length[i], r->elements[i], room - at, vectors);
        done = at + rounded(r->b.length[i]);
    }
    copy(out + done, in + done, r->size - done);
}

#if LW_X86

/*
 * Streams repeat few shapes: the same operation with buffers of the same lengths. The mask of a whole message of a shape is
 * kept, made by swapping a message whose bytes are their own places.
 */
typedef struct {
    uint32_t used;
    uint32_t seen; /* hash of the shape that was last missed here: one that comes again takes the place */
    uint32_t magic;
    uint32_t bufcount;
    uint32_t type;
    uint32_t opcode;
    int32_t given; /* format that was asked for */
    int32_t format;
    uint32_t size;
    uint32_t lengths[LW_KEY];
    uint8_t mask[LW_MASK];
} shape;

static uint32_t hash_of(const lw_container *c, const uint8_t *at, uint32_t bufcount, uint32_t opcode)
{
    uint32_t hash = opcode * 0x9e3779b1u + bufcount;
    const uint32_t n = bufcount < LW_KEY ? bufcount : LW_KEY;
    for (uint32_t i = 0; i < n; i++)
        hash = (hash ^ get32(at + c->size + 4 * (size_t)i, 0)) * 0x85ebca6bu;
    return hash ^ hash >> 15;
}

static void remember(const lw_dialect *dialect, const resolved *r, const uint8_t *data, uint32_t type, uint32_t opcode,
                     int32_t given, shape *to)
{
    const uint32_t size = (uint32_t)(r->size + 31) & ~31u;
    if (!r->lasting || r->size > LW_MASK)
        return;
    to->used = 0;
    for (uint32_t i = 0; i < size; i++)
        to->mask[i] = (uint8_t)i;
    apply(dialect, r, to->mask, to->mask, r->size, 0);
    for (uint32_t i = 0; i < size; i++) {
        if (to->mask[i] >> 4 != (uint8_t)i >> 4)
            return; /* an integer across two groups of 16 bytes */
        to->mask[i] &= 15;
    }
    to->used = 1;
    to->magic = r->container->magic;
    to->bufcount = r->bufcount;
    to->type = type;
    to->opcode = opcode;
    to->given = given;
    to->format = r->format;
    to->size = (uint32_t)r->size;
    memcpy(to->lengths, data + r->at + r->container->size, 4 * (size_t)r->bufcount);
}

/* Swap the message at `at` if its shape is known; returns its shape then, NULL otherwise. */
static const shape *by_shape(const lw_dialect *dialect, const lw_container *c, const uint8_t *data, uint64_t at,
                             uint64_t size, uint8_t *out, int32_t given, shape *shapes)
{
    message found = {at, at, at, 0, 0, LW_GOOD};
    if (size - at < c->size)
        return NULL;
    found.bufcount = get32(data + at + c->bufcount, c->swap);
    found.body = at + rounded(c->size + 4 * (uint64_t)found.bufcount);
    if (found.bufcount > LW_KEY || !found.bufcount || found.body > size)
        return NULL;
    found.body_size = get32(data + at + c->size, c->swap);
    if (!c->in_header && (size - found.body < found.body_size || found.body_size < c->body_size))
        return NULL;
    const uint8_t *fields = data + (c->in_header ? at : found.body);
    const uint32_t opcode = get32(fields + c->opcode, c->swap), type = get32(fields + c->type, c->swap);
    const shape *known = shapes + hash_of(c, data + at, found.bufcount, opcode) % LW_SHAPES;
    if (!known->used || known->opcode != opcode || known->type != type || known->bufcount != found.bufcount ||
        known->magic != c->magic || known->given != given || size - at < known->size ||
        memcmp(known->lengths, data + at + c->size, 4 * (size_t)found.bufcount) ||
        judge(dialect->index, c, c->swap, data, &found) != LW_GOOD)
        return NULL;
    if (type == dialect->request_type && dialect->count[opcode] && dialect->formats[dialect->first[opcode]].n_match) {
        buffers b;
        lw_locate(c, data, &found, &b);
        if (format_of(dialect, opcode, data, &b) != known->format)
            return NULL;
    }
    shuffle(out + at, data + at, known->mask, known->size, size - at);
    return known;
}

#endif

/* The message or the bad bytes at `at`: swapped, and its row but for the place filled in. Returns where it ends. */
static uint64_t swab_one(const lw_dialect *dialect, const uint8_t *data, uint64_t at, uint64_t size, uint8_t *out,
                         int32_t given, int vectors, void *shapes, uint8_t *reason, int32_t *format)
{
    const lw_container *c;
    const message found = lw_message_at(dialect->index, data, at, size, &c);
    *reason = (uint8_t)found.reason;
    *format = -1;
    if (found.reason != LW_GOOD && found.reason != LW_WRAPPED) {
        copy(out + at, data + at, found.end - at);
        return found.end;
    }
    resolved r;
    resolve(dialect, c, data, &found, given, &r);
#if LW_X86
    if (shapes && found.reason == LW_GOOD && found.bufcount <= LW_KEY) {
        const uint8_t *fields = data + (c->in_header ? at : found.body);
        const uint32_t opcode = get32(fields + c->opcode, c->swap);
        const uint32_t hash = hash_of(c, data + at, found.bufcount, opcode);
        shape *to = (shape *)shapes + hash % LW_SHAPES;
        if (to->seen == hash)
            remember(dialect, &r, data, get32(fields + c->type, c->swap), opcode, given, to);
        to->seen = hash;
    }
#else
    (void)shapes;
#endif
    apply(dialect, &r, data + at, out + at, size - at, vectors);
    *format = r.format;
    if (found.reason == LW_GOOD && r.format < 0)
        *reason = LW_NO_FORMAT;
    return found.end;
}

int lw_swab_messages(const lw_dialect *dialect, const uint8_t *data, uint64_t size, uint8_t *out, const int32_t *formats,
                     lw_walk *walk, uint8_t *const *columns)
{
    const int vectors = lw_vectors();
    void *shapes = NULL;
#if LW_X86
    shapes = vectors ? calloc(LW_SHAPES, sizeof(shape)) : NULL; /* without it all goes the long way */
#endif
    uint64_t at = walk->position, row = walk->rows;
    for (; at < size && row < walk->max_rows; row++) {
        const int32_t given = formats ? formats[row] : -1;
        uint8_t reason = LW_GOOD;
        int32_t format = -1;
        uint64_t end = at;
#if LW_X86
        const lw_container *c =
            shapes && size - at >= (uint64_t)dialect->index->magic_at + 4 ? container_at(dialect->index, data + at) : NULL;
        const shape *known = c ? by_shape(dialect, c, data, at, size, out, given, shapes) : NULL;
        if (known) {
            end = at + known->size;
            format = known->format;
            reason = format < 0 ? LW_NO_FORMAT : LW_GOOD;
        }
#endif
        if (end == at)
            end = swab_one(dialect, data, at, size, out, given, vectors, shapes, &reason, &format);
        put64(columns[LW_SWAB_OFFSET] + 8 * row, at);
        put32(columns[LW_SWAB_LENGTH] + 4 * row, (uint32_t)(end - at));
        columns[LW_SWAB_REASON][row] = reason;
        put32(columns[LW_SWAB_FORMAT] + 4 * row, (uint32_t)format);
        at = end;
    }
    walk->position = at;
    walk->rows = row;
    free(shapes);
    return at == size;
}
