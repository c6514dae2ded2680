/*
 * Rows to columns and back.
 *
 * Work goes in blocks of 64 rows, so that the rows stay in the first-level cache while one operation after the other
 * runs over them: the operation outside, the rows inside, one tight loop for each width and swap. Where the machine has
 * AVX2, four words of four rows are turned at once instead.
 */
#include "rows.h"

#include "bytes.h"

/* Bytes of rows that are put together in the cache before they go out: stores far apart are slow. */
enum { LW_STAGE = 16384, LW_STAGE_ROWS = 32 };
/* Results of at least so many bytes go past the cache, which cannot hold them. */
enum { LW_STREAM = 1 << 26 };
/* Up to so many fields of a row are asked for one by one, before they are read. */
enum { LW_FEW = 8 };

static int lw_vectors_wanted = 1;

int lw_vectors(void)
{
#if LW_X86
    return lw_vectors_wanted && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#else
    return 0;
#endif
}

void lw_use_vectors(int wanted)
{
    lw_vectors_wanted = wanted;
}

#define MOVE(type, convert, to, from)                                                                                  \
    for (size_t i = 0; i < rows; i++) {                                                                                \
        type value;                                                                                                    \
        memcpy(&value, from, sizeof value);                                                                            \
        value = convert(value);                                                                                        \
        memcpy(to, &value, sizeof value);                                                                              \
    }                                                                                                                  \
    break

/* One element of one field, all rows. `width` with the swap bit picks the loop. */
#define MOVE_ELEMENT(to, from)                                                                                         \
    switch (width | (swap ? 0x100u : 0u)) {                                                                            \
    case 1: case 0x101: MOVE(uint8_t, , to, from);                                                                     \
    case 2: MOVE(uint16_t, , to, from);                                                                                \
    case 4: MOVE(uint32_t, , to, from);                                                                                \
    case 8: MOVE(uint64_t, , to, from);                                                                                \
    case 0x102: MOVE(uint16_t, swap16, to, from);                                                                      \
    case 0x104: MOVE(uint32_t, swap32, to, from);                                                                      \
    case 0x108: MOVE(uint64_t, swap64, to, from);                                                                      \
    default:                                                                                                           \
        for (size_t i = 0; i < rows; i++)                                                                              \
            memcpy(to, from, width);                                                                                   \
    }

static inline void element_out(uint8_t *const *row, size_t rows, size_t offset, uint32_t width, uint32_t swap,
                               uint8_t *column, size_t pitch)
{
    MOVE_ELEMENT(column + i * pitch, row[i] + offset)
}

static inline void element_in(uint8_t *const *row, size_t rows, size_t offset, uint32_t width, uint32_t swap,
                              const uint8_t *column, size_t pitch)
{
    MOVE_ELEMENT(row[i] + offset, column + i * pitch)
}

static void run_out(const lw_op *ops, uint32_t count, uint8_t *const *row, size_t rows, uint64_t first,
                    uint8_t *const *columns)
{
    for (const lw_op *op = ops; op < ops + count; op++) {
        uint8_t *column = columns[op->column] + first * op->pitch + op->within;
        for (size_t e = 0; e < op->count; e++)
            element_out(row, rows, op->offset + e * op->step, op->width, op->swap, column + e * op->width, op->pitch);
    }
}

static void run_in(const lw_op *ops, uint32_t count, uint8_t *const *row, size_t rows, uint64_t first,
                   uint8_t *const *columns)
{
    for (const lw_op *op = ops; op < ops + count; op++) {
        const uint8_t *column = columns[op->column] + first * op->pitch + op->within;
        for (size_t e = 0; e < op->count; e++)
            element_in(row, rows, op->offset + e * op->step, op->width, op->swap, column + e * op->width, op->pitch);
    }
}

#if LW_X86

/* A word of a tile, ready to run: where its column or columns stand, and its mask for every word of a register. */
typedef struct {
    uint8_t *first;
    uint8_t *second; /* NULL: the word is one field */
    __m256i mask;
} lane;

static inline LW_AVX2 lane lane_of(const lw_word *word, uint64_t at, uint8_t *const *columns)
{
    const uint64_t upper = 0x0808080808080808u;
    uint64_t mask;
    lane made;
    memcpy(&mask, word->mask, sizeof mask);
    made.mask = _mm256_set_epi64x((long long)(mask + upper), (long long)mask, (long long)(mask + upper), (long long)mask);
    made.first = columns[word->first] + at * (word->split ? 4 : 8);
    made.second = word->split ? columns[word->second] + at * 4 : NULL;
    return made;
}

