/* The kernels that move a block of rows, for the other files of the core. */
#ifndef LUSTRE_WIRE_ROWS_H
#define LUSTRE_WIRE_ROWS_H

#include "core.h"

enum { LW_BLOCK = 64 };

/* Where rows begin: one every `stride` bytes from `base`, or where `row` says. */
typedef struct {
    uint8_t *base;
    size_t stride;
    uint8_t *const *row; /* NULL: they are regular */
    int far; /* what is read is in no cache: ask for what comes behind this block */
} lw_rows;

/* Move `count` (at most LW_BLOCK) rows, of which `first` is the number of the first one in the columns. */
void lw_unpack_block(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns);
void lw_pack_block(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns);

#endif
