/* Inflate, bit by bit: small rather than fast. Whatever the bits say, it reads no byte beyond the
 * stream, writes none beyond the limit, and each round of a loop takes a bit or writes a byte. */
#include "worker/inflate.h"

#include <stdbool.h>

#include "base/macros.h"

enum { MAX_BITS = 15, LITERALS = 288, DISTANCES = 30, END_OF_BLOCK = 256 };

struct stream {
    const uint8_t *data;
    size_t length, at; /* bytes; the next one */
    unsigned bit;      /* of the byte before `at`, 8: none is left */
    GByteArray *out;
    size_t limit;
    bool is_bad;
};

/* A code by the number of symbols of each length, and the symbols in order. */
struct code {
    uint16_t count[MAX_BITS + 1], symbols[LITERALS];
};

static unsigned take_bit (struct stream *s)
{
    if (s->bit == 8) {
        s->is_bad = s->is_bad || s->at == s->length;
        if (s->is_bad)
            return 0;
        s->at++;
        s->bit = 0;
    }
    return s->data[s->at - 1] >> s->bit++ & 1;
}

static unsigned take_bits (struct stream *s, unsigned n)
{
    unsigned value = 0;
    for (unsigned i = 0; i < n; i++)
        value |= take_bit (s) << i;
    return value;
}

static void write_byte (struct stream *s, uint8_t byte)
{
    s->is_bad = s->is_bad || s->out->len >= s->limit;
    if (!s->is_bad)
        g_byte_array_append (s->out, &byte, 1);
}

