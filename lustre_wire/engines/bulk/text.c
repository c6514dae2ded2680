/* The text of a message of a known shape: literals, and numbers and bytes from their places between them. */
#include "walk.h"

static const char PAIRS[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                            "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
static const char DIGITS[] = "0123456789abcdef";

/* What is copied is short: in pieces of a fixed size, that may reach beyond its end by less than LW_BEYOND. */
static char *put_bytes(char *out, const char *from, size_t size)
{
    for (size_t i = 0; i < size; i += LW_BEYOND)
        memcpy(out + i, from + i, LW_BEYOND);
    return out + size;
}

static char *put_number(char *out, uint64_t v)
{
    char digits[20 + LW_BEYOND], *const end = digits + 20, *at = end;
    if (v < 10) {
        *out = (char)('0' + v);
        return out + 1;
    }
    while (v >= 100) {
        at -= 2;
        memcpy(at, PAIRS + 2 * (v % 100), 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(at, PAIRS + 2 * v, 2);
    } else
        *--at = (char)('0' + v);
    return put_bytes(out, at, (size_t)(end - at));
}

/* The number at a place, its sign carried to all 64 bits. */
static uint64_t number(const uint8_t *at, uint32_t width, uint32_t swap, uint32_t is_signed)
{
    switch (width) {
    case 1:
        return is_signed ? (uint64_t)(int8_t)*at : *at;
    case 2:
        return is_signed ? (uint64_t)(int16_t)get16(at, swap) : get16(at, swap);
    case 4:
        return is_signed ? (uint64_t)(int32_t)get32(at, swap) : get32(at, swap);
    default:
        return get64(at, swap);
    }
}

static char *put_digits(char *out, const uint8_t *at, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        *out++ = DIGITS[at[i] >> 4];
        *out++ = DIGITS[at[i] & 15];
    }
    return out;
}

/* A string that ends with the buffer, if it is of characters that stand for themselves in JSON; else NULL. */
static char *put_string(char *out, const uint8_t *at, uint64_t size)
{
    if (!size)
        return NULL;
    for (uint64_t i = 0; i < size - 1; i++) {
        const uint8_t c = at[i];
        if (c < ' ' || c > '~' || c == '"' || c == '\\')
            return NULL;
        *out++ = (char)c;
    }
    return at[size - 1] ? NULL : out;
}

/* Where the buffers of a message are; `size[0]` is that of the message. */
typedef struct {
    const uint8_t *at[LW_MOST_BUFFERS];
    uint64_t size[LW_MOST_BUFFERS];
} places;

static int find_buffers(const lw_text_plan *plan, const uint8_t *data, uint64_t size, places *found)
{
    uint64_t at = plan->first;
    if (plan->n_needs > LW_MOST_BUFFERS || size < plan->needs[0] || size < at)
        return 0;
    for (uint32_t i = 0; i < plan->n_needs; i++) {
        const uint32_t length = once32(data + plan->lengths + 4 * (size_t)i, plan->swap);
        if (rounded(length) > size - at || (i && plan->needs[i] > length))
            return 0;
        found->at[i] = data + at;
        found->size[i] = length;
        at += rounded(length);
    }
    found->at[0] = data;
    found->size[0] = size;
    return 1;
}

static int all_zero(const uint8_t *at, uint64_t size)
{
    uint8_t any = 0;
    for (uint64_t i = 0; i < size; i++)
        any |= at[i];
    return !any;
}

static int is_blank(const lw_blank *b, const places *found, uint32_t swap)
{
    const uint8_t *at = found->at[b->buffer] + b->offset;
    if (b->mask)
        return !(number(at, b->width, swap, 0) & b->mask);
    if (b->width)
        return all_zero(at, b->width);
    const uint64_t size = found->size[b->buffer];
    return all_zero(found->at[b->buffer] + size, (0 - size) & 7);
}

/* Where the text is written, and what literals are still to come. */
typedef struct {
    char *out;
    const char *literals;
} writer;

static void put_literal(writer *w, uint32_t size)
{
    w->out = put_bytes(w->out, w->literals, size);
    w->literals += size;
}

static void put_number_at(writer *w, const lw_value *v, const uint8_t *at, uint32_t swap)
{
    uint64_t n = number(at, v->width, swap, v->what == LW_SIGNED);
    if (v->what == LW_SIGNED && n >> 63) {
        *w->out++ = '-';
        n = 0 - n;
    }
    w->out = put_number(w->out, n);
}

/* One element; its values are numbers, digits, and literals. */
static void put_element(writer *w, const lw_value *v, const lw_value *end, const uint8_t *at, uint32_t swap)
{
    for (; v < end; v++) {
        put_literal(w, v->literal);
        if (v->what == LW_HEX)
            w->out = put_digits(w->out, at + v->offset, v->width);
        else if (v->what != LW_LITERAL)
            put_number_at(w, v, at + v->offset, swap);
    }
}

/* As many elements as fill a buffer, 0 where they do not. */
static int put_elements(writer *w, const lw_value *each, const uint8_t *at, uint64_t size, uint32_t swap)
{
    const char *const literals = w->literals;
    const lw_value *const first = each + 1, *const end = first + each->inner;
    if (size % each->width)
        return 0;
    for (uint64_t done = 0; done < size; done += each->width) {
        if (done)
            *w->out++ = ',';
        w->literals = literals;
        put_element(w, first, end, at + done, swap);
    }
    w->literals = literals;
    for (const lw_value *v = first; v < end; v++)
        w->literals += v->literal;
    return 1;
}

uint64_t lw_text_of(const lw_text_plan *plan, const uint8_t *data, uint64_t size, char *out)
{
    places found;
    if (!find_buffers(plan, data, size, &found))
        return 0;
    for (const lw_blank *b = plan->blanks; b < plan->blanks + plan->n_blanks; b++)
        if (!is_blank(b, &found, plan->swap))
            return 0;
    writer w = {out, plan->literals};
    for (const lw_value *v = plan->values; v < plan->values + plan->n_values; v += 1 + v->inner) {
        const uint8_t *at = found.at[v->buffer] + v->offset;
        put_literal(&w, v->literal);
        switch (v->what) {
        case LW_HEX:
            w.out = put_digits(w.out, at, v->width);
            break;
        case LW_REST:
            w.out = put_digits(w.out, at, found.size[v->buffer] - v->offset);
            break;
        case LW_STRING:
            w.out = put_string(w.out, at, found.size[v->buffer] - v->offset);
            if (!w.out)
                return 0;
            break;
        case LW_EACH:
            if (!put_elements(&w, v, at, found.size[v->buffer] - v->offset, plan->swap))
                return 0;
            break;
        case LW_GAP:
            *w.out++ = 0;
            break;
        default:
            put_number_at(&w, v, at, plan->swap);
        }
    }
    put_literal(&w, plan->last);
    return (uint64_t)(w.out - out);
}
