"""Writes a model as llama.cpp's converter does, under the names that gguf-py gives.

What a family stores otherwise than `transformers` is its recipe's `Layout`.
"""
import dataclasses
import typing

import gguf
import numpy
import torch


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a family's file differs from its state dict."""
    #: `tokenizer.ggml.model` and `tokenizer.ggml.pre`.
    vocabulary: str = "gpt2"
    pre: str = "default"
    #: A tensor as it is stored, from its name in `transformers`, its values and the configuration.
    arrange: typing.Callable = lambda name, array, config: array
    #: Tensors that the state dict lacks, from the configuration.
    extra: typing.Callable = lambda config: {}
    #: Stems of names whose matrices stay float32 in block formats.
    dense: tuple = ()


def tokens(writer, layout, count):
    """A vocabulary of single characters, so that the file is a whole model."""
    texts = ["<unk>", "<s>", "</s>"] + [chr(ord("!") + i) for i in range(count - 3)]
    writer.add_tokenizer_model(layout.vocabulary)
    writer.add_tokenizer_pre(layout.pre)
    if layout.vocabulary == "gpt2":
        texts[-1] = texts[3] + texts[4]
        writer.add_token_merges([f"{texts[3]} {texts[4]}"])
    writer.add_token_list(texts)
    writer.add_token_scores([0.0] * count)
    writer.add_token_types([2, 3, 3] + [1] * (count - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)


def hyperparameters(writer, config):
    writer.add_name("fixture")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    inner = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    writer.add_feed_forward_length(inner)
    writer.add_head_count(config.num_attention_heads)
    writer.add_vocab_size(config.vocab_size)
    rope = getattr(config, "rope_parameters", None)
    if rope is None:
        writer.add_layer_norm_eps(config.layer_norm_epsilon)
        return
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)


def stored_type(array, stem, kind, layout):
    """Vectors stay float32, and so do rows that are no whole number of blocks."""
    wanted = gguf.GGMLQuantizationType[kind.upper()]
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    is_dense = kind not in ("f32", "bf16") and (stem in layout.dense or array.shape[-1] % block)
    return gguf.GGMLQuantizationType.F32 if array.ndim == 1 or is_dense else wanted


def write(model, path, layout, kind):
    """
    - kind: f32, bf16, or a block format of gguf-py, such as q8_0.
    """
    config = model.config
    writer = gguf.GGUFWriter(str(path), config.model_type)
    hyperparameters(writer, config)
    writer.add_file_type({"f32": 0, "bf16": 32, "q8_0": 7, "q4_0": 2, "q4_1": 3}[kind])
    tokens(writer, layout, config.vocab_size)
    architecture = next(key for key, name in gguf.MODEL_ARCH_NAMES.items()
                        if name == config.model_type)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    arrays = dict(layout.extra(config))
    for name, value in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        array = layout.arrange(name, value.to(torch.float32).numpy(), config)
        arrays[target] = numpy.ascontiguousarray(array)
    for name, array in arrays.items():
        stored = stored_type(array, name.rsplit(".", 1)[0], kind, layout)
        if stored != gguf.GGMLQuantizationType.F32:
            array = gguf.quants.quantize(array, stored)
        writer.add_tensor(name, array, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.chmod(0o644)
