/*
 * What Python and C share. Everything between BEGIN and END is read by cffi too, so it holds plain declarations only.
 *
 * No offset, width or number of Lustre stands in the C core: plans bring them, compiled from the declarations.
 * Buffers never overlap unless a function says that they may; the callers see to that. Inputs may change while they are
 * read: every number that memory accesses depend on is read once (`once32`), checked, and used as it was read. Plans do not
 * change, and neither do the offsets of strings: the callers see to that too.
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

/* Eight bytes of a row: one field of eight bytes, or (split) two of four. */
typedef struct {
    uint32_t first, second, split;
} lw_word;

/* Two words side by side: 16 bytes of a row that are turned into columns at once. Byte i comes from byte mask[i]. */
typedef struct {
    uint32_t offset;
    uint8_t mask[16];
    lw_word word[2];
} lw_tile;

/* How rows of one struct become columns: `ops` says all; `tiles` and `rest` say the same for machines with AVX2. */
typedef struct {
    uint32_t size; /* bytes of a row that the plan touches */
    uint32_t n_ops, n_rest, n_tiles;
    const lw_op *ops, *rest;
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

/*
 * How one version of the lustre_msg container is read in one byte order. Offsets in bytes; those of the second group count
 * from the container's start where `in_header`, otherwise from the ptlrpc_body.
 */
typedef struct {
    uint32_t magic; /* as this machine reads the four bytes */
    uint32_t swap;
    uint32_t size; /* of the header, without the buffer lengths */
    uint32_t bufcount;
    uint32_t accepted;  /* 0: the dialect's receivers refuse this version */
    uint32_t secflvr;   /* where the security flavour stands */
    uint32_t wrapped;   /* bits of it that say that a policy wraps the message; 0: there is none */
    uint32_t body_size; /* least bytes of the ptlrpc_body; 0: there is none */
    uint32_t version_mask;
    uint32_t in_header;
    uint32_t type, version, opcode, status, transno, flags;
    uint32_t mbits; /* the match bits, within the least bytes of a ptlrpc_body; 0: there are none */
} lw_container;

/* socklnd and LNet headers. Offsets count from the frame's start; LNet's own fields are little-endian. */
typedef struct {
    uint32_t size;      /* of both headers; 0: the stream holds bare messages */
    uint32_t noop_size; /* of a frame without an LNet message */
    uint32_t has_kind;  /* 0: there is no socklnd header */
    uint32_t kind, kind_noop, kind_lnet;
    uint32_t type, type_put, type_most;
    uint32_t payload_length, payload_most;
    uint32_t match_bits, portal;
} lw_framing;

typedef struct {
    uint32_t magic_at; /* where the magic stands, in every container */
    uint32_t n_containers;
    const lw_container *containers;
    uint32_t version, n_types;
    uint32_t types[4]; /* values that a message's type may have */
    uint32_t whole;    /* 1: a walk ends at the first bytes that are no whole message or frame */
    lw_framing framing;
} lw_index_plan;

/* Columns of lw_index, in the order of the pointers it takes. The last two have one row for each buffer. */
enum lw_index_column {
    LW_OFFSET, LW_LENGTH, LW_MAGIC, LW_BIG, LW_REASON, LW_TYPE, LW_OPCODE, LW_STATUS, LW_TRANSNO, LW_XID, LW_FLAGS,
    LW_BUFCOUNT, LW_FIRST_BUFFER, LW_MBITS, LW_FRAME, LW_PORTAL, LW_BUFFER_OFFSET, LW_BUFFER_LENGTH
};

/* Why a row is not a whole message of the dialect. From LW_CONTAINER on its extent is known all the same. */
enum lw_reason {
    LW_GOOD, LW_TRUNCATED, LW_NO_MAGIC, LW_CONTAINER, LW_NO_BODY, LW_BAD_TYPE, LW_BAD_VERSION, LW_WRAPPED, LW_NO_RPC
};

/* How far a walk has come, and how much room there is for what it finds. */
typedef struct {
    uint64_t position;
    uint64_t rows, buffers, max_rows, max_buffers;
} lw_walk;

/*
 * Walk a stream from walk->position on: one row for each message (or frame), one for each stretch of bytes that is none.
 * Returns 1 at the end of the stream and 0 when there is no room left, in which case it can be called again.
 */
int lw_index(const lw_index_plan *plan, const uint8_t *data, uint64_t size, lw_walk *walk, uint8_t *const *columns);

/* Integers that a receiver of the other byte order swaps: `count` of them side by side. */
typedef struct {
    uint32_t offset, width, count;
} lw_range;

/* What of a buffer is swapped: the ranges of its struct, then those of each element of a flexible tail behind it. */
typedef struct lw_swab {
    uint32_t size;
    uint32_t minimum; /* bytes a receiver is content with; a buffer with fewer stays as sent */
    uint32_t n_ranges;
    const lw_range *ranges;
    uint32_t repeated;   /* 1: the buffer is an array of this struct */
    uint32_t count_at;   /* where the number of elements stands */
    uint32_t count_width; /* bytes of that number; 0: as many elements as there are bytes */
    uint32_t count_order; /* of that number, an lw_order */
    const struct lw_swab *element; /* NULL: nothing is swapped behind the struct */
} lw_swab;

enum lw_order { LW_SENDERS, LW_LITTLE, LW_BIG_ENDIAN };

enum lw_test { LW_EQUAL, LW_ANY, LW_ABSENT, LW_UNCOUNTED, LW_COUNTED, LW_HAS_LENGTH, LW_PREFIX };

/* A condition on a buffer, or on a number in it. */
typedef struct {
    uint32_t test;
    uint32_t buffer; /* 0 is the ptlrpc_body */
    uint32_t offset, width;
    uint32_t order;  /* of the number, an lw_order */
    uint32_t length; /* LW_HAS_LENGTH: the length; otherwise what the buffer must have at least */
    uint64_t mask, value;
    const uint8_t *prefix;
} lw_condition;

/* One declared buffer: not there unless all conditions hold; bytes that nobody swaps where `swab` is NULL. */
typedef struct {
    const lw_swab *swab;
    const lw_condition *present;
    uint32_t n_present;
} lw_slot;

typedef struct {
    const lw_slot *slots;
    uint32_t n_slots;
} lw_side;

typedef struct {
    const lw_condition *match;
    uint32_t n_match;
    lw_side request, reply;
} lw_format;

/*
 * A number by which formats are told apart. It is swapped also where nothing else of its buffer is, since a message that
 * is read in the other byte order must have the same format again.
 */
typedef struct {
    uint32_t buffer, offset, width;
} lw_number;

/* All formats of a dialect. Those of one opcode stand together, the most specific first. */
typedef struct {
    const lw_index_plan *index;
    const lw_swab *headers; /* one for each container */
    const lw_swab *body;
    uint32_t request_type, n_opcodes;
    const uint32_t *first_number; /* by opcode: the first of the numbers by which its formats are told apart */
    const uint32_t *n_numbers;    /* by opcode: how many */
    const lw_number *numbers;
    const uint32_t *first;    /* by opcode: the first format */
    const uint32_t *count;    /* by opcode: how many */
    const int32_t *of_reply; /* by opcode: the format of its replies, -1 where the request decides */
    const lw_format *formats;
    uint32_t n_formats;
} lw_dialect;

/* Columns of lw_swab_messages. */
enum lw_swab_column { LW_SWAB_OFFSET, LW_SWAB_LENGTH, LW_SWAB_REASON, LW_SWAB_FORMAT };
/* A message of which only header and ptlrpc_body could be swapped: its format is unknown. */
enum { LW_NO_FORMAT = 16 };

/*
 * Turn a stream of messages into the other byte order. `out` is as long as the stream and either the stream itself or
 * apart from it. The first `n_formats` rows have their replies' formats in `formats`, the others `every`; -1 where the
 * opcode decides. What receivers refuse is copied as it is. Returns as lw_index.
 */
int lw_swab_messages(const lw_dialect *dialect, const uint8_t *data, uint64_t size, uint8_t *out, const int32_t *formats,
                     uint64_t n_formats, int32_t every, lw_walk *walk, uint8_t *const *columns);

/* A column of byte strings: string i is data[offsets[i]] to data[offsets[i + 1]]. */
typedef struct {
    const uint64_t *offsets;
    const uint8_t *data;
    uint64_t size; /* of data */
} lw_text;

/* A stretch of a message that is the same length in every row, and the string behind it. */
typedef struct {
    uint32_t size;
    const uint8_t *fill;  /* its bytes, where no column says otherwise */
    const lw_plan *plan;  /* the columns in it; NULL: none */
    uint32_t first_column; /* number of the plan's column 0 */
    uint32_t has_text;    /* 1: a string follows */
    uint32_t text;        /* its number */
    uint32_t length_at;   /* where its buffer length stands, in the first stretch */
    uint32_t extra;       /* bytes of zero that belong to the buffer behind the string */
} lw_stretch;

typedef struct {
    uint32_t n_stretches;
    uint32_t swap; /* of the buffer lengths */
    const lw_stretch *stretches;
} lw_message_plan;

/* Bytes of `rows` messages; UINT64_MAX when a string is not within its data, or too long for a buffer. */
uint64_t lw_messages_size(const lw_message_plan *plan, const lw_text *texts, uint64_t rows);

/* Put messages together, one behind the other from `out`, which holds lw_messages_size bytes. */
void lw_pack_messages(const lw_message_plan *plan, uint8_t *const *columns, const lw_text *texts, uint64_t rows,
                      uint8_t *out);

/*
 * Copy plans of a translation. A group is what messages have in common that can share a plan but for the values of their
 * guarded bytes: the number of buffers, and which of them are strings of any length. With the same guarded bytes, among
 * them the lengths of all other buffers, they have the same format and the same translation: the bytes of the result are
 * known, but for strings and for what is moved. Offsets are those in a message without strings; `strings` is the number
 * of strings that stand before, by whose bytes the offset grows.
 */
typedef struct {
    uint32_t offset; /* of eight bytes */
    uint32_t strings;
    uint64_t mask; /* which of them count */
} lw_key;

typedef struct {
    uint32_t from, from_strings, to, to_strings, size;
} lw_move;

/* A string of the message, which is never empty: a text ends at its one NUL. */
typedef struct {
    uint32_t is_text;
    uint32_t offset;
    uint32_t length_at; /* where its length stands */
} lw_string;

/* A string of the result, which is one of the message's. */
typedef struct {
    uint32_t string, offset, length_at;
} lw_copy;

/* A known translation. */
typedef struct {
    uint64_t hash; /* of the words of the key; 0 in an empty place */
    uint32_t number;
    const uint8_t *image;  /* the guarded bytes of the message without its strings, zero elsewhere */
    const uint8_t *result; /* without its strings */
} lw_known;

typedef struct {
    uint32_t container, bufcount;
    uint32_t size;        /* of a message without its strings */
    uint32_t result_size; /* of a result without its strings */
    uint32_t n_strings;
    const lw_string *strings;
    uint32_t n_copies;
    const lw_copy *copies;
    const uint8_t *mask; /* of a message without its strings: which bytes are guarded */
    uint32_t n_keys;
    const lw_key *keys; /* guarded words by which the known translations differ */
    uint32_t n_moves;
    const lw_move *moves;
    uint32_t places; /* of `known`: a power of two, and never full */
    lw_known *known;
} lw_group;

enum lw_translate_column { LW_IN_OFFSET, LW_IN_LENGTH, LW_OUT_OFFSET, LW_OUT_LENGTH, LW_PLAN };
enum lw_outcome { LW_DONE, LW_NO_ROOM, LW_UNKNOWN };
enum { LW_MOST_STRINGS = 8 };

/* The hash of a message's key; 0 when it is none of the group. For making plans. */
uint64_t lw_key_hash(const lw_index_plan *plan, const lw_group *group, const uint8_t *message, uint64_t size);

/*
 * Translate messages from walk->position on, as far as they are known. walk->buffers counts the bytes written to `out`, of
 * which there are walk->max_buffers. Returns an lw_outcome; LW_UNKNOWN at a message that no plan fits.
 */
int lw_translate(const lw_index_plan *plan, const lw_group *const *groups, uint32_t n_groups, const uint8_t *data,
                 uint64_t size, uint8_t *out, lw_walk *walk, uint8_t *const *columns);

/*
 * What stands in a text: a number, bytes as hexadecimal digits; of a buffer from some byte on the rest in such digits, its
 * string without the NUL that ends it, or as many elements as there are; a NUL, where somebody else puts something in.
 * LW_LITERAL is none but the literal before it.
 */
enum lw_what { LW_UNSIGNED, LW_SIGNED, LW_HEX, LW_REST, LW_STRING, LW_EACH, LW_GAP, LW_LITERAL };

/*
 * A value in a text: the literal before it (bytes of it), and where it is, in a buffer behind the ptlrpc_body or (0) in
 * the message as a whole. A number has 1, 2, 4 or 8 bytes. `width` is that of one element of LW_EACH, the text of which is
 * in the next `inner` values, their offsets in the element.
 */
typedef struct {
    uint32_t literal, what, buffer, offset, width, inner;
} lw_value;

/* What must be zero: some bits of a number, or (no mask) bytes, or (no width) what is between a buffer and the next. */
typedef struct {
    uint32_t buffer, offset, width;
    uint64_t mask;
} lw_blank;

/* The text of messages of one shape; `literals` stand one behind the other, the last behind all values. */
typedef struct {
    uint32_t swap;
    uint32_t lengths; /* where the buffer lengths stand */
    uint32_t first;   /* where the first buffer begins */
    uint32_t n_needs; /* how many buffers it reads of, number 0 being the whole message: LW_MOST_BUFFERS at most */
    const uint32_t *needs; /* bytes that each has at least */
    uint32_t n_blanks, n_values;
    const lw_blank *blanks;
    const lw_value *values;
    const char *literals;
    uint32_t last; /* bytes of the last literal */
} lw_text_plan;

enum { LW_BEYOND = 16 };

/*
 * The text of a message, as many bytes as are returned; 0 where it is not regular: something is not zero that must be, or
 * not there, a string has other than plain characters, or elements do not fill their buffer. `out` has room for all
 * literals, those of elements as often as there may be, 20 bytes a number, and two for each byte that is digits; behind
 * that, and behind the literals of the plan, there are LW_BEYOND bytes more.
 */
uint64_t lw_text_of(const lw_text_plan *plan, const uint8_t *data, uint64_t size, char *out);

/* END */

#endif
