/*
 * Translating by copy plans: a message whose guarded bytes are those of one that was translated before becomes the same
 * result, with the rest of its bytes moved to where the rules of the translation have them.
 */
#include "walk.h"

/* How far ahead memory is asked for, in bytes. */
enum { LW_AHEAD = 1024 };

/* Two words that any machine compares at once. */
typedef uint64_t words __attribute__((vector_size(16)));

/* A message of a group: its strings, and how far each number of strings moves what stands behind them. */
typedef struct {
    const uint8_t *data;
    uint64_t size;
    uint64_t shift[LW_MOST_STRINGS + 1];
    uint32_t length[LW_MOST_STRINGS];
} source;

/* Whether a string is regular: it ends at its one NUL, if it is a text, and only zeroes follow it. */
static int regular(const lw_string *string, const uint8_t *at, uint32_t length)
{
    if (!length || get64(at + ((length - 1) & ~7u), LW_HOST_BIG) >> 8 * ((length - 1) & 7) >> 8)
        return 0;
    return !string->is_text || (length > 1 && memchr(at, 0, length) == at + length - 1);
}

/* Take a message apart; 0 when it is none of the group, whatever its guarded bytes are. */
static int take(const lw_index_plan *plan, const lw_group *group, const uint8_t *data, uint64_t room, source *s)
{
    const lw_container *c = plan->containers + group->container;
    if (room < group->size || get32(data + plan->magic_at, 0) != c->magic ||
        once32(data + c->bufcount, c->swap) != group->bufcount)
        return 0;
    s->data = data;
    s->shift[0] = 0;
    for (uint32_t i = 0; i < group->n_strings; i++) {
        const uint32_t length = once32(data + group->strings[i].length_at, c->swap);
        s->length[i] = length;
        s->shift[i + 1] = s->shift[i] + rounded(length);
    }
    s->size = group->size + s->shift[group->n_strings];
    if (s->size > room)
        return 0;
    for (uint32_t i = 0; i < group->n_strings; i++)
        if (!regular(group->strings + i, data + group->strings[i].offset + s->shift[i], s->length[i]))
            return 0;
    return 1;
}

/* Words are weighted by their place, so that none waits for the one before. */
static uint64_t hash_of(const lw_group *group, const source *s)
{
    uint64_t hash = 0, weight = 0x9e3779b97f4a7c15u;
    for (const lw_key *key = group->keys; key < group->keys + group->n_keys; key++) {
        const uint64_t word = get64(s->data + key->offset + s->shift[key->strings], 0) & key->mask;
        hash += (word ^ weight) * (weight | 1);
        weight += 0xbf58476d1ce4e5b9u;
    }
    hash ^= hash >> 29;
    return hash ? hash : 1;
}

uint64_t lw_key_hash(const lw_index_plan *plan, const lw_group *group, const uint8_t *message, uint64_t size)
{
    source s;
    return take(plan, group, message, size, &s) ? hash_of(group, &s) : 0;
}

/* Whether bytes are those of an image where the mask says that they count; `size` is a multiple of eight. */
static int alike(const uint8_t *data, const uint8_t *image, const uint8_t *mask, uint64_t size)
{
    words differ = {0};
    uint64_t i = 0, left = 0;
    for (; i + sizeof differ <= size; i += sizeof differ) {
        words x, m, y;
        memcpy(&x, data + i, sizeof x);
        memcpy(&m, mask + i, sizeof m);
        memcpy(&y, image + i, sizeof y);
        differ |= (x & m) ^ y;
    }
    for (; i < size; i += 8)
        left |= (get64(data + i, 0) & get64(mask + i, 0)) ^ get64(image + i, 0);
    return !(differ[0] | differ[1] | left);
}

static int is_known(const lw_group *group, const lw_known *known, const source *s)
{
    for (uint32_t i = 0; i <= group->n_strings; i++) {
        const uint64_t start = i ? group->strings[i - 1].offset : 0;
        const uint64_t size = (i < group->n_strings ? group->strings[i].offset : group->size) - start;
        if (!alike(s->data + start + s->shift[i], known->image + start, group->mask + start, size))
            return 0;
    }
    return 1;
}

