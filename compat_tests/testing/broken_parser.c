/* A parser of lustre_msg version 2 with three faults, each where parsers of this format really go wrong. It is here to be
 * found by the fuzz kit:
 *   1. a buffer count is believed before it is checked against the bytes that are there;
 *   2. rounding a buffer length up to 8 wraps around 32 bits, so a huge length passes the test of the total;
 *   3. a loop over a string ends at its NUL only.
 * Exit status: 0 a message, 1 refused. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 0x0BD00BD3, MAGIC_SWABBED = 0xD30BD00B, HEADER = 32, LARGEST = 1 << 20 };

static uint8_t message[LARGEST];

static uint32_t word(size_t at, int swabbed)
{
	uint32_t value;

	memcpy(&value, message + at, sizeof(value));
	return swabbed ? __builtin_bswap32(value) : value;
}

int main(void)
{
	size_t size = fread(message, 1, LARGEST, stdin);
	uint32_t magic, count, at, sum = 0;
	uint32_t *lengths;
	int swabbed;

	if (size < HEADER)
		return 1;
	magic = word(8, 0);
	if (magic != MAGIC && magic != MAGIC_SWABBED)
		return 1;
	swabbed = magic == MAGIC_SWABBED;
	count = word(0, swabbed);
	lengths = alloca(count * sizeof(*lengths)); /* fault 1 */
	at = (HEADER + 4 * count + 7) & ~7u;
	for (uint32_t i = 0; i < count; i++) {
		lengths[i] = word(HEADER + 4 * i, swabbed);
		at += (lengths[i] + 7) & ~7u; /* fault 2 */
	}
	if (at > size)
		return 1;
	at = (HEADER + 4 * count + 7) & ~7u;
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t j = 0; j < lengths[i]; j++)
			sum += message[at + j];
		at += (lengths[i] + 7) & ~7u;
	}
	for (const uint8_t *c = message + at - 1; *c; c--) /* fault 3 */
		sum += *c;
	printf("%u buffers, sum %u\n", count, sum);
	return 0;
}
