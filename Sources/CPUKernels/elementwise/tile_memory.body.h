// Loads and stores of tile programs; included once per instruction set.

APUS_INLINE float ISA(tile_load_one)(const char *p, int32_t type) {
  switch (type) {
    case APUS_INT32: return (float)*(const int32_t *)p;
    case APUS_BFLOAT16: return apus_float_from_bf16(*(const uint16_t *)p);
    case APUS_FLOAT16: return apus_float_from_f16(*(const uint16_t *)p);
    case APUS_BOOL8: return *(const uint8_t *)p ? 1.0f : 0.0f;
    default: return *(const float *)p;
  }
}

APUS_INLINE int32_t ISA(tile_integer)(float x) {
  if (x >= 0x1p31f) return INT32_MAX;
  return x > -0x1p31f ? (int32_t)x : INT32_MIN;
}

APUS_INLINE void ISA(tile_store_one)(char *p, int32_t type, float x) {
  switch (type) {
    case APUS_INT32: *(int32_t *)p = ISA(tile_integer)(x); break;
    case APUS_BFLOAT16: *(uint16_t *)p = apus_bf16_from_float(x); break;
    case APUS_FLOAT16: *(uint16_t *)p = apus_f16_from_float(x); break;
    case APUS_BOOL8: *(uint8_t *)p = x != 0; break;
    default: *(float *)p = x;
  }
}

static void ISA(tile_load)(
    const apus_tile_operand *operand, const char *p, vf *to, int64_t count) {
  int64_t stride = operand->strides[APUS_TILE_DIMS - 1];
  int64_t vectors = apus_round_up(count) / LANE_COUNT;
  if (stride == 0) {
    vf value = (vf)ISA(tile_load_one)(p, operand->type);
    for (int64_t v = 0; v < vectors; v++) to[v] = value;
  } else if (stride == 1 && operand->type == APUS_FLOAT32) {
    const float *from = (const float *)p;
    for (int64_t v = 0; v < vectors; v++)
      to[v] = ISA(load_part)(from + v * LANE_COUNT, count - v * LANE_COUNT);
  } else if (stride == 1 && operand->type == APUS_BFLOAT16) {
    const uint16_t *from = (const uint16_t *)p;
    for (int64_t v = 0; v < vectors; v++)
      to[v] = ISA(load_bf16_part)(from + v * LANE_COUNT, count - v * LANE_COUNT);
  } else if (stride == 1 && operand->type == APUS_FLOAT16) {
    const uint16_t *from = (const uint16_t *)p;
    for (int64_t v = 0; v < vectors; v++)
      to[v] = ISA(load_f16_part)(from + v * LANE_COUNT, count - v * LANE_COUNT);
  } else {
    float *lanes = (float *)to;
    int64_t step = stride * tile_element_bytes(operand->type);
    for (int64_t i = 0; i < count; i++)
      lanes[i] = ISA(tile_load_one)(p + i * step, operand->type);
    for (int64_t i = count; i < vectors * LANE_COUNT; i++) lanes[i] = 0;
  }
}

static void ISA(tile_store)(
    const apus_tile_operand *operand, char *p, const vf *from, int64_t count) {
  int64_t stride = operand->strides[APUS_TILE_DIMS - 1];
  int64_t vectors = apus_round_up(count) / LANE_COUNT;
  if (stride == 1 && operand->type == APUS_FLOAT32) {
    float *to = (float *)p;
    for (int64_t v = 0; v < vectors; v++)
      ISA(store_part)(to + v * LANE_COUNT, from[v], count - v * LANE_COUNT);
  } else if (stride == 1 && operand->type == APUS_BFLOAT16) {
    uint16_t *to = (uint16_t *)p;
    for (int64_t v = 0; v < vectors; v++)
      ISA(store_bf16_part)(to + v * LANE_COUNT, from[v], count - v * LANE_COUNT);
  } else if (stride == 1 && operand->type == APUS_FLOAT16) {
    uint16_t *to = (uint16_t *)p;
    for (int64_t v = 0; v < vectors; v++)
      ISA(store_f16_part)(to + v * LANE_COUNT, from[v], count - v * LANE_COUNT);
  } else {
    const float *lanes = (const float *)from;
    int64_t step = stride * tile_element_bytes(operand->type);
    for (int64_t i = 0; i < count; i++)
      ISA(tile_store_one)(p + i * step, operand->type, lanes[i]);
  }
}
