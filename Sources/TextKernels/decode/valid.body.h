#if ISA_LEVEL == APUS_LEVEL_SCALAR

static int32_t ISA(validity)(const uint8_t *text, size_t count) {
  int32_t validity = APUS_TEXT_ASCII;
  size_t at = 0;
  while (at < count) {
    uint64_t eight;
    if (count - at >= 8 && (memcpy(&eight, text + at, 8), !(eight & 0x8080808080808080))) {
      at += 8;
    } else if (text[at] < 0x80) {
      at++;
    } else {
      size_t length = valid_length(text + at, count - at);
      if (length == 0) return APUS_TEXT_INVALID;
      validity = APUS_TEXT_UTF8;
      at += length;
    }
  }
  return validity;
}

#else

static inline __m256i ISA(nibbles)(const uint8_t *table, __m256i of) {
  __m256i both = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  return _mm256_shuffle_epi8(both, of);
}

static inline __m256i ISA(high_nibbles)(const uint8_t *table, __m256i of) {
  return ISA(nibbles)(table, _mm256_and_si256(_mm256_srli_epi16(of, 4), _mm256_set1_epi8(15)));
}

// Bytes that are not 0 where `now`, behind `before`, is wrong.
static inline __m256i ISA(errors)(__m256i before, __m256i now) {
  // The upper half of `before` and the lower one of `now`, so that bytes move across the middle.
  __m256i middle = _mm256_permute2x128_si256(before, now, 0x21);
  __m256i first = _mm256_alignr_epi8(now, middle, 15);
  __m256i wrong = _mm256_and_si256(
      _mm256_and_si256(
          ISA(high_nibbles)(first_high, first),
          ISA(nibbles)(first_low, _mm256_and_si256(first, _mm256_set1_epi8(15)))),
      ISA(high_nibbles)(second_high, now));
  // 0x80 and more where a lead of three or four bytes stands two places before, and one of four
  // bytes three.
  __m256i third =
      _mm256_subs_epu8(_mm256_alignr_epi8(now, middle, 14), _mm256_set1_epi8(0xE0 - 0x80));
  __m256i fourth =
      _mm256_subs_epu8(_mm256_alignr_epi8(now, middle, 13), _mm256_set1_epi8(0xF0 - 0x80));
  __m256i continues = _mm256_and_si256(
      _mm256_or_si256(third, fourth), _mm256_set1_epi8((char)TWO_CONTINUATIONS));
  return _mm256_xor_si256(wrong, continues);
}

static int32_t ISA(validity)(const uint8_t *text, size_t count) {
  __m256i before = _mm256_setzero_si256(), wrong = before, all = before;
  size_t at = 0;
  for (; count - at >= 32; at += 32) {
    __m256i now = _mm256_loadu_si256((const __m256i *)(text + at));
    all = _mm256_or_si256(all, now);
    // ASCII behind ASCII needs no look-up.
    if (_mm256_movemask_epi8(_mm256_or_si256(before, now)))
      wrong = _mm256_or_si256(wrong, ISA(errors)(before, now));
    before = now;
  }
  // Zeros behind the end show what is not finished there.
  uint8_t rest[32] = {0};
  memcpy(rest, text + at, count - at);
  __m256i now = _mm256_loadu_si256((const __m256i *)rest);
  all = _mm256_or_si256(all, now);
  wrong = _mm256_or_si256(wrong, ISA(errors)(before, now));
  if (!_mm256_testz_si256(wrong, wrong)) return APUS_TEXT_INVALID;
  return _mm256_movemask_epi8(all) ? APUS_TEXT_UTF8 : APUS_TEXT_ASCII;
}

#endif
