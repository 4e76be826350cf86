/* Base64url, and numbers of the vendor's error pages. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "process/table.h"

/* process.def: pages of images go by their last digits, others have that of their module before. */
#define EC_MODULE    1000000u
#define EC_OF_IMAGES 40u
#define MOST_MODULE  999u

const char *process_ec (unsigned ec, char buf[16])
{
    unsigned module = ec < EC_MODULE ? EC_OF_IMAGES : ec / EC_MODULE % (MOST_MODULE + 1);
    if (ec == 0)
        buf[0] = '\0';
    else
        snprintf (buf, 16, "%04u-%08u", module, ec % EC_MODULE);
    return buf;
}

unsigned process_ec_number (const char *subject)
{
    uint64_t module = 0, number = 0;
    g_auto (GStrv) parts = g_strsplit (subject, "-", 3);
    if (g_strv_length (parts) != 2 || !text_parse_u64 (parts[0], &module) ||
        !text_parse_u64 (parts[1], &number) || module > MOST_MODULE || number >= EC_MODULE)
        return 0;
    return (unsigned) (module == EC_OF_IMAGES ? number : module * EC_MODULE + number);
}

/* Value of a digit; -1 for what is none. */
static int digit_of (char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-' || c == '+')
        return 62;
    return c == '_' || c == '/' ? 63 : -1;
}

bool process_decode (const char *text, char **ret, size_t *ret_len)
{
    size_t len = strlen (text);
    size_t padding = 0;
    while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
        padding++;
    if ((padding > 0 && len % 4 != 0) || (len - padding) % 4 == 1)
        return false;

    g_autoptr (GString) out = g_string_sized_new (len);
    uint32_t bits = 0;
    for (size_t i = 0; i < len - padding; i++) {
        int digit = digit_of (text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t) digit;
        if (i % 4 > 0)
            g_string_append_c (out, (char) (bits >> (6 - 2 * (i % 4)) & 0xff));
    }
    *ret_len = out->len;
    *ret = g_string_free (g_steal_pointer (&out), false);
    return true;
}

char *process_encode (const char *text)
{
    char *encoded = g_base64_encode ((const guchar *) text, strlen (text));
    g_strdelimit (g_strdelimit (encoded, "+", '-'), "/", '_');
    encoded[strcspn (encoded, "=")] = '\0';
    return encoded;
}
