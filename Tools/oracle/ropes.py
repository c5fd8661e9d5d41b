"""Inverse frequencies of `transformers` for several configurations."""
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

LLAMA3 = {
    "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192}
CASES = [
    {"head_dim": 64, "rope_theta": 10000.0, "scaling": None},
    {"head_dim": 24, "rope_theta": 100000.0, "scaling": None},
    {"head_dim": 128, "rope_theta": 1000000.0, "scaling": {"rope_type": "linear", "factor": 4.0}},
    {"head_dim": 64, "rope_theta": 500000.0, "scaling": LLAMA3},
    {"head_dim": 128, "rope_theta": 500000.0, "scaling": {**LLAMA3, "factor": 8.0}},
]


def table():
    rows = []
    for case in CASES:
        scaling = case["scaling"] or {"rope_type": "default"}
        config = LlamaConfig(
            hidden_size=256, num_attention_heads=2, head_dim=case["head_dim"],
            max_position_embeddings=131072,
            rope_parameters={**scaling, "rope_theta": case["rope_theta"]})
        frequencies = LlamaRotaryEmbedding(config).inv_freq
        rows.append({**case, "inverse_frequencies": [float(f) for f in frequencies]})
    return rows
