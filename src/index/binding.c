/* Names of a binding's states and phases on the wire (spec section 6). */
#include "index/catalog.h"

const char *binding_state_name (enum binding_state state)
{
    static const char *const names[] = { [BINDING_READY] = "Ready",
                                         [BINDING_RUNNING] = "Running",
                                         [BINDING_STOPPED] = "Stopped",
                                         [BINDING_RETRYING] = "Retrying",
                                         [BINDING_FAILED] = "Failed" };
    return names[state];
}

const char *binding_phase_name (enum binding_phase phase)
{
    return phase == BINDING_FULL_SCANNING ? "FullScanning" : "IncrementalScanning";
}