static const lw_known *look_up(const lw_group *group, const source *s)
{
    const uint64_t hash = hash_of(group, s);
    for (uint64_t i = hash;; i++) {
        const lw_known *known = group->known + (i & (group->places - 1));
        if (!known->hash)
            return NULL;
        if (known->hash == hash && is_known(group, known, s))
            return known;
    }
}

static uint64_t made_size(const lw_group *group, const source *s)
{
    uint64_t size = group->result_size;
    for (uint32_t i = 0; i < group->n_copies; i++)
        size += rounded(s->length[group->copies[i].string]);
    return size;
}

static void move_bytes(uint8_t *to, const uint8_t *from, uint32_t size)
{
    for (; size >= 8; size -= 8, to += 8, from += 8)
        memcpy(to, from, 8);
    if (size == 4)
        memcpy(to, from, 4);
    else if (size)
        memcpy(to, from, size);
}

static void write_result(const lw_group *group, const uint8_t *result, const source *s, uint32_t swap, uint8_t *out)
{
    uint64_t shift[LW_MOST_STRINGS + 1] = {0};
    uint32_t done = 0;
    for (uint32_t i = 0; i < group->n_copies; i++) {
        const lw_copy *copy = group->copies + i;
        const uint32_t length = s->length[copy->string];
        memcpy(out + done + shift[i], result + done, copy->offset - done);
        done = copy->offset;
        const uint64_t from = group->strings[copy->string].offset + s->shift[copy->string], to = done + shift[i];
        memcpy(out + to, s->data + from, rounded(length));
        shift[i + 1] = shift[i] + rounded(length);
        put32(out + copy->length_at, swap ? swap32(length) : length);
    }
    memcpy(out + done + shift[group->n_copies], result + done, group->result_size - done);
    for (const lw_move *m = group->moves; m < group->moves + group->n_moves; m++)
        move_bytes(out + m->to + shift[m->to_strings], s->data + m->from + s->shift[m->from_strings], m->size);
}

int lw_translate(const lw_index_plan *plan, const lw_group *const *groups, uint32_t n_groups, const uint8_t *data,
                 uint64_t size, uint8_t *out, lw_walk *walk, uint8_t *const *columns)
{
    lw_walk here = *walk; /* on the stack, so that writing to columns does not make the compiler reload it */
    uint8_t *column[LW_PLAN + 1];
    int outcome = LW_DONE;
    uint32_t last = 0;
    source s;
    memcpy(column, columns, sizeof column);
    while (here.position < size) {
        const lw_known *known = NULL;
        outcome = here.rows == here.max_rows ? LW_NO_ROOM : LW_DONE;
        if (outcome != LW_DONE)
            break;
        for (uint32_t tried = 0; tried < n_groups; tried++) {
            if (take(plan, groups[last], data + here.position, size - here.position, &s))
                known = look_up(groups[last], &s);
            if (known)
                break;
            last = last + 1 < n_groups ? last + 1 : 0;
        }
        const uint64_t made = known ? made_size(groups[last], &s) : 0;
        outcome = !known ? LW_UNKNOWN : here.max_buffers - here.buffers < made ? LW_NO_ROOM : LW_DONE;
        if (outcome != LW_DONE)
            break;
        for (uint64_t ahead = LW_AHEAD; ahead < LW_AHEAD + s.size; ahead += 64) {
            __builtin_prefetch(data + here.position + ahead, 0);
            __builtin_prefetch(out + here.buffers + ahead, 1);
        }
        write_result(groups[last], known->result, &s, plan->containers[groups[last]->container].swap, out + here.buffers);
        put64(column[LW_IN_OFFSET] + 8 * here.rows, here.position);
        put32(column[LW_IN_LENGTH] + 4 * here.rows, (uint32_t)s.size);
        put64(column[LW_OUT_OFFSET] + 8 * here.rows, here.buffers);
        put32(column[LW_OUT_LENGTH] + 4 * here.rows, (uint32_t)made);
        put32(column[LW_PLAN] + 4 * here.rows, known->number);
        here.buffers += made;
        here.position += s.size;
        here.rows++;
    }
    *walk = here;
    return outcome;
}
