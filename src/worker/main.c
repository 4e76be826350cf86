/* bindery-worker: reads objects that nobody trusts. This function is tiny and stays so: the
 * libraries, the jail, then READY and the loop. `bindery-worker required|best-effort`, run by the
 * server alone, with the socket as descriptor 3. */
#include "worker/init.h"
#include "worker/job.h"
#include "worker/sandbox.h"

int main (int argc, char **argv)
{
    struct sandbox_report report;
    init_libraries ();
    sandbox_enter (argc == 2 ? argv[1] : "required", &report);
    return job_loop (&report);
}
