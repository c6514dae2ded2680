/*
 * What Python and C share. Everything between BEGIN and END is read by cffi too, so it holds plain declarations only.
 *
 * No offset, width or number of Lustre stands in the C core: plans bring them, compiled from the declarations.
 * Buffers never overlap unless a function says that they may; the callers see to that.
 */
#ifndef LUSTRE_WIRE_CORE_H
#define LUSTRE_WIRE_CORE_H

#include <stddef.h>
#include <stdint.h>

/* BEGIN */

/* One field of a row, or the elements of an array in it, and the column it goes to or comes from. Sizes in bytes. */
typedef struct {
    uint32_t offset; /* of the first element, in the row */
    uint32_t step;   /* from one element to the next, in the row */
    uint32_t count;  /* elements; in the column they stand side by side */
    uint32_t width;  /* of an element: 1, 2, 4 or 8, or any number of bytes that are not swapped */
    uint32_t swap;   /* 1: other byte order than this machine's */
    uint32_t column;
    uint32_t pitch;  /* of one row of the column */
    uint32_t within; /* where the first element stands in the column's row */
} lw_op;

/* Eight bytes of a row: one field of eight bytes, or (split) two of four. Byte i comes from byte mask[i]. */
typedef struct {
    uint32_t first;
    uint32_t second;
    uint32_t split;
    uint8_t mask[8];
} lw_word;

/* Four words side by side: 32 bytes of a row that are turned into columns at once. */
typedef struct {
    uint32_t offset;
    lw_word word[4];
} lw_tile;

/* How rows of one struct become columns: `ops` says all; `tiles` and `rest` say the same for machines with AVX2. */
typedef struct {
    uint32_t size; /* bytes of a row that the plan touches */
    uint32_t n_ops;
    uint32_t n_rest;
    uint32_t n_tiles;
    const lw_op *ops;
    const lw_op *rest;
    const lw_tile *tiles;
} lw_plan;

/* 1 when this machine runs the AVX2 code, which `lw_use_vectors(0)` turns off (for tests). */
int lw_vectors(void);
void lw_use_vectors(int wanted);

/*
 * Rows to columns. Row i begins at offsets[i], or at i * stride where there are no offsets.
 * Returns the number of rows done: fewer than `rows` when that row does not lie within `size`.
 */
uint64_t lw_unpack(const lw_plan *plan, const uint8_t *data, uint64_t size, const uint64_t *offsets, uint64_t stride,
                   uint64_t rows, uint8_t *const *columns);

/* Columns to rows, side by side from `out`. Bytes that no column fills come from `fill`, which is NULL when there are none. */
void lw_pack(const lw_plan *plan, const uint8_t *fill, uint8_t *const *columns, uint64_t rows, uint8_t *out);

/* END */

#endif
