/* The verb `bindery policy simulate`. */
#pragma once

#include "cli/group.h"

struct simulate_options {
    struct command_server server;
    const char *user, *session, *source_ip, *user_agent, *time;
    GPtrArray *documents;
    bool secure;
};

extern const struct command_option simulate_options[];
int simulate_run (struct client *client, const void *options, char **words);

#define SIMULATE_VERB                                                                              \
    {                                                                                              \
        { "policy simulate",                                                                       \
          "say what would be decided, and by which statement",                                     \
          "ACTION RESOURCE",                                                                       \
          2,                                                                                       \
          2,                                                                                       \
          simulate_options,                                                                        \
          "Decides by the policies of a user or by documents in files, as a request of these\n"    \
          "facts would be decided. An action without a service is one of IMM; a resource may\n"    \
          "leave out acs:SERVICE:REGION:ACCOUNT:. The exit code is 0 if it would be allowed,\n"    \
          "else 3.\n\n"                                                                            \
          "  bindery policy simulate GetBinding project/demo/dataset/photos --user alice\n"        \
          "  bindery policy simulate DeleteDataset project/demo/dataset/photos --document "        \
          "team.json\n"                                                                            \
          "  bindery policy simulate SimpleQuery project/demo/dataset/photos -u alice "            \
          "--source-ip 192.0.2.7\n"                                                                \
          "  bindery policy simulate bindery:CreateUser '*' -u alice --secure\n" },                \
            sizeof (struct simulate_options), simulate_run                                         \
    }