/* One word of four rows, from row `r` on, to its column or columns. */
static inline LW_AVX2 void word_out(__m256i x, lane to, size_t r, int whole)
{
    x = _mm256_shuffle_epi8(x, to.mask);
    if (whole || !to.second) {
        _mm256_storeu_si256((__m256i *)(void *)(to.first + 8 * r), x);
        return;
    }
    x = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    _mm_storeu_si128((__m128i *)(void *)(to.first + 4 * r), _mm256_castsi256_si128(x));
    _mm_storeu_si128((__m128i *)(void *)(to.second + 4 * r), _mm256_extracti128_si256(x, 1));
}

static inline LW_AVX2 __m256i word_in(lane from, size_t r)
{
    __m256i x;
    if (!from.second) {
        x = _mm256_loadu_si256((const __m256i *)(const void *)(from.first + 8 * r));
    } else {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(from.first + 4 * r));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(from.second + 4 * r));
        x = _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1);
        x = _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    }
    return _mm256_shuffle_epi8(x, from.mask);
}

static inline LW_AVX2 __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

static inline LW_AVX2 void store(uint8_t *at, __m256i x)
{
    _mm256_storeu_si256((__m256i *)(void *)at, x);
}

/* One tile, `rows` (a multiple of four) rows. `whole`: none of its words is split. */
static inline LW_AVX2 void tile_out(const lane *w, size_t at, uint8_t *const *row, size_t rows, int whole)
{
    const lane w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
    for (size_t r = 0; r < rows; r += 4) {
        const __m256i a = load(row[r] + at), b = load(row[r + 1] + at);
        const __m256i c = load(row[r + 2] + at), d = load(row[r + 3] + at);
        const __m256i ab0 = _mm256_unpacklo_epi64(a, b), ab1 = _mm256_unpackhi_epi64(a, b);
        const __m256i cd0 = _mm256_unpacklo_epi64(c, d), cd1 = _mm256_unpackhi_epi64(c, d);
        word_out(_mm256_permute2x128_si256(ab0, cd0, 0x20), w0, r, whole);
        word_out(_mm256_permute2x128_si256(ab1, cd1, 0x20), w1, r, whole);
        word_out(_mm256_permute2x128_si256(ab0, cd0, 0x31), w2, r, whole);
        word_out(_mm256_permute2x128_si256(ab1, cd1, 0x31), w3, r, whole);
    }
}

static LW_AVX2 void tiles_out(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first,
                              uint8_t *const *columns)
{
    for (const lw_tile *tile = plan->tiles; tile < plan->tiles + plan->n_tiles; tile++) {
        lane w[4];
        int split = 0;
        for (int i = 0; i < 4; i++) {
            w[i] = lane_of(tile->word + i, first, columns);
            split |= tile->word[i].split != 0;
        }
        if (split)
            tile_out(w, tile->offset, row, rows, 0);
        else
            tile_out(w, tile->offset, row, rows, 1);
    }
}

static LW_AVX2 void tiles_in(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first,
                             uint8_t *const *columns)
{
    for (const lw_tile *tile = plan->tiles; tile < plan->tiles + plan->n_tiles; tile++) {
        const size_t at = tile->offset;
        const lane w0 = lane_of(tile->word, first, columns), w1 = lane_of(tile->word + 1, first, columns);
        const lane w2 = lane_of(tile->word + 2, first, columns), w3 = lane_of(tile->word + 3, first, columns);
        for (size_t r = 0; r < rows; r += 4) {
            const __m256i a = word_in(w0, r), b = word_in(w1, r), c = word_in(w2, r), d = word_in(w3, r);
            const __m256i ab0 = _mm256_unpacklo_epi64(a, b), ab1 = _mm256_unpackhi_epi64(a, b);
            const __m256i cd0 = _mm256_unpacklo_epi64(c, d), cd1 = _mm256_unpackhi_epi64(c, d);
            store(row[r] + at, _mm256_permute2x128_si256(ab0, cd0, 0x20));
            store(row[r + 1] + at, _mm256_permute2x128_si256(ab1, cd1, 0x20));
            store(row[r + 2] + at, _mm256_permute2x128_si256(ab0, cd0, 0x31));
            store(row[r + 3] + at, _mm256_permute2x128_si256(ab1, cd1, 0x31));
        }
    }
}

