/* What stores answer, read and judged: pages of listings, facts and attributes in headers, tags,
 * and sets of ranges. */
#include "test.h"

#include "store/s3_private.h"
#include "store/s3_xml.h"

#define ENTRY(key)                                                                                 \
    "<Contents><Key>" key "</Key><LastModified>2024-02-03T04:05:06.789Z</LastModified>"            \
    "<ETag>&quot;abc-2&quot;</ETag><Size>5</Size><Owner><ID>o</ID></Owner>"                        \
    "<StorageClass>GLACIER</StorageClass></Contents>"
#define PAGE(rest)                                                                                 \
    "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"x\">" rest "</ListBucketResult>"
#define LAST "<IsTruncated>false</IsTruncated>"

/* Reads and judges a page of bucket "b" behind `after`. */
static enum err judge (const char *text, const char *after, struct s3_page *ret, struct error *e)
{
    enum err r = s3_page_read (text, strlen (text), ret, e);
    const struct s3_asked asked = { "b", after, 2 };
    return r == ERR_OK ? s3_page_check (ret, &asked, e) : r;
}

static void expect_lie (const char *text, const char *after, const char *part)
{
    struct s3_page page;
    struct error e;
    assert_err (STORE_DOWN, judge (text, after, &page, &e));
    if (!strstr (e.message, part))
        fail_msg ("'%s' does not say '%s'", e.message, part);
    s3_page_clear (&page);
}

static const struct s3_entry *entry_of (const struct s3_page *p, guint i)
{
    assert_true (i < p->entries->len);
    return &g_array_index (p->entries, struct s3_entry, i);
}

static void test_page (void **state)
{
    (void) state;
    struct s3_page p;
    struct error e;
    assert_ok (judge (PAGE ("<Name>b</Name><EncodingType>url</EncodingType><KeyCount>2</KeyCount>"
                            "<IsTruncated>true</IsTruncated>"
                            "<NextContinuationToken>t</NextContinuationToken>" ENTRY (
                                "a+b%2Bc%2F%C3%A4") ENTRY ("b")),
                      NULL, &p, &e),
               &e);
    assert_int_equal (2, p.entries->len);
    const struct s3_entry *x = entry_of (&p, 0);
    assert_string_equal ("a b+c/ä", x->key);
    assert_int_equal (5, x->facts.size);
    assert_string_equal ("abc-2", x->facts.etag);
    assert_string_equal ("GLACIER", x->facts.storage_class);
    assert_true (x->facts.mtime_ns == INT64_C (1706933106000000000)); /* whole seconds */
    assert_string_equal ("t", p.token);
    assert_true (p.is_truncated);
    s3_page_clear (&p);
}

static void test_keys_that_are_not_encoded (void **state)
{
    (void) state;
    struct s3_page p;
    struct error e;
    assert_ok (judge (PAGE (LAST ENTRY ("a+b%2B") ENTRY ("<![CDATA[b&c]]>")), "a", &p, &e), &e);
    assert_string_equal ("a+b%2B", entry_of (&p, 0)->key);
    assert_string_equal ("b&c", entry_of (&p, 1)->key);
    s3_page_clear (&p);
    /* A NUL makes no other key of it. */
    assert_ok (judge (PAGE ("<EncodingType>url</EncodingType>" LAST ENTRY ("a") ENTRY ("a%00")),
                      NULL, &p, &e),
               &e);
    assert_int_equal (2, entry_of (&p, 1)->len);
    s3_page_clear (&p);
}

static void test_pages_that_lie (void **state)
{
    (void) state;
    expect_lie (PAGE (LAST ENTRY ("b") ENTRY ("a")), NULL, "'a' comes behind 'b'");
    expect_lie (PAGE (LAST ENTRY ("a") ENTRY ("a")), NULL, "comes twice");
    expect_lie (PAGE (LAST ENTRY ("a")), "a", "keys after 'a' were asked for, 'a' came");
    expect_lie (PAGE (LAST ENTRY ("a")), "b", "keys after 'b' were asked for");
    expect_lie (PAGE (LAST "<KeyCount>2</KeyCount>" ENTRY ("a")), NULL, "tells of 2 keys");
    expect_lie (PAGE (LAST ENTRY ("a") ENTRY ("b") ENTRY ("c")), NULL, "2 keys were asked for");
    expect_lie (PAGE (LAST "<Name>other</Name>"), NULL, "another bucket, 'other'");
    expect_lie (PAGE (ENTRY ("a")), NULL, "whether it is the last");
    expect_lie (PAGE (LAST "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"), NULL,
                "prefixes");
    expect_lie (PAGE ("<IsTruncated>maybe</IsTruncated>"), NULL, "'maybe'");
    expect_lie (PAGE (LAST "<Contents><Key>a</Key></Contents>"), NULL, "<Contents>");
    expect_lie (PAGE (LAST "<Contents><Size>-1</Size></Contents>"), NULL, "<Contents/Size>");
    expect_lie (PAGE (LAST "<Contents><Size>99999999999999999999</Size></Contents>"), NULL,
                "<Contents/Size>");
    expect_lie (PAGE (LAST "<Contents><LastModified>yesterday</LastModified></Contents>"), NULL,
                "'yesterday'");
    expect_lie (PAGE ("<EncodingType>url</EncodingType>" LAST ENTRY ("a%2")), NULL,
                "not URL-encoded");
}

