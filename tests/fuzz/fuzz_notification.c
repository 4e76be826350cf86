/* Notifications of stores: whatever is posted, it is refused or names keys that an object can have.
 */
#include <assert.h>
#include <string.h>

#include "api/notification.h"
#include "base/limits.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    g_autofree char *text = g_malloc (size + 1);
    struct notification n;
    struct error e;
    memcpy (text, data, size);
    text[size] = '\0';
    enum err r = notification_read (text, size, "photos", &n, &e);
    assert (r == ERR_OK || e.code == r);
    assert (n.keys->len <= 3 * n.records);
    for (guint i = 0; i < n.keys->len; i++) {
        const char *key = n.keys->pdata[i];
        size_t len = strlen (key);
        assert (len > 0 && len <= LIMIT_KEY_MAX && text_is_utf8 (key, len));
    }
    notification_clear (&n);
    return 0;
}
