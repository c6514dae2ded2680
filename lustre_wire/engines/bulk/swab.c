/*
 * Whole messages to the other byte order. What of a message is swapped follows from its format; streams repeat few shapes,
 * so the bytes of a whole message of a shape are put in their places at once.
 */
#include "rows.h"
#include "walk.h"

#include <stdlib.h>

/*
 * How far ahead memory is asked for and how much goes out at once, in bytes; shapes of messages that are remembered: how
 * many, of how many buffers and bytes at most.
 */
enum { LW_AHEAD = 2048, LW_SOON = 512, LW_SHAPES = 512, LW_KEY = 16, LW_MASK = 2048 };

static void swap_number(uint8_t *at, uint32_t width)
{
    if (width == 8)
        put64(at, get64(at, 1));
    else if (width == 4)
        put32(at, get32(at, 1));
    else
        put16(at, get16(at, 1));
}

static void swap_range(uint8_t *at, const lw_range *range, uint64_t limit)
{
    for (uint32_t i = 0; i < range->count; i++) {
        const uint64_t offset = range->offset + (uint64_t)i * range->width;
        if (offset + range->width > limit)
            return;
        swap_number(at + offset, range->width);
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

/* What is known of a message before anything of it is changed. */
typedef struct {
    const lw_container *container;
    uint64_t at, size;
    uint32_t bufcount, first_number, n_numbers;
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
    const uint64_t said = lw_number_at(in + swab->count_at, swab->count_width, swab->count_order, swap);
    return said < most ? said : most;
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
    to->first_number = to->n_numbers = 0;
    lw_locate(c, data, found, &to->b);
    to->lasting = found->reason == LW_GOOD && found->bufcount <= LW_KEY && to->size <= LW_MASK &&
                  to->b.count == found->bufcount + (c->in_header ? 1 : 0);
    if (found->reason == LW_GOOD) {
        const int is_request = once32(fields + c->type, c->swap) == dialect->request_type;
        const uint32_t opcode = once32(fields + c->opcode, c->swap);
        to->format = lw_choose(dialect, opcode, is_request, data, &to->b, format);
        if (is_request && opcode < dialect->n_opcodes) {
            to->first_number = dialect->first_number[opcode];
            to->n_numbers = dialect->n_numbers[opcode];
        }
        if (to->format >= 0) {
            const lw_format *f = dialect->formats + to->format;
            const lw_side *side = is_request ? &f->request : &f->reply;
            lw_assign(side, data, &to->b, slot_of);
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

/* Whether a number of a buffer of `length` bytes is among what is swapped of the buffer anyway. */
static int swapped_anyway(const lw_swab *swab, uint64_t length, const lw_number *number)
{
    if (!swab || length < swab->minimum)
        return 0;
    const uint64_t offset = swab->repeated ? number->offset % swab->size : number->offset;
    if (swab->repeated && number->offset - offset + swab->size > length)
        return 0;
    for (const lw_range *r = swab->ranges; r < swab->ranges + swab->n_ranges; r++)
        if (offset >= r->offset && offset < r->offset + (uint64_t)r->width * r->count)
            return 1;
    return 0;
}

/* The numbers that tell formats apart, where they are not swapped with their buffer. */
static void swap_numbers(const lw_dialect *dialect, const resolved *r, uint8_t *out)
{
    const lw_number *number = dialect->numbers + r->first_number;
    for (const lw_number *end = number + r->n_numbers; number < end; number++)
        if (number->buffer < r->b.count && (uint64_t)number->offset + number->width <= r->b.length[number->buffer] &&
            !swapped_anyway(r->swab[number->buffer], r->b.length[number->buffer], number))
            swap_number(out + (r->b.at[number->buffer] - r->at) + number->offset, number->width);
}

/* Swap a message by what was resolved of it. `out` is where it begins. */
static void apply(const lw_dialect *dialect, const resolved *r, uint8_t *out)
{
    const lw_container *c = r->container;
    swap_ranges(out, dialect->headers + (c - dialect->index->containers), c->size);
    for (uint64_t i = c->size; i < c->size + 4 * (uint64_t)r->bufcount; i += 4)
        put32(out + i, get32(out + i, 1));
    for (uint32_t i = c->in_header ? 1 : 0; i < r->b.count; i++) {
        const lw_swab *swab = r->swab[i];
        const uint64_t length = r->b.length[i];
        uint8_t *at = out + (r->b.at[i] - r->at);
        if (!swab || length < swab->minimum)
            continue;
        if (swab->repeated) {
            swap_elements(at, swab, length / swab->size);
        } else {
            swap_ranges(at, swab, length);
            if (r->elements[i])
                swap_elements(at + swab->size, swab->element, r->elements[i]);
        }
    }
    swap_numbers(dialect, r, out);
}

/*
 * A shape: the same operation with buffers of the same lengths. Numbers of the message are as the sender wrote them. The
 * mask of a whole message is made by swapping a message whose bytes are their own places.
 */
typedef struct {
    const lw_container *container;
    uint32_t size;
    uint32_t body; /* where the first buffer begins */
    uint32_t buffers;
    int choose; /* 1: the format depends on more than the opcode */
    uint32_t bufcount, flavour, type, version, opcode;
    int32_t given, format; /* that was asked for, and that it has */
    uint32_t lengths[LW_KEY];
    uint8_t mask[LW_MASK];
} shape;

typedef struct {
    uint32_t seen[LW_SHAPES]; /* hash of the shape last missed here: one that comes again takes the place */
    uint8_t is[LW_SHAPES];   /* 1: a shape is kept */
    shape kept[LW_SHAPES];
} shapes;

static uint32_t flavour_at(const lw_container *c, const uint8_t *at)
{
    return c->wrapped ? get32(at + c->secflvr, 0) : 0;
}

/* Whether the message at `at` is a good one of a shape. */
static int is_of(const lw_dialect *dialect, const shape *s, const uint8_t *data, uint64_t at, uint64_t size, int32_t given)
{
    const lw_container *c = s->container;
    const uint8_t *head = data + at, *fields = head + (c->in_header ? 0 : s->body);
    if (size - at < s->size || given != s->given || get32(head + dialect->index->magic_at, 0) != c->magic)
        return 0;
    uint32_t differ = (get32(head + c->bufcount, 0) ^ s->bufcount) | (flavour_at(c, head) ^ s->flavour);
    differ |= (get32(fields + c->type, 0) ^ s->type) | (get32(fields + c->version, 0) ^ s->version);
    differ |= get32(fields + c->opcode, 0) ^ s->opcode;
    for (uint32_t i = 0; i < s->buffers; i++)
        differ |= get32(head + c->size + 4 * (size_t)i, 0) ^ s->lengths[i];
    if (differ || !s->choose)
        return !differ;
    const message found = {at, at + s->size, at + s->body, s->buffers, 0, LW_GOOD};
    buffers b;
    lw_locate(c, data, &found, &b);
    return lw_choose(dialect, once32(fields + c->opcode, c->swap), 1, data, &b, given) == s->format;
}

static uint32_t hash_of(const lw_container *c, const uint8_t *data, const message *found)
{
    const uint8_t *fields = data + (c->in_header ? found->at : found->body);
    uint32_t hash = get32(fields + c->opcode, 0) * 0x9e3779b1u + get32(fields + c->type, 0);
    const uint32_t n = found->bufcount < LW_KEY ? found->bufcount : LW_KEY;
    for (uint32_t i = 0; i < n; i++)
        hash = (hash ^ get32(data + found->at + c->size + 4 * (size_t)i, 0)) * 0x85ebca6bu;
    return hash ^ hash >> 15;
}

/* Keep a shape; 0 when it has an integer across two groups of 16 bytes. */
static int remember(const lw_dialect *dialect, const resolved *r, const uint8_t *at, int32_t given, shape *to)
{
    const lw_container *c = r->container;
    const uint32_t size = (uint32_t)(r->size + 31) & ~31u;
    for (uint32_t i = 0; i < size; i++)
        to->mask[i] = (uint8_t)i;
    apply(dialect, r, to->mask);
    for (uint32_t i = 0; i < size; i++) {
        if (to->mask[i] >> 4 != (uint8_t)i >> 4)
            return 0;
        to->mask[i] &= 15;
    }
    const uint8_t *fields = at + (c->in_header ? 0 : r->b.at[0] - r->at);
    const uint32_t opcode = once32(fields + c->opcode, c->swap), type = once32(fields + c->type, c->swap);
    const shape made = {
        .container = c, .size = (uint32_t)r->size, .body = (uint32_t)(fields - at), .buffers = r->bufcount,
        .choose = type == dialect->request_type && opcode < dialect->n_opcodes && dialect->count[opcode] &&
                  dialect->formats[dialect->first[opcode]].n_match,
        .bufcount = get32(at + c->bufcount, 0), .flavour = flavour_at(c, at), .type = get32(fields + c->type, 0),
        .version = get32(fields + c->version, 0), .opcode = get32(fields + c->opcode, 0), .given = given,
        .format = r->format,
    };
    memcpy(to, &made, offsetof(shape, lengths));
    memcpy(to->lengths, at + c->size, 4 * (size_t)r->bufcount);
    return 1;
}

#if LW_X86

/*
 * The part that goes by 32 bytes; a last piece goes beyond the end of the message (where the mask keeps what is there) if
 * that is within `room`. Returns how far it came.
 */
static LW_AVX2 size_t shuffle_vectors(const shape *s, const uint8_t *in, uint8_t *out, uint64_t room)
{
    const size_t whole = room - s->size >= 32 ? s->size : s->size & ~(size_t)31;
    size_t i = 0;
    for (; i < whole; i += 32) {
        if (!(i & 32))
            __builtin_prefetch(in + i + LW_AHEAD, 0);
        const __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(in + i));
        const __m256i m = _mm256_loadu_si256((const __m256i *)(const void *)(s->mask + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_shuffle_epi8(x, m));
    }
    return i;
}

#endif

/* Put the bytes of a message in their places; there are `room` of them behind `in` and `out`. */
static void shuffle(const shape *s, const uint8_t *in, uint8_t *out, uint64_t room, int vectors)
{
    size_t i = 0;
#if LW_X86
    if (vectors)
        i = shuffle_vectors(s, in, out, room);
#endif
    (void)room, (void)vectors;
    for (; i < s->size; i += 16) {
        uint8_t group[16] = {0};
        const size_t size = s->size - i < 16 ? s->size - i : 16;
        memcpy(group, in + i, size);
        for (size_t k = 0; k < size; k++)
            out[i + k] = group[s->mask[i + k]];
    }
}

/* Everything of one call of lw_swab_messages. */
typedef struct {
    const lw_dialect *dialect;
    const uint8_t *data;
    uint64_t size;
    uint8_t *out;
    int vectors;
    shapes *known; /* NULL: all goes the long way */
    shape *last;   /* of the message before, or NULL */
    lw_stream *stream; /* NULL: results go out at once */
} swabbing;

/* The message at `at`, if its shape is known: its size, otherwise 0. */
static uint64_t swab_known(swabbing *s, uint64_t at, int32_t given)
{
    if (!s->last || !is_of(s->dialect, s->last, s->data, at, s->size, given))
        return 0;
    if (!s->stream) {
        shuffle(s->last, s->data + at, s->out + at, s->size - at, s->vectors);
        return s->last->size;
    }
    if (s->stream->held > LW_SOON)
        lw_stream_out(s->stream);
    shuffle(s->last, s->data + at, s->stream->stage + s->stream->held, s->size - at, s->vectors);
    s->stream->held += s->last->size;
    return s->last->size;
}

/* The message or the bad bytes at `at`, the long way. Returns where it ends. */
static uint64_t swab_one(swabbing *s, uint64_t at, int32_t given, uint8_t *reason, int32_t *format)
{
    const lw_container *c;
    const message found = lw_message_at(s->dialect->index, s->data, at, s->size, &c);
    const int good = found.reason == LW_GOOD;
    uint32_t hash = 0, place = 0;
    *reason = (uint8_t)found.reason;
    *format = -1;
    if (good && s->known) {
        hash = hash_of(c, s->data, &found);
        place = hash % LW_SHAPES;
        s->last = s->known->is[place] ? s->known->kept + place : NULL;
        if (swab_known(s, at, given)) {
            *format = s->last->format;
            *reason = *format < 0 ? LW_NO_FORMAT : LW_GOOD;
            return found.end;
        }
    }
    if (s->stream)
        lw_stream_end(s->stream);
    resolved r;
    if (good || found.reason == LW_WRAPPED)
        resolve(s->dialect, c, s->data, &found, given, &r);
    if (good && s->known && r.lasting) {
        if (s->known->seen[place] == hash)
            s->known->is[place] = (uint8_t)remember(s->dialect, &r, s->data + at, given, s->known->kept + place);
        s->known->seen[place] = hash;
    }
    if (s->out != s->data)
        memcpy(s->out + at, s->data + at, found.end - at);
    if (s->stream)
        s->stream->out = s->out + found.end;
    if (good || found.reason == LW_WRAPPED) {
        apply(s->dialect, &r, s->out + at);
        *format = r.format;
        if (good && r.format < 0)
            *reason = LW_NO_FORMAT;
    }
    return found.end;
}

int lw_swab_messages(const lw_dialect *dialect, const uint8_t *data, uint64_t size, uint8_t *out, const int32_t *formats,
                     uint64_t n_formats, int32_t every, lw_walk *walk, uint8_t *const *columns)
{
    lw_stream stream = {.out = out + walk->position, .held = 0};
    swabbing s = {dialect, data, size, out, lw_vectors(), malloc(sizeof(shapes)), NULL, NULL};
    uint64_t at = walk->position, row = walk->rows;
    s.stream = s.vectors && out != data && size >= LW_STREAM ? &stream : NULL;
    if (s.known)
        memset(s.known, 0, offsetof(shapes, kept));
    for (; at < size && row < walk->max_rows; row++) {
        const int32_t given = row < n_formats ? formats[row] : every;
        uint8_t reason = LW_GOOD;
        uint64_t end = at + swab_known(&s, at, given);
        int32_t format = s.last ? s.last->format : -1;
        if (end == at)
            end = swab_one(&s, at, given, &reason, &format);
        else if (format < 0)
            reason = LW_NO_FORMAT;
        put64(columns[LW_SWAB_OFFSET] + 8 * row, at);
        put32(columns[LW_SWAB_LENGTH] + 4 * row, (uint32_t)(end - at));
        columns[LW_SWAB_REASON][row] = reason;
        put32(columns[LW_SWAB_FORMAT] + 4 * row, (uint32_t)format);
        at = end;
    }
    if (s.stream)
        lw_stream_end(s.stream);
    walk->position = at;
    walk->rows = row;
    free(s.known);
    return at == size;
}