static void test_what_is_no_page (void **state)
{
    (void) state;
    expect_lie ("", NULL, "empty");
    expect_lie ("<html><body>Sign in</body></html>", NULL, "<html>, expected <ListBucketResult>");
    expect_lie ("<Error><Code>NoSuchBucket</Code></Error>", NULL, "<Error>");
    expect_lie ("<ListBucketResult><IsTruncated>false</IsTruncated>", NULL, "no XML");
    expect_lie ("{\"a\": 1}", NULL, "no XML");
    expect_lie (PAGE (LAST "<Name>b\xff</Name>"), NULL, "no XML");
    expect_lie (PAGE (LAST) "<more/>", NULL, "");
    g_autoptr (GString) deep = g_string_new ("<ListBucketResult>");
    for (int i = 0; i < 100; i++)
        g_string_append (deep, "<a>");
    expect_lie (deep->str, NULL, "within each other");
    g_autofree char *filler = g_strnfill (LIMIT_STORE_XML_TEXT + 1, 'k');
    g_autofree char *wide = g_strdup_printf ("<ListBucketResult><Name>%s</Name>", filler);
    expect_lie (wide, NULL, "a value of more than");
    g_autoptr (GString) many = g_string_new ("<ListBucketResult>");
    for (int i = 0; i < LIMIT_STORE_XML_ELEMENTS; i++)
        g_string_append (many, "<a/>");
    expect_lie (many->str, NULL, "elements");
}

static enum err take_value (void *arg, const char *path, const char *text, struct error *e UNUSED)
{
    g_string_append_printf (arg, "%s=%s\n", path, text);
    return ERR_OK;
}

/* Of a memory that ends where the text does. */
static enum err read_xml (const char *text, GString *found, struct error *e)
{
    size_t len = strlen (text);
    g_autofree char *bytes = g_memdup2 (text, len);
    return s3_xml_read (bytes, len, "r", take_value, found, e);
}

static void test_xml (void **state)
{
    (void) state;
    static const struct {
        const char *text, *found;
    } rows[] = {
        { "<r/>", "" },
        { "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <x> --><r\n a='1' b = \">\"/>\n<!-- -->\n", "" },
        { "<r><a>1</a><b/><c d='e' /></r>", "a=1\nb=\nc=\n" },
        { "<r><a> <b>1</b>x<c><d>2</d></c>3</a></r>", "a/b=1\na/c/d=2\na/c=\na=3\n" },
        { "<r><a>&lt;&gt;&amp;&quot;&apos;&#65;&#x2F;&#228;&#x1F600;</a></r>",
          "a=<>&\"'A/\xc3\xa4\xf0\x9f\x98\x80\n" },
        { "<r><a>1<![CDATA[<b>&amp;]]]>2<!-- no -->3<?no?></a ></r >", "a=1<b>&amp;]23\n" },
        { "<r><\xc3\xa4:_-.9>1</\xc3\xa4:_-.9></r>", "\xc3\xa4:_-.9=1\n" },
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) found = g_string_new (NULL);
        struct error e;
        assert_ok (read_xml (rows[i].text, found, &e), &e);
        assert_string_equal (rows[i].found, found->str);
    }
}

static void test_what_is_no_xml (void **state)
{
    (void) state;
    static const char *const rows[] = {
        "<",
        "<r",
        "<r>",
        "<r><a>",
        "<r><a></r>",
        "<r></a></r>",
        "</r>",
        "<r></r></r>",
        "<r/><r/>",
        "<r/>x",
        "x<r/>",
        "<r><a></ab>",
        "< r/>",
        "<r><></r>",
        "<r><a></ a></r>",
        "<r a/>",
        "<r a=1/>",
        "<r a='1/>",
        "<r a='<'/>",
        "<r a='1'b='2'/>",
        "<r /a>",
        "<r><!-- </r>",
        "<r><?x</r>",
        "<r><![CDATA[x",
        "<![CDATA[x]]><r/>",
        "<r>&</r>",
        "<r>&amp</r>",
        "<r>&;</r>",
        "<r>&x;</r>",
        "<r>&#0;</r>",
        "<r>&#;</r>",
        "<r>&#x;</r>",
        "<r>&#xg;</r>",
        "<r>&#xd800;</r>",
        "<r>&#x110000;</r>",
        "<r>&#4294967361;</r>",
        "<!DOCTYPE r [<!ENTITY a 'b'>]><r>&a;</r>",
        "<!DOCTYPE r><r/>",
        "<r>&#00000000065;</r>",
        "<s/>",
        "<?xml version='1.0'?>",
        "<rr/>",
        "  ",
        "<r><a/></b></r>",
    };
    for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
        g_autoptr (GString) found = g_string_new (NULL);
        struct error e;
        if (read_xml (rows[i], found, &e) != ERR_STORE_DOWN)
            fail_msg ("'%s' is read", rows[i]);
    }
}

