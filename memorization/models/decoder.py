"""A decoder, one token at a time: keys and values in places that are allocated once, every row at the same place.

The library's modules compute (norms, projections, feed-forward parts), where one operation cannot take the place of
several; what is left out is what they prepare anew for each token. All architectures here are blocks of one
form, x + attention(norm(x)), x + cross-attention(norm(x)), x + feed-forward(norm(x)), and a reader per architecture
says where its modules are.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

LOWEST = -1e9
"""Added to the score of a place that is not attended to: its weight is exactly 0, and a row of them is no NaN."""


@dataclass(frozen=True)
class Attention:
    """Where a block's attention has its parts; queries, keys and values of (rows, width) are (rows, heads * size)."""

    norm: Callable[[Any], Any]
    project: Callable[[Any], Sequence[Any]]
    output: Callable[[Any], Any]
    scale: float
    window: int | None = None


@dataclass(frozen=True)
class Block:
    """A layer of a decoder; `cross` reads what an encoder wrote."""

    attention: Attention
    cross: Attention | None
    norm: Callable[[Any], Any]
    feed_forward: Callable[[Any], Any]


@dataclass(frozen=True)
class Decoder:
    """A decoder's parts.

    `embed` takes tokens and positions (rows,); `rotation` of embeddings and positions gives the function that turns
    queries and keys. `bias(places)` are scores that relative positions add, (heads, places, places), None where a model
    has none. `heads` of keys and values have `size` numbers each.
    """

    blocks: Sequence[Block]
    heads: int
    size: int
    embed: Callable[[Any, Any], Any]
    scores: Callable[[Any], Any]
    rotation: Callable[[Any, Any], Callable[[Any, Any], tuple[Any, Any]]] | None = None
    bias: Callable[[int], Any] | None = None


@dataclass
class Cache:
    """Keys and values of a batch by block, (rows, heads, places, size), and what is added to scores.

    `first` (rows,) is the place of each row's first token, before which is padding; (1,) where all have one place.
    `cross` are keys and values of what the encoder read, `cross_mask` (rows, 1, 1, tokens) is added to their scores,
    `bias` to those of `own`.
    """

    own: list[tuple[Any, Any]]
    first: Any
    cross: list[tuple[Any, Any]]
    cross_mask: Any
    bias: Any

    def rows(self, kept: Any) -> Cache:
        """The same of the rows with these indices."""
        return replace(
            self,
            own=[(keys[kept], values[kept]) for keys, values in self.own],
            first=self.first if len(self.first) == 1 else self.first[kept],
            cross=[(keys[kept], values[kept]) for keys, values in self.cross],
            cross_mask=None if self.cross_mask is None else self.cross_mask[kept],
        )


@contextlib.contextmanager
def packed(model: Any) -> Iterator[None]:
    """Have the linear layers of a decoder multiply from copies of their weights in the order that a CPU reads them.

    A fifth faster for small batches, which wait for memory. In fp32 on a CPU; elsewhere, and in a torch without oneDNN,
    nothing changes.
    """
    import torch

    layers: list[Any] = []
    if model.device.type == "cpu" and model.dtype == torch.float32 and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        stack = model.decoder if model.config.is_encoder_decoder else model.base_model
        modules = [*stack.modules(), model.get_output_embeddings()]
        layers = [module for module in modules if isinstance(module, torch.nn.Linear)]
    for layer in layers:
        layer.forward = _multiplied(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def _multiplied(layer: Any) -> Callable[[Any], Any]:
    """A linear layer's function, from a copy of its weights as oneDNN orders them."""
    import torch

    operations, bias = torch.ops.mkldnn, layer.bias
    weights = operations._reorder_linear_weight(layer.weight.detach())
    return lambda x: operations._linear_pointwise(x, weights, bias, "none", [], "")


def read_prompts(model: Any, decoder: Decoder, ids: Any, mask: Any, start: Any) -> tuple[Cache, Any]:
    """What a model keeps of prompts (rows, width), padded on the left (encoder-decoder: on the right), and scores.

    Computed by the library. The cache has the places that were read: those of the prompts, or of the token `start` that
    an encoder-decoder's texts begin with. Scores (rows, vocabulary) are those of the first token after them.
    """
    import torch

    if model.config.is_encoder_decoder:
        starts = torch.full((len(ids), 1), start, device=ids.device)
        output = model(input_ids=ids, attention_mask=mask, decoder_input_ids=starts, use_cache=True)
        own, cross = output.past_key_values.self_attention_cache, output.past_key_values.cross_attention_cache
        first, scores = torch.zeros(1, dtype=torch.int64, device=ids.device), output.logits[:, -1]
        hidden = torch.zeros(mask.shape, dtype=scores.dtype, device=ids.device).masked_fill(mask == 0, LOWEST)
        return Cache(_layers(own), first, _layers(cross), hidden[:, None, None], None), scores
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    output = model.base_model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True)
    # The scores of the last place alone.
    scores = model.get_output_embeddings()(output.last_hidden_state[:, -1])
    return Cache(_layers(output.past_key_values), (mask == 0).sum(-1), [], None, None), scores


