/* bindery-worker: reads objects that nobody trusts. This function is tiny and stays so: the
 * libraries, the jail, then READY and the loop. `bindery-worker PROFILE required|best-effort`, run
 * by the server alone, with the socket as descriptor 3. */
#include "worker/init.h"
#include "worker/job.h"
#include "worker/sandbox.h"

int main (int argc, char **argv)
{
    struct sandbox_report report;
    const struct profile *profile = argc == 3 ? profile_find (argv[1]) : NULL;
    if (!profile)
        return 2;
    init_libraries ();
    sandbox_enter (profile, argv[2], &report);
    return job_loop (profile, &report);
}
