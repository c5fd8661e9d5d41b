// Bits of the 64 bytes at p that may begin a needle.
static inline uint64_t ISA(candidates)(const apus_text_needles *n, const uint8_t *p) {
#if ISA_LEVEL == APUS_LEVEL_SCALAR
  uint64_t bits = 0;
  for (uint32_t i = 0; i < 64; i++)
    bits |= (uint64_t)((n->low[p[i] & 15] & n->high[p[i] >> 4]) != 0) << i;
  return bits;
#else
  __m256i low = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)n->low));
  __m256i high = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)n->high));
  __m256i nibble = _mm256_set1_epi8(15);
  uint32_t none[2];
  for (int half = 0; half < 2; half++) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(p + 32 * half));
    __m256i a = _mm256_shuffle_epi8(low, _mm256_and_si256(v, nibble));
    __m256i b =
        _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    __m256i both = _mm256_and_si256(a, b);
    none[half] =
        (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
  }
  return ~((uint64_t)none[1] << 32 | none[0]);
#endif
}

static size_t ISA(find)(
    const apus_text_needles *n, const uint8_t *text, size_t count, size_t from) {
  while (count - from > 64) {
    for (uint64_t bits = ISA(candidates)(n, text + from); bits; bits &= bits - 1) {
      size_t at = from + (size_t)__builtin_ctzll(bits);
      if (is_pair(n, text[at], text[at + 1])) return at;
    }
    from += 64;
  }
  for (; from < count; from++) {
    bool is_last = from + 1 == count;
    if (is_last ? begins_any(n, text[from]) : is_pair(n, text[from], text[from + 1])) break;
  }
  return from;
}
