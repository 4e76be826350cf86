/* What the extractors of documents have in common: the facts they find, and how these are answered:
 *   Title, Artist, Language, PageCount, Encrypted, DocumentText
 *   ProduceTime, DocumentModifiedTime    when it was written, when it was last saved
 *   Labels                               its keywords, each as a LabelName
 *
 * Of a document with a password only what can be read without it is answered; it is not Failed.
 *
 * Threads: one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

#include "worker/body_text.h"

struct document {
    char *title, *author, *language;
    char *created, *modified; /* as civil_append takes them */
    GPtrArray *keywords;      /* of caption_add_keyword; NULL: none */
    uint64_t pages;           /* 0: not known */
    unsigned code_page;       /* of legacy texts that do not say; 0: not known */
    bool is_encrypted;
    struct body_text text;
};

void document_init (struct document *d);
void document_clear (struct document *d);
#define _cleanup_document_ __attribute__ ((cleanup (document_clear)))

/* Adds the keywords in a text, between commas, semicolons or line feeds. */
void document_add_keywords (struct document *d, const char *text, size_t length);

/* A count of 100 ns since 1601 as civil_append takes it; NULL if it is none. */
char *document_windows_time (uint64_t ticks);

void document_report (const struct document *d, json_t *meta);
