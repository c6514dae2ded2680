/*
 * Fuzz target for the walks over streams: whatever the bytes, a walk ends, stays within them and covers all of them.
 *
 * The tables come from the declarations: fuzz.py writes plans.h and builds this with libFuzzer where clang is there, and
 * otherwise with the small driver at the end, which changes recorded messages at random.
 */
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plans.h"

#define CHECK(what) do { if (!(what)) { fprintf(stderr, "failed: %s\n", #what); abort(); } } while (0)

enum { COLUMNS = LW_BUFFER_LENGTH + 1 };

static uint64_t read64(const uint8_t *at) { uint64_t v; memcpy(&v, at, sizeof v); return v; }
static uint32_t read32(const uint8_t *at) { uint32_t v; memcpy(&v, at, sizeof v); return v; }

static void walk_all(const lw_index_plan *plan, const uint8_t *data, size_t size)
{
    lw_walk walk = {0, 0, 0, 0, 0};
    uint8_t *columns[COLUMNS] = {NULL};
    uint64_t covered = 0;
    int done = 0;
    for (uint64_t room = 4; !done; room *= 2) {
        walk.max_rows = walk.max_buffers = room;
        for (int i = 0; i < COLUMNS; i++)
            CHECK((columns[i] = realloc(columns[i], (size_t)room * 8)));
        done = lw_index(plan, data, size, &walk, columns);
        CHECK(walk.rows <= room && walk.buffers <= room && room < 16 * ((uint64_t)size + 4));
    }
    CHECK(walk.position == size);
    for (uint64_t row = 0; row < walk.rows; row++) {
        const uint64_t at = read64(columns[LW_OFFSET] + 8 * row), length = read32(columns[LW_LENGTH] + 4 * row);
        CHECK(at <= size && length <= size - at);
        CHECK(plan->framing.size || at == covered);
        covered += length;
    }
    CHECK(plan->framing.size || covered == size);
    for (uint64_t i = 0; i < walk.buffers; i++)
        CHECK(read64(columns[LW_BUFFER_OFFSET] + 8 * i) + read32(columns[LW_BUFFER_LENGTH] + 4 * i) <= size);
    for (int i = 0; i < COLUMNS; i++)
        free(columns[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        walk_all(plans + i, data, size);
    return 0;
}

#ifdef STANDALONE
int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 10;
    const time_t end = time(NULL) + (time_t)seconds;
    unsigned long runs = 0;
    srand(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
    while (time(NULL) < end) {
        size_t size = 0;
        uint8_t *data = malloc(1 << 16);
        CHECK(data);
        for (int n = rand() % 5; n >= 0; n--) {
            const size_t s = (size_t)rand() % (sizeof seeds / sizeof *seeds);
            if (size + seeds[s].size > 1 << 15)
                break;
            memcpy(data + size, seeds[s].data, seeds[s].size);
            size += seeds[s].size;
        }
        for (int n = rand() % 8; n > 0 && size; n--) {
            const size_t at = (size_t)rand() % size, length = (size_t)rand() % 64;
            if (rand() % 3)
                data[at] = (uint8_t)rand();
            else if (length < size - at)
                memmove(data + at, data + at + length, size - at - length), size -= length;
        }
        uint8_t *exact = malloc(size ? size : 1); /* so that a read behind the end is found */
        CHECK(exact);
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
        free(data);
        runs++;
    }
    printf("%lu inputs, nothing found\n", runs);
    return 0;
}
#endif
