// Stretches of text between white space in ASCII.
#ifndef APUS_TEXT_STRETCHES_H
#define APUS_TEXT_STRETCHES_H

#include "../include/text_kernels.h"
#include "../split/classes.h"

// About so many are found at a time; there is room for STRETCH_ROOM.
#define STRETCHES 128
#define STRETCH_ROOM (STRETCHES + 32)

APUS_INLINE bool is_white(uint8_t byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

// Writes where stretches of text[*from ..< count] begin and end, ascending, and moves *from behind
// the last of them. text[*from - 1] is white, or *from is 0 or the end of a stretch. Returns how
// many; 0 where no more are left.
typedef size_t (*apus_text_stretch_finder)(
    const uint8_t *text, size_t count, size_t *from, size_t *starts, size_t *ends);

apus_text_stretch_finder apus_text_stretch_finder_for(int32_t isa);

#endif
