/* Reading and writing integers at any address. */
#ifndef LUSTRE_WIRE_BYTES_H
#define LUSTRE_WIRE_BYTES_H

#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__)
#define LW_X86 1
#include <immintrin.h>
#define LW_AVX2 __attribute__((target("avx2,movbe,bmi,bmi2")))
#define LW_VECTOR static inline __attribute__((always_inline)) LW_AVX2
#else
#define LW_X86 0
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum { LW_HOST_BIG = 1 };
#else
enum { LW_HOST_BIG = 0 };
#endif

static inline uint16_t swap16(uint16_t v) { return __builtin_bswap16(v); }
static inline uint32_t swap32(uint32_t v) { return __builtin_bswap32(v); }
static inline uint64_t swap64(uint64_t v) { return __builtin_bswap64(v); }

static inline uint16_t get16(const uint8_t *at, uint32_t swap)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return swap ? swap16(v) : v;
}

static inline uint32_t get32(const uint8_t *at, uint32_t swap)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return swap ? swap32(v) : v;
}

static inline uint64_t get64(const uint8_t *at, uint32_t swap)
{
    uint64_t v;
    memcpy(&v, at, sizeof v);
    return swap ? swap64(v) : v;
}

/*
 * The same, for what is decided by: the memory may change while it is read, so it is read exactly once. The empty
 * instruction hides from the compiler where the value came from, so that it cannot read it a second time.
 */
#define LW_ONCE(v) __asm__ volatile("" : "+r"(v))

static inline uint32_t once32(const uint8_t *at, uint32_t swap)
{
    uint32_t v = get32(at, swap);
    LW_ONCE(v);
    return v;
}

static inline uint64_t once64(const uint8_t *at, uint32_t swap)
{
    uint64_t v = get64(at, swap);
    LW_ONCE(v);
    return v;
}

static inline void put16(uint8_t *at, uint16_t v) { memcpy(at, &v, sizeof v); }
static inline void put32(uint8_t *at, uint32_t v) { memcpy(at, &v, sizeof v); }
static inline void put64(uint8_t *at, uint64_t v) { memcpy(at, &v, sizeof v); }

/* Lengths and offsets of buffers are kept to multiples of eight. */
static inline uint64_t rounded(uint64_t size) { return (size + 7) & ~(uint64_t)7; }

#endif