def _layers(cache: Any) -> list[tuple[Any, Any]]:
    return [(layer.keys, layer.values) for layer in cache.layers]


def with_places(decoder: Decoder, cache: Cache, places: int) -> Cache:
    """The cache with so many places allocated for keys and values."""
    import torch

    def longer(part: Any) -> Any:
        rows, heads, filled, size = part.shape
        # Zeros: a place that is not attended to is multiplied by 0, and must be no NaN.
        whole = torch.zeros((rows, heads, places, size), dtype=part.dtype, device=part.device)
        whole[:, :, :filled] = part
        return whole

    own = [(longer(keys), longer(values)) for keys, values in cache.own]
    cross = [(keys.contiguous(), values.contiguous()) for keys, values in cache.cross]
    return replace(cache, own=own, cross=cross, bias=None if decoder.bias is None else decoder.bias(places))


def read(decoder: Decoder, cache: Cache, tokens: Any, place: Any, seen: int) -> Any:
    """The scores (rows, vocabulary) of the token after `tokens` (rows,), whose keys and values are put at `place` (1,).

    Only the first `seen` places are looked at, which must be more than `place`; further ones cost time and change
    nothing.
    """
    positions = place - cache.first
    x = decoder.embed(tokens, positions)
    rotated = None if decoder.rotation is None else decoder.rotation(x, positions)
    masks: dict[int | None, Any] = {}
    for index, block in enumerate(decoder.blocks):
        keys, values = cache.own[index]
        attention = block.attention
        query, key, value = (
            part.view(len(tokens), -1, 1, decoder.size) for part in attention.project(attention.norm(x))
        )
        if rotated is not None:
            query, key = rotated(query, key)
        keys.index_copy_(2, place, key)
        values.index_copy_(2, place, value)
        if attention.window not in masks:
            masks[attention.window] = _mask(cache, place, seen, attention.window, x.dtype)
        mask = masks[attention.window]
        x = x + attention.output(_attend(query, keys[:, :, :seen], values[:, :, :seen], mask, attention.scale))
        if block.cross is not None:
            (query,) = block.cross.project(block.cross.norm(x))
            query = query.view(len(tokens), -1, 1, decoder.size)
            x = x + block.cross.output(_attend(query, *cache.cross[index], cache.cross_mask, block.cross.scale))
        x = x + block.feed_forward(block.norm(x))
    return decoder.scores(x)


def _attend(query: Any, keys: Any, values: Any, mask: Any, scale: float) -> Any:
    """What one query of each row and head (rows, heads, 1, size) takes from the values, (rows, heads * size)."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    rows, heads, _, size = keys.shape
    # Heads that share keys ask as several queries of one head.
    query = query.reshape(rows, heads, -1, size)
    if _on_cpu(query):
        attended = scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scale)
    else:
        # A GPU's fused kernels compute tiles of many queries, of which there is one.
        scores = torch.matmul(query if scale == 1 else query * scale, keys.transpose(2, 3))
        scores = scores if mask is None else scores + mask
        attended = torch.matmul(torch.softmax(scores, dim=-1), values)
    return attended.reshape(rows, -1)


def _mask(cache: Cache, place: Any, seen: int, window: int | None, dtype: Any) -> Any:
    """What is added to the scores of the first `seen` places: (rows or 1, heads or 1, 1, seen)."""
    import torch

    places = torch.arange(seen, device=place.device)
    hidden = (places < cache.first[:, None]) | (places > place)
    if window is not None:
        hidden |= places <= place - window
    mask = torch.zeros(hidden.shape, dtype=dtype, device=place.device).masked_fill(hidden, LOWEST)[:, None, None]
    if cache.bias is not None:
        mask = mask + cache.bias[:, :, :seen].index_select(1, place)[None]
    return mask


def _on_cpu(tensor: Any) -> bool:
    """Whether what is computed with a tensor has the forms for a CPU, whose numbers are the library's."""
    return bool(tensor.device.type == "cpu")


def _together(*layers: Any) -> Callable[[Any], Sequence[Any]]:
    """What several linear layers make of one input: on a GPU by one product, from a copy of their weights."""
    import torch

    if len(layers) == 1 or _on_cpu(layers[0].weight):
        return lambda x: [layer(x) for layer in layers]
    weights = torch.cat([layer.weight.detach() for layer in layers])
    bias = None if layers[0].bias is None else torch.cat([layer.bias.detach() for layer in layers])
    sizes = [len(layer.weight) for layer in layers]
    return lambda x: torch.nn.functional.linear(x, weights, bias).split(sizes, dim=-1)  # type: ignore[no-untyped-call]


