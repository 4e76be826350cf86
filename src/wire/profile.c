/* The kinds of workers. */
#include "wire/profile.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/macros.h"

static const struct profile profiles[] = {
    { PROFILE_EXTRACT, "extract", LIMIT_JOB_WALL_MS, LIMIT_JOB_CPU_MS, LIMIT_WORKER_MEMORY,
      LIMIT_WORKER_FILES, LIMIT_WORKER_JOBS, 0, 0, false },
    { PROFILE_RENDER, "render", LIMIT_RENDER_WALL_MS, LIMIT_RENDER_CPU_MS, LIMIT_RENDER_MEMORY,
      LIMIT_WORKER_FILES, LIMIT_RENDER_JOBS, LIMIT_RENDER_OUTPUT, LIMIT_RENDER_TASKS, false },
    { PROFILE_RENDER_TEXT, "render-text", LIMIT_RENDER_WALL_MS, LIMIT_RENDER_CPU_MS,
      LIMIT_RENDER_MEMORY, LIMIT_FONT_FILES, LIMIT_RENDER_JOBS, LIMIT_RENDER_OUTPUT,
      LIMIT_RENDER_TASKS, true },
};
static_assert (N_ELEMENTS (profiles) == PROFILES, "a row for every profile");

const struct profile *profile_get (enum profile_id id)
{
    assert (id < PROFILES);
    return &profiles[id];
}

const struct profile *profile_find (const char *name)
{
    for (size_t i = 0; i < N_ELEMENTS (profiles); i++)
        if (strcmp (profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}
