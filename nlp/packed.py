"""Texts of many lengths through a network without padding: their tokens stand one after the other,
and only attention knows where a text begins. Texts of one length attend together.

Layers other than attention look at one token at a time, so nothing else of the network changes.
Source: https://huggingface.co/docs/transformers/attention_interface
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

_NAME: Final = "packed"
_KINDS: Final = frozenset({"bert"})
"""Kinds of networks that count positions from 0 and take them from outside."""
_STEP: Final = 64
"""Tokens of a batch go by so many: the kernels of every new number stay in memory."""


class _Run(NamedTuple):
    """Tokens of texts of one length, one text after the other."""

    start: int
    texts: int
    length: int


class _Packed(NamedTuple):
    """Which texts stand where: `mask`, texts by tokens, in the order of `order`."""

    mask: Tensor
    order: Tensor
    runs: tuple[_Run, ...]


def pack(module: Any) -> None:
    """Have sentence-transformers' module think without padding, where its network is of a kind that
    can; its token vectors come back padded, as it gives them."""
    if module.config.model_type in _KINDS:
        AttentionInterface.register(_NAME, _attend)
        module.auto_model.set_attn_implementation(_NAME)
        module.register_forward_pre_hook(_before)
        module.register_forward_hook(_after)


def _before(_module: Any, args: tuple[dict[str, Any]]) -> tuple[dict[str, Any]]:
    ids, mask = args[0]["input_ids"], args[0]["attention_mask"]
    lengths, order = mask.sum(1).sort(stable=True)
    kept = mask[order].bool()
    tokens = ids[order][kept]
    positions = torch.arange(ids.shape[1]).expand_as(ids)[kept]
    more = (0, -len(tokens) % _STEP)
    packed = _Packed(kept, order, tuple(_runs(lengths)))
    said = {"input_ids": pad(tokens, more)[None], "position_ids": pad(positions, more)[None]}
    return ({**said, "modality": args[0]["modality"], _NAME: packed},)


def _runs(lengths: Tensor) -> Iterator[_Run]:
    values, counts = torch.unique_consecutive(lengths, return_counts=True)
    tokens = values * counts
    return map(_Run._make, torch.stack((tokens.cumsum(0) - tokens, counts, values), 1).tolist())


def _attend(
    _module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    _mask: Tensor | None,
    *,
    scaling: float,
    packed: _Packed,
    **_: Any,
) -> tuple[Tensor, None]:
    """Query, key and value: 1, heads, tokens, size; what comes back: 1, tokens, heads, size."""
    found = torch.zeros_like(query.transpose(1, 2))
    for start, texts, length in packed.runs:
        part = slice(start, start + texts * length)
        asked, keys, values = (
            each[0, :, part].reshape(len(each[0]), texts, length, -1).transpose(0, 1)
            for each in (query, key, value)
        )
        seen = scaled_dot_product_attention(asked, keys, values, scale=scaling)
        found[0, part] = seen.transpose(1, 2).flatten(0, 1)
    return found, None


def _after(_module: Any, _args: Any, said: dict[str, Any]) -> dict[str, Any]:
    mask, order, _ = said[_NAME]
    tokens = said["token_embeddings"][0, : int(mask.sum())]
    padded = tokens.new_zeros((*mask.shape, tokens.shape[-1]))
    padded[mask] = tokens
    back = order.argsort()
    return {"token_embeddings": padded[back], "attention_mask": mask[back]}
