#ifndef APUS_TEXT_SPLIT_H
#define APUS_TEXT_SPLIT_H

#include "masks.h"

// Room that a buffer of ends needs behind its capacity.
#define SPLIT_SLACK (2 * BLOCK)

// As apus_text_split; may write SPLIT_SLACK ends more than `capacity` and count BLOCK of them.
typedef size_t (*apus_text_splitter)(
    const apus_text_pattern *pattern, const uint8_t *text, size_t count, size_t *from,
    size_t *ends, size_t capacity);

apus_text_splitter apus_text_splitter_for(int32_t isa);

#endif