def _norm(module: Any) -> Callable[[Any], Any]:
    """A norm by root mean square: on a GPU one operation in place of the library's six."""
    import torch

    if _on_cpu(module.weight):
        return cast(Callable[[Any], Any], module)
    weight, epsilon = module.weight.detach(), module.variance_epsilon
    return lambda x: torch.nn.functional.rms_norm(x, weight.shape, weight, epsilon)


def _activation(module: Any) -> Callable[[Any], Any]:
    """An activation: GELU's approximation as one operation in place of the library's eight."""
    import torch

    if type(module).__name__ != "NewGELUActivation":
        return cast(Callable[[Any], Any], module)
    return lambda x: torch.nn.functional.gelu(x, approximate="tanh")


def decoder_of(model: Any) -> Decoder:
    """The parts of a loaded transformers model, whose `model_type` is one of READERS."""
    return READERS[model.config.model_type](model)


def _t5(model: Any) -> Decoder:
    config, stack = model.config, model.decoder
    final = _norm(stack.final_layer_norm)
    # A head that shares its weights with the embeddings.
    factor = config.d_model**-0.5 if getattr(config, "scale_decoder_outputs", config.tie_word_embeddings) else 1.0

    def attention(layer: Any, module: Any, *projections: Any) -> Attention:
        return Attention(_norm(layer.layer_norm), _together(*projections), module.o, 1.0)

    def block(layers: Any) -> Block:
        own, cross, feed_forward = layers
        self_attention, cross_attention = own.SelfAttention, cross.EncDecAttention
        return Block(
            attention(own, self_attention, self_attention.q, self_attention.k, self_attention.v),
            attention(cross, cross_attention, cross_attention.q),
            _norm(feed_forward.layer_norm),
            feed_forward.DenseReluDense,
        )

    return Decoder(
        [block(each.layer) for each in stack.block],
        config.num_heads,
        config.d_kv,
        lambda tokens, positions: stack.embed_tokens(tokens),
        lambda x: model.lm_head(final(x) * factor),
        bias=lambda places: stack.block[0].layer[0].SelfAttention.compute_bias(places, places)[0],
    )


def _feed_forward(module: Any) -> Callable[[Any], Any]:
    """That of GPT-2 and GPT-Neo."""
    activation = _activation(module.act)
    return lambda x: module.c_proj(activation(module.c_fc(x)))


def _gpt(model: Any, block: Callable[[Any], Block]) -> Decoder:
    """What GPT-2 and GPT-Neo share: all but their blocks' attention."""
    stack, heads = model.transformer, model.config.num_attention_heads
    return Decoder(
        [block(each) for each in stack.h],
        heads,
        model.config.hidden_size // heads,
        lambda tokens, positions: stack.wte(tokens) + stack.wpe(positions),
        lambda x: model.lm_head(stack.ln_f(x)),
    )


def _gpt2(model: Any) -> Decoder:
    def block(each: Any) -> Block:
        attention = Attention(
            each.ln_1, lambda x: each.attn.c_attn(x).chunk(3, dim=-1), each.attn.c_proj, each.attn.scaling
        )
        return Block(attention, None, each.ln_2, _feed_forward(each.mlp))

    return _gpt(model, block)


def _gpt_neo(model: Any) -> Decoder:
    def block(each: Any) -> Block:
        own = each.attn.attention
        window = model.config.window_size if own.attention_type == "local" else None
        attention = Attention(each.ln_1, _together(own.q_proj, own.k_proj, own.v_proj), own.out_proj, 1.0, window)
        return Block(attention, None, each.ln_2, _feed_forward(each.mlp))

    return _gpt(model, block)


def _llama(model: Any) -> Decoder:
    from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

    stack = model.model
    final = _norm(stack.norm)

    def block(each: Any) -> Block:
        own = each.self_attn
        attention = Attention(
            _norm(each.input_layernorm), _together(own.q_proj, own.k_proj, own.v_proj), own.o_proj, own.scaling
        )
        return Block(attention, None, _norm(each.post_attention_layernorm), each.mlp)

    def rotation(x: Any, positions: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
        cosine, sine = stack.rotary_emb(x, positions[:, None])
        return lambda query, key: apply_rotary_pos_emb(query, key, cosine, sine)

    return Decoder(
        [block(each) for each in stack.layers],
        model.config.num_key_value_heads,
        stack.layers[0].self_attn.head_dim,
        lambda tokens, positions: stack.embed_tokens(tokens),
        lambda x: model.lm_head(final(x)),
        rotation=rotation,
    )


READERS: dict[str, Callable[[Any], Decoder]] = {"t5": _t5, "gpt2": _gpt2, "gpt_neo": _gpt_neo, "llama": _llama}