/* ---- Headers ---- */

static const struct s3_dialect s3 = { .kind = "s3",
                                      .prefix = "x-amz-",
                                      .default_class = "STANDARD" };
static const struct s3_dialect oss = { .kind = "oss", .prefix = "x-oss-" };

static void test_etags_and_times (void **state)
{
    (void) state;
    char etag[STORE_ETAG_SIZE];
    assert_true (s3_etag ("\"abc-12\"", etag));
    assert_string_equal ("abc-12", etag);
    assert_true (s3_etag ("W/\"abc\"", etag));
    assert_string_equal ("abc", etag);
    assert_true (s3_etag ("ABC", etag));
    assert_false (s3_etag ("", etag));
    assert_false (s3_etag ("\"\"", etag));
    assert_false (s3_etag ("\"a\"b\"", etag));
    assert_false (s3_etag ("a b", etag));
    g_autofree char *wide = g_strnfill (STORE_ETAG_SIZE, 'a');
    assert_false (s3_etag (wide, etag));

    int64_t ns;
    assert_true (s3_http_time ("Sun, 06 Nov 1994 08:49:37 GMT", &ns));
    assert_true (ns == INT64_C (784111777000000000));
    assert_false (s3_http_time ("Sun, 06 Nov 1994 08:49:37 +0100", &ns));
    assert_false (s3_http_time ("Sun, 31 Feb 1994 08:49:37 GMT", &ns));
    assert_false (s3_http_time ("Sunday, 06-Nov-94 08:49:37 GMT", &ns));
    assert_false (s3_http_time ("", &ns));
    assert_true (s3_iso_time ("1994-11-06T08:49:37Z", &ns));
    assert_true (ns == INT64_C (784111777000000000));
    assert_true (s3_iso_time ("1994-11-06T08:49:37.999Z", &ns));
    assert_true (ns == INT64_C (784111777000000000));
    assert_true (s3_iso_time ("1969-12-31T23:59:58.5Z", &ns));
    assert_true (ns == INT64_C (-2000000000));
    assert_false (s3_iso_time ("1994-11-06", &ns));
}

static struct client_header good[] = {
    { "etag", "\"abc\"" },
    { "last-modified", "Sun, 06 Nov 1994 08:49:37 GMT" },
};

static void expect_no_facts (struct client_header *headers, size_t n, uint64_t size)
{
    struct client_response r = { .headers = headers, .n_headers = n, .size = size };
    struct store_facts facts;
    struct error e;
    assert_err (STORE_DOWN, s3_facts_read (&s3, &r, &facts, &e));
}

static void test_facts (void **state)
{
    (void) state;
    struct client_response r = { .headers = good, .n_headers = 2, .size = 7 };
    struct store_facts facts;
    struct error e;
    assert_ok (s3_facts_read (&s3, &r, &facts, &e), &e);
    assert_string_equal ("abc", facts.etag);
    assert_string_equal ("STANDARD", facts.storage_class);
    assert_int_equal (7, facts.size);
    assert_ok (s3_facts_read (&oss, &r, &facts, &e), &e);
    assert_string_equal ("", facts.storage_class);
    expect_no_facts (good, 1, 7);
    expect_no_facts (good + 1, 1, 7);
    expect_no_facts (good, 2, UINT64_MAX);
}

