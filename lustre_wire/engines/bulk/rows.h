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

/*
 * Move `count` (at most LW_BLOCK) rows to columns (`out` is 1) or from them; `first` is the number of the first one there.
 */
void lw_move_rows(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns, int out);

/* Results of at least so many bytes go past the cache, which cannot hold them. */
enum { LW_STREAM = 1 << 26 };

enum { LW_STAGE = 16384, LW_LINE = 64 };

/* Bytes on their way to memory that is not read soon: it is not read before it is written, if whole lines go out. */
typedef struct {
    uint8_t *out; /* where the first byte of the stage goes */
    size_t held;  /* bytes in the stage */
    uint8_t stage[LW_STAGE];
} lw_stream;

/* Let the whole lines of the stage go out (less than LW_LINE bytes are held back), and at the end all of it. */
void lw_stream_out(lw_stream *s);
void lw_stream_end(lw_stream *s);

#endif
