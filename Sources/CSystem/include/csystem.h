// What the system offers and Swift cannot import: one header per theme.
#ifndef APUS_CSYSTEM_H
#define APUS_CSYSTEM_H

#include "mapping.h"
#include "sigbus.h"
#include "threads.h"

#endif
