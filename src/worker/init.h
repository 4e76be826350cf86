/* What libraries do once, with files: done before the jail, so that nothing is left to be done in
 * it. A library that the extractors use is a row in init.c.
 *
 * Threads: call once, before the jail; none is started. */
#pragma once

void init_libraries (void);
