/* bindery-render: makes renditions of objects that nobody trusts. As bindery-worker: the libraries,
 * the jail, then READY and the loop. `bindery-render PROFILE required|best-effort`, run by the
 * server alone, with the socket as descriptor 3. */
#include "render/fonts.h"
#include "render/init.h"
#include "render/loop.h"
#include "worker/init.h"
#include "worker/sandbox.h"

int main (int argc, char **argv)
{
    struct sandbox_report report;
    const struct profile *profile = argc == 3 ? profile_find (argv[1]) : NULL;
    if (!profile)
        return 2;
    init_libraries ();
    if (!render_init ())
        return 1;
    if (profile->reads_fonts)
        fonts_init ();
    sandbox_enter (profile, argv[2], &report);
    return render_loop (profile, &report);
}