#endif

void lw_unpack_block(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first, uint8_t *const *columns)
{
    size_t done = 0;
#if LW_X86
    if (plan->n_tiles && lw_vectors()) {
        done = rows & ~(size_t)3;
        tiles_out(plan, row, done, first, columns);
        run_out(plan->rest, plan->n_rest, row, done, first, columns);
    }
#endif
    if (done < rows)
        run_out(plan->ops, plan->n_ops, row + done, rows - done, first + done, columns);
}

void lw_pack_block(const lw_plan *plan, uint8_t *const *row, size_t rows, uint64_t first, uint8_t *const *columns)
{
    size_t done = 0;
#if LW_X86
    if (plan->n_tiles && lw_vectors()) {
        done = rows & ~(size_t)3;
        tiles_in(plan, row, done, first, columns);
        run_in(plan->rest, plan->n_rest, row, done, first, columns);
    }
#endif
    if (done < rows)
        run_in(plan->ops, plan->n_ops, row + done, rows - done, first + done, columns);
}

uint64_t lw_unpack(const lw_plan *plan, const uint8_t *data, uint64_t size, const uint64_t *offsets, uint64_t stride,
                   uint64_t rows, uint8_t *const *columns)
{
    uint8_t *row[LW_BLOCK];
    for (uint64_t first = 0; first < rows; first += LW_BLOCK) {
        const size_t wanted = rows - first < LW_BLOCK ? (size_t)(rows - first) : LW_BLOCK;
        size_t good = 0;
        for (; good < wanted; good++) {
            const uint64_t at = offsets ? offsets[first + good] : (first + good) * stride;
            if (at > size || size - at < plan->size)
                break;
            row[good] = (uint8_t *)(uintptr_t)(data + at); /* only read through it */
            if (plan->n_ops <= LW_FEW && !offsets && size - at > LW_BLOCK * stride + plan->size)
                for (uint32_t i = 0; i < plan->n_ops; i++)
                    __builtin_prefetch(data + at + LW_BLOCK * stride + plan->ops[i].offset, 0);
        }
        lw_unpack_block(plan, row, good, first, columns);
        if (good < wanted)
            return first + good;
    }
    return rows;
}

#if LW_X86

/* Copy to memory that is not read soon, without reading it first. */
static LW_AVX2 void stream_out(uint8_t *to, const uint8_t *from, size_t size)
{
    const size_t before = (size_t)(-(uintptr_t)to & 31u);
    const size_t first = before < size ? before : size;
    memcpy(to, from, first);
    size_t i = first;
    for (; i + 32 <= size; i += 32)
        _mm256_stream_si256((__m256i *)(void *)(to + i), _mm256_loadu_si256((const __m256i *)(const void *)(from + i)));
    memcpy(to + i, from + i, size - i);
}

#endif

static void put_out(uint8_t *to, const uint8_t *from, size_t size, int stream)
{
#if LW_X86
    if (stream) {
        stream_out(to, from, size);
        return;
    }
#endif
    (void)stream;
    memcpy(to, from, size);
}

void lw_pack(const lw_plan *plan, const uint8_t *fill, uint8_t *const *columns, uint64_t rows, uint8_t *out)
{
    _Alignas(64) uint8_t stage[LW_STAGE];
    uint8_t *row[LW_BLOCK];
    const size_t size = plan->size;
    const int staged = size * 4 <= LW_STAGE, stream = rows * size >= LW_STREAM && lw_vectors();
    size_t most = staged && size ? LW_STAGE / size & ~(size_t)3 : 4;
    if (most > LW_STAGE_ROWS)
        most = LW_STAGE_ROWS;
    for (uint64_t first = 0; first < rows; first += most) {
        const size_t count = rows - first < most ? (size_t)(rows - first) : most;
        uint8_t *const start = staged ? stage : out + first * size;
        for (size_t i = 0; i < count; i++) {
            row[i] = start + i * size;
            if (fill)
                memcpy(row[i], fill, size);
        }
        lw_pack_block(plan, row, count, first, columns);
        if (staged)
            put_out(out + first * size, stage, count * size, stream);
    }
#if LW_X86
    if (stream)
        _mm_sfence();
#endif
}
