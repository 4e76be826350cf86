/* Legacy office documents, messages of Outlook, and the encrypted packages of newer programs: all
 * of them OLE2 compound files. */
#include "base/macros.h"
#include "worker/document.h"
#include "worker/extract.h"
#include "worker/ole.h"
#include "worker/ole_msg.h"
#include "worker/ole_properties.h"
#include "worker/ole_text.h"

static ole_text_fn *const texts[] = { ole_text_doc, ole_text_xls, ole_text_ppt };

static void read_document (const struct ole *o, struct document *d, json_t *meta)
{
    _cleanup_ole_stream_ struct ole_stream package;
    d->is_encrypted = ole_stream_open (o, "EncryptedPackage", &package);
    ole_properties_read (o, d);
    for (size_t i = 0; i < N_ELEMENTS (texts); i++)
        d->is_encrypted = !texts[i](o, d) || d->is_encrypted;
    ole_msg_read (o, d, meta);
}

enum err extract_ole (struct input *in, json_t *meta, struct error *e)
{
    _cleanup_ole_ struct ole o;
    _cleanup_document_ struct document d;
    document_init (&d);
    enum err err = ole_open (&o, in, e);
    if (err == ERR_OK) {
        read_document (&o, &d, meta);
        document_report (&d, meta);
    }
    return err;
}
