/*
 * Whole messages from columns. A message is a few stretches of fixed length, filled from a template and from columns, with
 * strings between them; a block of messages is put together in the cache before it goes out.
 */
#include "bytes.h"
#include "rows.h"

enum { LW_ROOM = 32768 };

static uint64_t text_length(const lw_text *text, uint64_t row)
{
    return text->offsets[row + 1] - text->offsets[row];
}

static uint64_t row_size(const lw_message_plan *plan, const lw_text *texts, uint64_t row)
{
    uint64_t size = 0;
    for (const lw_stretch *s = plan->stretches; s < plan->stretches + plan->n_stretches; s++)
        size += s->size + (s->has_text ? rounded(text_length(texts + s->text, row) + s->extra) : 0);
    return size;
}

uint64_t lw_messages_size(const lw_message_plan *plan, const lw_text *texts, uint64_t rows)
{
    uint64_t total = 0;
    if (plan->n_stretches == 1)
        return rows <= UINT64_MAX / plan->stretches->size ? rows * plan->stretches->size : UINT64_MAX;
    for (uint64_t row = 0; row < rows; row++) {
        for (const lw_stretch *s = plan->stretches; s < plan->stretches + plan->n_stretches; s++) {
            const lw_text *text = texts + s->text;
            if (s->has_text && (text->offsets[row + 1] < text->offsets[row] || text->offsets[row + 1] > text->size ||
                                text_length(text, row) > UINT32_MAX - s->extra))
                return UINT64_MAX;
        }
        total += row_size(plan, texts, row);
    }
    return total;
}

/* The string behind a stretch, and its length in the header. Returns where the next stretch begins. */
static uint8_t *put_text(const lw_stretch *s, const lw_text *text, uint64_t row, uint32_t swap, uint8_t *head, uint8_t *at)
{
    const uint64_t length = text_length(text, row), whole = length + s->extra;
    const uint32_t said = swap ? swap32((uint32_t)whole) : (uint32_t)whole;
    put32(head + s->length_at, said);
    memcpy(at, text->data + text->offsets[row], length);
    memset(at + length, 0, rounded(whole) - length);
    return at + rounded(whole);
}

void lw_pack_messages(const lw_message_plan *plan, uint8_t *const *columns, const lw_text *texts, uint64_t rows,
                      uint8_t *out)
{
    _Alignas(64) uint8_t room[LW_ROOM];
    uint8_t *head[LW_BLOCK], *at[LW_BLOCK];
    if (plan->n_stretches == 1 && plan->stretches->plan) {
        lw_pack(plan->stretches->plan, plan->stretches->fill, columns, rows, out);
        return;
    }
    uint64_t next = 0, size = rows ? row_size(plan, texts, 0) : 0;
    while (next < rows) {
        const uint64_t first = next;
        const int staged = size <= LW_ROOM;
        uint8_t *const start = staged ? room : out;
        uint64_t total = 0;
        size_t count = 0;
        do {
            head[count] = at[count] = start + total;
            total += size;
            count++;
            next++;
            size = next < rows ? row_size(plan, texts, next) : 0;
        } while (staged && next < rows && count < LW_BLOCK && total + size <= LW_ROOM);
        for (const lw_stretch *s = plan->stretches; s < plan->stretches + plan->n_stretches; s++) {
            for (size_t i = 0; i < count; i++)
                memcpy(at[i], s->fill, s->size);
            if (s->plan)
                lw_move_rows(s->plan, (lw_rows){NULL, 0, at, 0}, count, first, columns + s->first_column, 0);
            for (size_t i = 0; i < count; i++) {
                at[i] += s->size;
                if (s->has_text)
                    at[i] = put_text(s, texts + s->text, first + i, plan->swap, head[i], at[i]);
            }
        }
        if (staged)
            memcpy(out, room, total);
        out += total;
    }
}