/* False if there are more symbols of a length than it has codes. */
static bool make_code (struct code *c, const uint8_t *lengths, unsigned n)
{
    uint16_t offsets[MAX_BITS + 1] = { 0 };
    int left = 1;
    *c = (struct code){ 0 };
    for (unsigned i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (unsigned length = 1; length <= MAX_BITS; length++) {
        left = left * 2 - c->count[length];
        if (left < 0)
            return false;
        if (length < MAX_BITS)
            offsets[length + 1] = offsets[length] + c->count[length];
    }
    for (unsigned i = 0; i < n; i++)
        if (lengths[i])
            c->symbols[offsets[lengths[i]]++] = (uint16_t) i;
    return true;
}

static unsigned take_symbol (struct stream *s, const struct code *c)
{
    unsigned code = 0, first = 0, index = 0;
    for (unsigned length = 1; length <= MAX_BITS && !s->is_bad; length++) {
        code = code << 1 | take_bit (s);
        first <<= 1;
        if (code - first < c->count[length])
            return c->symbols[index + code - first];
        index += c->count[length];
        first += c->count[length];
    }
    s->is_bad = true;
    return 0;
}

/* ---- blocks ---- */

static void copy (struct stream *s, unsigned length, unsigned distance)
{
    s->is_bad = s->is_bad || distance > s->out->len;
    while (length-- && !s->is_bad)
        write_byte (s, s->out->data[s->out->len - distance]);
}

static void read_pair (struct stream *s, unsigned symbol, const struct code *distances)
{
    static const uint16_t lengths[] = { 3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                        15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                        67, 83, 99, 115, 131, 163, 195, 227, 258 };
    static const uint8_t length_bits[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                           2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
    static const uint16_t places[] = {
        1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
        193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577
    };
    unsigned row = symbol - END_OF_BLOCK - 1;
    if (row >= N_ELEMENTS (lengths)) {
        s->is_bad = true;
        return;
    }
    unsigned length = lengths[row] + take_bits (s, length_bits[row]);
    unsigned place = take_symbol (s, distances);
    if (place >= N_ELEMENTS (places)) {
        s->is_bad = true;
        return;
    }
    copy (s, length, places[place] + take_bits (s, place < 4 ? 0 : place / 2 - 1));
}

static void read_symbols (struct stream *s, const struct code *literals,
                          const struct code *distances)
{
    while (!s->is_bad) {
        unsigned symbol = take_symbol (s, literals);
        if (s->is_bad || symbol == END_OF_BLOCK)
            return;
        if (symbol < END_OF_BLOCK)
            write_byte (s, (uint8_t) symbol);
        else
            read_pair (s, symbol, distances);
    }
}

static void read_stored (struct stream *s)
{
    s->bit = 8;
    unsigned length = take_bits (s, 16), complement = take_bits (s, 16);
    s->is_bad = s->is_bad || (length ^ complement) != 0xffff;
    while (length-- && !s->is_bad)
        write_byte (s, (uint8_t) take_bits (s, 8));
}

static void read_fixed (struct stream *s)
{
    uint8_t lengths[LITERALS];
    struct code literals, distances;
    for (unsigned i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    bool is_code = make_code (&literals, lengths, LITERALS);
    for (unsigned i = 0; i < DISTANCES; i++)
        lengths[i] = 5;
    s->is_bad = !is_code || !make_code (&distances, lengths, DISTANCES);
    read_symbols (s, &literals, &distances);
}

/* `n` lengths, themselves in a code that can repeat them. */
static void read_lengths (struct stream *s, const struct code *c, uint8_t *lengths, unsigned n)
{
    for (unsigned i = 0; i < n && !s->is_bad;) {
        unsigned symbol = take_symbol (s, c), times = 1;
        uint8_t length = (uint8_t) symbol;
        if (symbol > MAX_BITS) {
            length = symbol == 16 && i ? lengths[i - 1] : 0;
            times = symbol == 16   ? 3 + take_bits (s, 2)
                    : symbol == 17 ? 3 + take_bits (s, 3)
                                   : 11 + take_bits (s, 7);
        }
        s->is_bad = s->is_bad || times > n - i || (symbol == 16 && !i);
        while (times-- && !s->is_bad)
            lengths[i++] = length;
    }
}

static void read_dynamic (struct stream *s)
{
    static const uint8_t order[] = { 16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                     11, 4,  12, 3, 13, 2, 14, 1, 15 };
    uint8_t lengths[LITERALS + 32] = { 0 };
    struct code literals, distances;
    unsigned n_literals = take_bits (s, 5) + 257, n_distances = take_bits (s, 5) + 1;
    unsigned n_lengths = take_bits (s, 4) + 4;
    for (unsigned i = 0; i < n_lengths; i++)
        lengths[order[i]] = (uint8_t) take_bits (s, 3);
    if (s->is_bad || n_literals > 286 || n_distances > DISTANCES ||
        !make_code (&literals, lengths, N_ELEMENTS (order))) {
        s->is_bad = true;
        return;
    }
    read_lengths (s, &literals, lengths, n_literals + n_distances);
    if (s->is_bad || !make_code (&literals, lengths, n_literals) ||
        !make_code (&distances, lengths + n_literals, n_distances)) {
        s->is_bad = true;
        return;
    }
    read_symbols (s, &literals, &distances);
}

static void read_block (struct stream *s)
{
    switch (take_bits (s, 2)) {
    case 0:
        read_stored (s);
        break;
    case 1:
        read_fixed (s);
        break;
    case 2:
        read_dynamic (s);
        break;
    default:
        s->is_bad = true;
    }
}

GByteArray *inflate (const uint8_t *data, size_t length, size_t limit)
{
    if (length < 2 || (data[0] & 15) != 8 || (data[0] << 8 | data[1]) % 31 || data[1] & 0x20)
        return NULL;
    struct stream s = {
        data, length, .at = 2, .bit = 8, .out = g_byte_array_new (), .limit = limit
    };
    for (bool is_last = false; !is_last && !s.is_bad;) {
        is_last = take_bit (&s);
        read_block (&s);
    }
    if (!s.is_bad)
        return s.out;
    g_byte_array_unref (s.out);
    return NULL;
}
