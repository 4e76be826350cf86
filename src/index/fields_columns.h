/* The columns that fields.def makes, as lists in SQL. For fields*.c alone: who includes this
 * defines C (column, type) and FIELD, and includes fields.def. */
#pragma once

enum {
    FIELDS = 0
#define FIELD(name, kind, place, column, operators, aggregations, sortable, index, help) +1
#include "index/fields.def"
#undef FIELD
};

/* The columns of a row, by place and kind: narrow ones in `file`, texts in `file_text`. */
#define IN_FILE_META_CODE(c) C (c, "INTEGER")
#define IN_FILE_META_TEXT(c)
#define IN_FILE_META_INT(c)   C (c, "INTEGER")
#define IN_FILE_META_TIME(c)  C (c, "INTEGER")
#define IN_FILE_META_FLOAT(c) C (c, "REAL")
#define IN_FILE_META_GEO(c)   C (c##_lat, "REAL") C (c##_lon, "REAL")
#define IN_FILE_FACT_CODE(c)  C (c, "INTEGER")
#define IN_FILE_FACT_INT(c)   C (c, "INTEGER")
#define IN_FILE_FACT_TIME(c)  C (c, "INTEGER")
#define IN_FILE_FACT_TEXT(c)
#define IN_FILE_DOC_TEXT(c)  C (c, "INTEGER")
#define IN_FILE_BODY_TEXT(c) C (c, "INTEGER")
#define IN_FILE_ARRAY_CODE(c)
#define IN_FILE_MAP_TEXT(c)
#define IN_FILE_URI_TEXT(c)
#define IN_FILE_CONST_TEXT(c)

#define IN_TEXT_META_CODE(c)
#define IN_TEXT_META_TEXT(c) C (c, "TEXT")
#define IN_TEXT_META_INT(c)
#define IN_TEXT_META_TIME(c)
#define IN_TEXT_META_FLOAT(c)
#define IN_TEXT_META_GEO(c)
#define IN_TEXT_FACT_CODE(c)
#define IN_TEXT_FACT_INT(c)
#define IN_TEXT_FACT_TIME(c)
#define IN_TEXT_FACT_TEXT(c) C (c, "TEXT")
#define IN_TEXT_DOC_TEXT(c)
#define IN_TEXT_BODY_TEXT(c)
#define IN_TEXT_ARRAY_CODE(c)
#define IN_TEXT_MAP_TEXT(c)
#define IN_TEXT_URI_TEXT(c)
#define IN_TEXT_CONST_TEXT(c)
