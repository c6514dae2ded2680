/*
 * Rows to columns and back.
 *
 * Work goes in blocks of 64 rows, so that the rows stay in the first-level cache while one operation after the other
 * runs over them: the operation outside, the rows inside, one tight loop for each width and swap. Where the machine has
 * AVX2, two words of eight rows are turned at once instead.
 */
#include "rows.h"

#include "bytes.h"

/* Inputs of more bytes are in no cache: memory is asked for ahead, since no machine foresees the order it is read in. */
enum { LW_FAR = 1 << 25 };

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

/* Row `i`; `regular` is known where this is compiled, so that the loops do not ask. */
ALWAYS_INLINE uint8_t *row_at(lw_rows rows, size_t i, int regular)
{
    return regular ? rows.base + i * rows.stride : rows.row[i];
}

#define MOVE(type, convert, to, from)                                                                                  \
    for (size_t i = 0; i < count; i++) {                                                                               \
        type value;                                                                                                    \
        memcpy(&value, from, sizeof value);                                                                            \
        value = convert(value);                                                                                        \
        memcpy(to, &value, sizeof value);                                                                              \
    }                                                                                                                  \
    break

/* One element of one field, all rows. `width` with the swap bit picks the loop. */
#define MOVE_ELEMENT(to, from)                                                                                         \
    switch (op->width | (op->swap ? 0x100u : 0u)) {                                                                    \
    case 1: case 0x101: MOVE(uint8_t, , to, from);                                                                     \
    case 2: MOVE(uint16_t, , to, from);                                                                                \
    case 4: MOVE(uint32_t, , to, from);                                                                                \
    case 8: MOVE(uint64_t, , to, from);                                                                                \
    case 0x102: MOVE(uint16_t, swap16, to, from);                                                                      \
    case 0x104: MOVE(uint32_t, swap32, to, from);                                                                      \
    case 0x108: MOVE(uint64_t, swap64, to, from);                                                                      \
    default:                                                                                                           \
        for (size_t i = 0; i < count; i++)                                                                             \
            memcpy(to, from, op->width);                                                                               \
    }

ALWAYS_INLINE void move_op(const lw_op *op, lw_rows rows, size_t count, uint8_t *column, int regular, int out)
{
    const size_t pitch = op->pitch;
    for (size_t e = 0; e < op->count; e++, column += op->width) {
        const size_t offset = op->offset + e * op->step;
        if (out) {
            MOVE_ELEMENT(column + i * pitch, row_at(rows, i, regular) + offset)
        } else {
            MOVE_ELEMENT(row_at(rows, i, regular) + offset, column + i * pitch)
        }
    }
}

static void run_ops(const lw_op *ops, uint32_t n, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns,
                    int out)
{
    for (const lw_op *op = ops; op < ops + n; op++) {
        uint8_t *column = columns[op->column] + first * op->pitch + op->within;
        if (rows.row)
            out ? move_op(op, rows, count, column, 0, 1) : move_op(op, rows, count, column, 0, 0);
        else
            out ? move_op(op, rows, count, column, 1, 1) : move_op(op, rows, count, column, 1, 0);
    }
}

#if LW_X86

/* Where the column or columns of a word stand. */
typedef struct {
    uint8_t *first;
    uint8_t *second;
} lane;

static inline lane lane_of(const lw_word *word, uint64_t at, uint8_t *const *columns)
{
    const lane made = {columns[word->first] + at * (word->split ? 4 : 8), columns[word->second] + at * 4};
    return made;
}

LW_VECTOR __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

LW_VECTOR void store(uint8_t *at, __m256i x)
{
    _mm256_storeu_si256((__m256i *)(void *)at, x);
}

/* The same 16 bytes of two rows. */
LW_VECTOR __m256i load_two(const uint8_t *low, const uint8_t *high)
{
    const __m128i a = _mm_loadu_si128((const __m128i *)(const void *)low);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(a), _mm_loadu_si128((const __m128i *)(const void *)high), 1);
}

LW_VECTOR void store_two(uint8_t *low, uint8_t *high, __m256i x)
{
    _mm_storeu_si128((__m128i *)(void *)low, _mm256_castsi256_si128(x));
    _mm_storeu_si128((__m128i *)(void *)high, _mm256_extracti128_si256(x, 1));
}

/*
 * One word of eight rows, in two registers. Where both words of a tile are whole, they hold rows 0 to 3 and 4 to 7;
 * otherwise rows 0, 1, 4, 5 and 2, 3, 6, 7, from which halves come in order.
 */
LW_VECTOR void word_out(__m256i x, __m256i y, lane to, size_t r, int split, int whole)
{
    if (split) {
        const __m256 a = _mm256_castsi256_ps(x), b = _mm256_castsi256_ps(y);
        store(to.first + 4 * r, _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)));
        store(to.second + 4 * r, _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd)));
    } else {
        store(to.first + 8 * r, whole ? x : _mm256_permute2x128_si256(x, y, 0x20));
        store(to.first + 8 * r + 32, whole ? y : _mm256_permute2x128_si256(x, y, 0x31));
    }
}