static void assert_attributes (const struct s3_dialect *d, struct client_header *headers, size_t n,
                               const char *expected)
{
    struct client_response r = { .headers = headers, .n_headers = n };
    struct store_facts facts = { .etag = "abc", .storage_class = "IA" };
    json_auto_t *o = s3_attributes (d, &r, &facts);
    g_autofree char *text = json_dumps (o, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal (expected, text);
}

static void test_attributes (void **state)
{
    (void) state;
    struct client_header of_oss[] = {
        { "x-oss-hash-crc64ecma", "16698849521241357113" },
        { "x-oss-object-type", "Appendable" },
        { "x-oss-tagging-count", "3" },
        { "x-oss-meta-where", "Ort \xc3\xa4" },
        { "x-oss-meta-old", "\xe4" },
        { "x-oss-server-side-encryption", "KMS" },
        { "x-oss-server-side-encryption-key-id", "k" },
        { "x-oss-version-id", "null" },
        { "cache-control", "no-cache" },
        { "x-amz-meta-where", "not ours" },
    };
    assert_attributes (&oss, of_oss, N_ELEMENTS (of_oss),
                       "{\"CacheControl\":\"no-cache\",\"OSSCRC64\":\"16698849521241357113\","
                       "\"OSSObjectType\":\"Appendable\",\"OSSStorageClass\":\"IA\","
                       "\"OSSTaggingCount\":3,\"OSSUserMeta\":{\"x-oss-meta-old\":\"ä\","
                       "\"x-oss-meta-where\":\"Ort ä\"},\"ServerSideEncryption\":\"KMS\","
                       "\"ServerSideEncryptionKeyId\":\"k\"}");
    struct client_header of_s3[] = {
        { "x-amz-expiration", "expiry-date=\"Sun, 06 Nov 1994 08:49:37 GMT\", rule-id=\"r\"" },
        { "x-amz-version-id", "v7" },
        { "x-amz-tagging-count", "-3" },
        { "content-encoding", "aws-chunked" },
        { "x-amz-meta-a", "b" },
    };
    assert_attributes (&s3, of_s3, N_ELEMENTS (of_s3),
                       "{\"OSSExpiration\":\"1994-11-06T08:49:37+00:00\",\"OSSObjectType\":"
                       "\"Normal\",\"OSSStorageClass\":\"IA\",\"OSSUserMeta\":{\"x-amz-meta-a\":"
                       "\"b\"},\"OSSVersionId\":\"v7\"}");
}

static void test_tags (void **state)
{
    (void) state;
    static const char text[] = "<Tagging><TagSet><Tag><Key>a</Key><Value>b &amp; c</Value></Tag>"
                               "<Tag><Key>e</Key><Value></Value></Tag></TagSet></Tagging>";
    json_t *tags = NULL;
    struct error e;
    assert_ok (s3_tags_read (text, strlen (text), &tags, &e), &e);
    assert_string_equal ("b & c", json_string_value (json_object_get (tags, "a")));
    assert_string_equal ("", json_string_value (json_object_get (tags, "e")));
    json_decref (tags);
    assert_err (STORE_DOWN, s3_tags_read ("<html/>", 7, &tags, &e));
    static const char keyless[] = "<Tagging><TagSet><Tag><Value>b</Value></Tag></TagSet></Tagging>";
    assert_err (STORE_DOWN, s3_tags_read (keyless, strlen (keyless), &tags, &e));
}

/* ---- Ranges ---- */

static void test_known_ranges (void **state)
{
    (void) state;
    struct store_range known[STORE_RANGES], missing[STORE_RANGES + 1];
    unsigned n = 0;
    assert_true (s3_known_add (known, &n, (struct store_range){ 100, 10 }));
    assert_true (s3_known_add (known, &n, (struct store_range){ 0, 10 }));
    assert_true (s3_known_add (known, &n, (struct store_range){ 50, 0 }));
    assert_int_equal (2, n);
    assert_int_equal (2, s3_known_missing (known, n, (struct store_range){ 5, 100 }, missing) + 1);
    assert_int_equal (10, missing[0].at);
    assert_int_equal (90, missing[0].length);
    assert_int_equal (2, s3_known_missing (known, n, (struct store_range){ 0, 200 }, missing));
    assert_int_equal (110, missing[1].at);
    assert_int_equal (0, s3_known_missing (known, n, (struct store_range){ 2, 8 }, missing));
    assert_true (s3_known_add (known, &n, (struct store_range){ 10, 90 })); /* touches both */
    assert_int_equal (1, n);
    assert_int_equal (110, known[0].length);
    for (unsigned i = 1; i < STORE_RANGES; i++)
        assert_true (s3_known_add (known, &n, (struct store_range){ i * 1000, 1 }));
    assert_false (s3_known_add (known, &n, (struct store_range){ 500, 1 }));
    assert_int_equal (STORE_RANGES, n);
    assert_true (s3_known_add (known, &n, (struct store_range){ 1001, 5 }));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_page),
        cmocka_unit_test (test_keys_that_are_not_encoded),
        cmocka_unit_test (test_pages_that_lie),
        cmocka_unit_test (test_what_is_no_page),
        cmocka_unit_test (test_xml),
        cmocka_unit_test (test_what_is_no_xml),
        cmocka_unit_test (test_etags_and_times),
        cmocka_unit_test (test_facts),
        cmocka_unit_test (test_attributes),
        cmocka_unit_test (test_tags),
        cmocka_unit_test (test_known_ranges),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
