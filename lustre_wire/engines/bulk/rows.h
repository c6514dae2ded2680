/* The kernels that move a block of rows, for the other files of the core. */
#ifndef LUSTRE_WIRE_ROWS_H
#define LUSTRE_WIRE_ROWS_H

#include "core.h"

enum { LW_BLOCK = 64 };

/* Move `rows` (at most LW_BLOCK) rows, of which `first` is the number of the first one in the columns. */
void lw_unpack_block(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first, uint8_t *const *columns);
void lw_pack_block(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first, uint8_t *const *columns);

#endif
