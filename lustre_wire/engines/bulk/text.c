/* The text of a message of a known shape: literals, and numbers and bytes from their places between them. */
#include "walk.h"

static const char PAIRS[] = "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
                            "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
static const char DIGITS[] = "0123456789abcdef";

static char *put_number(char *out, uint64_t v)
{
    char digits[20], *at = digits + sizeof digits;
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
    const size_t size = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, size);
    return out + size;
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

static char *put_value(char *out, const lw_value *v, const uint8_t *at, uint32_t swap)
{
    if (v->what == LW_HEX) {
        for (uint32_t i = 0; i < v->width; i++) {
            *out++ = DIGITS[at[i] >> 4];
            *out++ = DIGITS[at[i] & 15];
        }
        return out;
    }
    uint64_t n = number(at, v->width, swap, v->what == LW_SIGNED);
    if (v->what == LW_SIGNED && n >> 63) {
        *out++ = '-';
        n = 0 - n;
    }
    return put_number(out, n);
}

static int is_blank(const lw_blank *b, const uint8_t *at, uint32_t swap)
{
    if (b->mask)
        return !(number(at, b->width, swap, 0) & b->mask);
    uint8_t any = 0;
    for (uint32_t i = 0; i < b->width; i++)
        any |= at[i];
    return !any;
}

/* Where the buffers begin; 0 where one lacks bytes. */
static int find_buffers(const lw_text_plan *plan, const uint8_t *data, uint64_t size, const uint8_t **buffers)
{
    uint64_t at = plan->first;
    if (plan->n_needs > LW_MOST_BUFFERS || size < plan->needs[0] || size < at)
        return 0;
    buffers[0] = data;
    for (uint32_t i = 1; i < plan->n_needs; i++) {
        const uint64_t before = rounded(once32(data + plan->lengths + 4 * (size_t)(i - 1), plan->swap));
        if (before > size - at || plan->needs[i] > size - at - before)
            return 0;
        at += before;
        buffers[i] = data + at;
    }
    return 1;
}

uint64_t lw_text_of(const lw_text_plan *plan, const uint8_t *data, uint64_t size, char *out)
{
    const uint8_t *buffers[LW_MOST_BUFFERS];
    char *const start = out;
    if (!find_buffers(plan, data, size, buffers))
        return 0;
    for (const lw_blank *b = plan->blanks; b < plan->blanks + plan->n_blanks; b++)
        if (!is_blank(b, buffers[b->buffer] + b->offset, plan->swap))
            return 0;
    const char *literal = plan->literals;
    for (const lw_value *v = plan->values; v < plan->values + plan->n_values; v++) {
        memcpy(out, literal, v->literal);
        out += v->literal;
        literal += v->literal;
        out = put_value(out, v, buffers[v->buffer] + v->offset, plan->swap);
    }
    memcpy(out, literal, plan->last);
    return (uint64_t)(out + plan->last - start);
}
