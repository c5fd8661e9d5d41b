// The masks of the 64 bytes at p, of which `p[64 ..< 68]` may be read too.

#if ISA_LEVEL == APUS_LEVEL_AVX512

APUS_INLINE void ISA(classify)(const uint8_t *p, apus_text_masks *m) {
  __m512i v = _mm512_loadu_si512(p);
  __m512i folded = _mm512_or_si512(v, _mm512_set1_epi8(0x20));
  __m512i from_a = _mm512_sub_epi8(folded, _mm512_set1_epi8('a'));
  m->letters = _mm512_cmplt_epu8_mask(from_a, _mm512_set1_epi8(26));
  m->lowers = m->letters & _mm512_test_epi8_mask(v, _mm512_set1_epi8(0x20));
  m->numbers = _mm512_cmplt_epu8_mask(
      _mm512_sub_epi8(v, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
  m->blanks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(' '));
  m->newlines = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')) |
                _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
  m->spaces = m->blanks | _mm512_cmplt_epu8_mask(
      _mm512_sub_epi8(v, _mm512_set1_epi8('\t')), _mm512_set1_epi8(5));
  m->apostrophes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\''));
  m->slashes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('/'));
  m->high = _mm512_movepi8_mask(v);
  m->continuation = _mm512_cmplt_epi8_mask(v, _mm512_set1_epi8((char)0xC0));
}

#elif ISA_LEVEL == APUS_LEVEL_AVX2

// Not inlined into the algebra on the masks: the compiler would do that on vectors of bytes.
static __attribute__((noinline)) void ISA(classify)(const uint8_t *p, apus_text_masks *m) {
  __m256i v0 = _mm256_loadu_si256((const __m256i *)p);
  __m256i v1 = _mm256_loadu_si256((const __m256i *)(p + 32));
#define BITS(of) \
  ((uint64_t)(uint32_t)_mm256_movemask_epi8(of(v0)) | \
   (uint64_t)(uint32_t)_mm256_movemask_epi8(of(v1)) << 32)
#define SPLAT(x) _mm256_set1_epi8((char)(x))
#define EQUAL(v, x) _mm256_cmpeq_epi8(v, SPLAT(x))
// Signed comparison after moving `first` to -128.
#define RANGE(v, first, count) \
  _mm256_cmpgt_epi8(SPLAT((count)-128), _mm256_sub_epi8(v, SPLAT((first) + 128)))
#define FOLDED(v) _mm256_or_si256(v, SPLAT(0x20))
#define LETTER(v) RANGE(FOLDED(v), 'a', 26)
#define LOWER(v) RANGE(v, 'a', 26)
#define NUMBER(v) RANGE(v, '0', 10)
#define BLANK(v) EQUAL(v, ' ')
#define NEWLINE(v) _mm256_or_si256(EQUAL(v, '\n'), EQUAL(v, '\r'))
#define CONTROL_SPACE(v) RANGE(v, '\t', 5)
#define APOSTROPHE(v) EQUAL(v, '\'')
#define SLASH(v) EQUAL(v, '/')
#define SAME(v) v
#define CONTINUATION(v) _mm256_cmpgt_epi8(SPLAT(0xC0), v)
  m->letters = BITS(LETTER);
  m->lowers = BITS(LOWER);
  m->numbers = BITS(NUMBER);
  m->blanks = BITS(BLANK);
  m->newlines = BITS(NEWLINE);
  m->spaces = m->blanks | BITS(CONTROL_SPACE);
  m->apostrophes = BITS(APOSTROPHE);
  m->slashes = BITS(SLASH);
  m->high = BITS(SAME);
  m->continuation = BITS(CONTINUATION);
#undef BITS
#undef SPLAT
#undef EQUAL
#undef RANGE
#undef FOLDED
#undef LETTER
#undef LOWER
#undef NUMBER
#undef BLANK
#undef NEWLINE
#undef CONTROL_SPACE
#undef APOSTROPHE
#undef SLASH
#undef SAME
#undef CONTINUATION
}

#else

APUS_INLINE void ISA(classify)(const uint8_t *p, apus_text_masks *m) {
  *m = (apus_text_masks){0};
  for (uint32_t i = 0; i < BLOCK; i++) {
    uint8_t byte = p[i];
    uint64_t bit = (uint64_t)1 << i;
    if (byte >= 0x80) {
      m->high |= bit;
      if (byte < 0xC0) m->continuation |= bit;
      continue;
    }
    switch (apus_text_classes[byte]) {
      case CLASS_LOWER: m->lowers |= bit; m->letters |= bit; break;
      case CLASS_UPPER: m->letters |= bit; break;
      case CLASS_NUMBER: m->numbers |= bit; break;
      case CLASS_SPACE:
        m->spaces |= bit;
        if (byte == ' ') m->blanks |= bit;
        if (is_newline(byte)) m->newlines |= bit;
        break;
      default:
        if (byte == '\'') m->apostrophes |= bit;
        if (byte == '/') m->slashes |= bit;
    }
  }
}

#endif
