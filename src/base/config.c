/* Reads the configuration; see config.def. */
#include "base/config.h"

void config_clear (struct config *c)
{
    g_clear_pointer (&c->file, g_key_file_unref);
}
