// Bits of the white space in ASCII (space, tab, line feed, carriage return) among 64 bytes at p.

#if ISA_LEVEL == APUS_LEVEL_AVX512

APUS_INLINE uint64_t ISA(white)(const uint8_t *p) {
  __m512i v = _mm512_loadu_si512(p);
  return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' ')) |
         _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')) |
         _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\t')) |
         _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
}

#elif ISA_LEVEL == APUS_LEVEL_AVX2

APUS_INLINE uint32_t ISA(white_half)(const uint8_t *p) {
  __m256i v = _mm256_loadu_si256((const __m256i *)p);
  __m256i spaces = _mm256_or_si256(
      _mm256_cmpeq_epi8(v, _mm256_set1_epi8(' ')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')));
  __m256i lines = _mm256_or_si256(
      _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')), _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r')));
  return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(spaces, lines));
}

APUS_INLINE uint64_t ISA(white)(const uint8_t *p) {
  return ISA(white_half)(p) | (uint64_t)ISA(white_half)(p + 32) << 32;
}

#else

APUS_INLINE uint64_t ISA(white)(const uint8_t *p) {
  uint64_t bits = 0;
  for (uint32_t i = 0; i < 64; i++) bits |= (uint64_t)is_white(p[i]) << i;
  return bits;
}

#endif

static size_t ISA(find_stretches)(
    const uint8_t *text, size_t count, size_t *from, size_t *starts, size_t *ends) {
  size_t at = *from, started = 0, ended = 0;
  while (at < count && started < STRETCHES) {
    uint8_t padded[64];
    const uint8_t *block = text + at;
    if (count - at < 64) {
      memset(padded, ' ', sizeof padded);
      memcpy(padded, block, count - at);
      block = padded;
    }
    uint64_t inside = ~ISA(white)(block);
    // The bit before each, which for the first is whether a stretch is open.
    uint64_t before = inside << 1 | (started > ended);
    for (uint64_t bits = inside & ~before; bits; bits &= bits - 1)
      starts[started++] = at + (size_t)__builtin_ctzll(bits);
    for (uint64_t bits = ~inside & before; bits; bits &= bits - 1)
      ends[ended++] = at + (size_t)__builtin_ctzll(bits);
    at += 64;
  }
  if (at >= count) {
    if (started > ended) ends[ended] = count;
    *from = count;
    return started;
  }
  // One that is open is for the next time, unless there is no other.
  if (started > ended) {
    *from = starts[--started];
  } else {
    *from = at;
  }
  return started;
}
