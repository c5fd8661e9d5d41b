#ifndef APUS_CSYSTEM_H
#define APUS_CSYSTEM_H
#if __has_include("mapping.h")
#include "mapping.h"
#endif
#if __has_include("threads.h")
#include "threads.h"
#endif
#endif