LW_VECTOR void word_in(__m256i *x, __m256i *y, lane from, size_t r, int split, int whole)
{
    const __m256i a = load(from.first + (split ? 4 : 8) * r);
    const __m256i b = load(split ? from.second + 4 * r : from.first + 8 * r + 32);
    *x = split ? _mm256_unpacklo_epi32(a, b) : whole ? a : _mm256_permute2x128_si256(a, b, 0x20);
    *y = split ? _mm256_unpackhi_epi32(a, b) : whole ? b : _mm256_permute2x128_si256(a, b, 0x31);
}

/* One tile, `count` (a multiple of eight) rows, to columns or from them; bits of `split` say which of its words are. */
LW_VECTOR void move_tile(const lw_tile *tile, const lane *lanes, lw_rows rows, size_t count, int split, int regular,
                         int out)
{
    const __m256i mask = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)tile->mask));
    const lane one = lanes[0], two = lanes[1];
    const int first_split = split & 1, second_split = split >> 1, whole = !split;
    const size_t at = tile->offset, across = whole ? 2 : 4, down = whole ? 4 : 2;
    const size_t place[4] = {0, 1, down, down + 1};
    for (size_t r = 0; r < count; r += 8) {
        __m256i x, y, z, w, four[4];
        uint8_t *low[4], *high[4];
        for (int i = 0; i < 4; i++) {
            low[i] = row_at(rows, r + place[i], regular) + at;
            high[i] = row_at(rows, r + place[i] + across, regular) + at;
        }
        if (out) {
            for (int i = 0; i < 4; i++)
                four[i] = _mm256_shuffle_epi8(load_two(low[i], high[i]), mask);
            x = _mm256_unpacklo_epi64(four[0], four[1]), y = _mm256_unpacklo_epi64(four[2], four[3]);
            z = _mm256_unpackhi_epi64(four[0], four[1]), w = _mm256_unpackhi_epi64(four[2], four[3]);
            word_out(x, y, one, r, first_split, whole);
            word_out(z, w, two, r, second_split, whole);
        } else {
            word_in(&x, &y, one, r, first_split, whole);
            word_in(&z, &w, two, r, second_split, whole);
            four[0] = _mm256_unpacklo_epi64(x, z), four[1] = _mm256_unpackhi_epi64(x, z);
            four[2] = _mm256_unpacklo_epi64(y, w), four[3] = _mm256_unpackhi_epi64(y, w);
            for (int i = 0; i < 4; i++)
                store_two(low[i], high[i], _mm256_shuffle_epi8(four[i], mask));
        }
    }
}

/* Ask for a tile's share of the rows, or for its part of the columns, that come behind this block. */
static void ask_ahead(const lw_plan *plan, const lw_tile *tile, const lane *lanes, lw_rows rows, size_t count, int out)
{
    if (out) {
        const size_t share = count * rows.stride / plan->n_tiles;
        const uint8_t *next = rows.base + count * rows.stride + share * (size_t)(tile - plan->tiles);
        for (size_t i = 0; i < share; i += 64)
            __builtin_prefetch(next + i, 0);
        return;
    }
    for (int w = 0; w < 2; w++) {
        const size_t part = (tile->word[w].split ? 4 : 8) * count;
        for (size_t i = 0; i < part; i += 64) {
            __builtin_prefetch(lanes[w].first + part + i, 0);
            if (tile->word[w].split)
                __builtin_prefetch(lanes[w].second + part + i, 0);
        }
    }
}

/* A loop of its own for each kind of tile. */
#define EACH_TILE(name, regular, out)                                                                                  \
    static LW_AVX2 void name(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns) \
    {                                                                                                                  \
        for (const lw_tile *tile = plan->tiles; tile < plan->tiles + plan->n_tiles; tile++) {                          \
            const lane lanes[2] = {lane_of(tile->word, first, columns), lane_of(tile->word + 1, first, columns)};      \
            if (rows.far)                                                                                              \
                ask_ahead(plan, tile, lanes, rows, count, out);                                                        \
            switch (tile->word[0].split | tile->word[1].split << 1) {                                                  \
            case 0: move_tile(tile, lanes, rows, count, 0, regular, out); break;                                       \
            case 1: move_tile(tile, lanes, rows, count, 1, regular, out); break;                                       \
            case 2: move_tile(tile, lanes, rows, count, 2, regular, out); break;                                       \
            default: move_tile(tile, lanes, rows, count, 3, regular, out);                                             \
            }                                                                                                          \
        }                                                                                                              \
    }

EACH_TILE(tiles_out, 1, 1)
EACH_TILE(scattered_out, 0, 1)
EACH_TILE(tiles_in, 1, 0)
EACH_TILE(scattered_in, 0, 0)

