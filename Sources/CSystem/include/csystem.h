// What the system offers and Swift cannot import: one header per theme.
#ifndef APUS_CSYSTEM_H
#define APUS_CSYSTEM_H

#include "mapping.h"

#if __has_include("threads.h")
#include "threads.h"
#endif

#endif