static size_t by_tiles(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns, int out)
{
    const size_t done = plan->n_tiles && lw_vectors() ? count & ~(size_t)7 : 0;
    if (done) {
        if (rows.row)
            (out ? scattered_out : scattered_in)(plan, rows, done, first, columns);
        else
            (out ? tiles_out : tiles_in)(plan, rows, done, first, columns);
        run_ops(plan->rest, plan->n_rest, rows, done, first, columns, out);
    }
    return done;
}

#endif

void lw_move_rows(const lw_plan *plan, lw_rows rows, size_t count, uint64_t first, uint8_t *const *columns, int out)
{
    size_t done = 0;
#if LW_X86
    done = by_tiles(plan, rows, count, first, columns, out);
#endif
    if (done < count) {
        const lw_rows left = {rows.base + done * rows.stride, rows.stride, rows.row ? rows.row + done : NULL, 0};
        run_ops(plan->ops, plan->n_ops, left, count - done, first + done, columns, out);
    }
}

static uint64_t unpack_scattered(const lw_plan *plan, const uint8_t *data, uint64_t size, const uint64_t *offsets,
                                 uint64_t rows, uint8_t *const *columns)
{
    uint8_t *row[LW_BLOCK];
    const lw_rows block = {NULL, 0, row, 0};
    for (uint64_t first = 0; first < rows; first += LW_BLOCK) {
        const size_t wanted = rows - first < LW_BLOCK ? (size_t)(rows - first) : LW_BLOCK;
        size_t good = 0;
        for (; good < wanted; good++) {
            const uint64_t at = once64((const uint8_t *)(offsets + first + good), 0);
            if (at > size || size - at < plan->size)
                break;
            row[good] = (uint8_t *)(uintptr_t)(data + at); /* only read through it */
        }
        lw_move_rows(plan, block, good, first, columns, 1);
        if (good < wanted)
            return first + good;
    }
    return rows;
}

uint64_t lw_unpack(const lw_plan *plan, const uint8_t *data, uint64_t size, const uint64_t *offsets, uint64_t stride,
                   uint64_t rows, uint8_t *const *columns)
{
    if (offsets)
        return unpack_scattered(plan, data, size, offsets, rows, columns);
    const uint64_t most = size < plan->size ? 0 : stride ? (size - plan->size) / stride + 1 : rows;
    const uint64_t good = rows < most ? rows : most;
    lw_rows block = {(uint8_t *)(uintptr_t)data, stride, NULL, size > LW_FAR}; /* only read through it */
    for (uint64_t first = 0; first < good; first += LW_BLOCK) {
        const size_t count = good - first < LW_BLOCK ? (size_t)(good - first) : LW_BLOCK;
        lw_move_rows(plan, block, count, first, columns, 1);
        block.base += LW_BLOCK * stride;
    }
    return good;
}

#if LW_X86

static LW_AVX2 void past_cache(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i += 32)
        _mm256_stream_si256((__m256i *)(void *)(to + i), load(from + i));
}

#endif

void lw_stream_out(lw_stream *s)
{
#if LW_X86
    const size_t head = (size_t)(-(uintptr_t)s->out & 63u), whole = s->held < head ? 0 : (s->held - head) & ~(size_t)63;
    if (!lw_vectors() || !whole)
        return;
    memcpy(s->out, s->stage, head);
    past_cache(s->out + head, s->stage + head, whole);
    s->out += head + whole;
    s->held -= head + whole;
    memmove(s->stage, s->stage + head + whole, s->held);
#endif
}

void lw_stream_end(lw_stream *s)
{
    memcpy(s->out, s->stage, s->held);
    s->out += s->held;
    s->held = 0;
#if LW_X86
    _mm_sfence();
#endif
}

void lw_pack(const lw_plan *plan, const uint8_t *fill, uint8_t *const *columns, uint64_t rows, uint8_t *out)
{
    const size_t size = plan->size;
    const size_t fitting = size ? (LW_STAGE - LW_LINE) / size & ~(size_t)7 : LW_BLOCK;
    const size_t most = fitting > LW_BLOCK ? LW_BLOCK : fitting ? fitting : 8;
    const int staged = lw_vectors() && fitting && rows * size >= LW_STREAM;
    lw_stream stream = {.out = out, .held = 0};
    for (uint64_t first = 0; first < rows; first += most) {
        const size_t count = rows - first < most ? (size_t)(rows - first) : most;
        const lw_rows block = {staged ? stream.stage + stream.held : out + first * size, size, NULL, 1};
        for (size_t i = 0; fill && i < count; i++)
            memcpy(block.base + i * size, fill, size);
        lw_move_rows(plan, block, count, first, columns, 0);
        if (staged) {
            stream.held += count * size;
            lw_stream_out(&stream);
        }
    }
    if (staged)
        lw_stream_end(&stream);
}
