"""Passes of a training as CUDA graphs: a GPU that computes faster than Python can ask for is not kept waiting.

A pass of a model with 24 layers starts thousands of kernels. For each shape of batches they are recorded once and then
started together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Before a pass is recorded: layers are compiled, libraries choose their kernels.
WARM_UPS = 3


# Architectures that take the masks of `with_whole_masks`.
ARCHITECTURES = ("t5", "bart")


def can_be_captured(model: Any) -> bool:
    """Whether the passes of a model can be recorded: its masks are known, and it computes no layer again."""
    checkpointing = any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
    return model.config.model_type in ARCHITECTURES and not checkpointing


@dataclass
class _Recorded:
    graph: Any
    inputs: Mapping[str, Any]
    share: Any
    loss: Any


class CapturedPasses:
    """Forward and backward passes of batches on one GPU, recorded for each shape.

    `backward` takes tensors by name and a share, a tensor (), adds the gradients of that share of the loss to those of
    `trainable`, and returns it. All it does it does on the GPU.
    """

    def __init__(self, backward: Callable[[Mapping[str, Any], Any], Any], trainable: Sequence[Any]) -> None:
        import torch

        self.backward, self.trainable = backward, trainable
        self.recorded: dict[tuple[Any, ...], _Recorded] = {}
        self.memory = torch.cuda.graph_pool_handle()
        for parameter in trainable:
            # In one place for all graphs.
            parameter.grad = torch.zeros_like(parameter)

    def __call__(self, batch: Mapping[str, Any], share: float) -> Any:
        """As `backward`."""
        batch = with_whole_masks(batch)
        shape = tuple((name, tuple(value.shape)) for name, value in batch.items())
        if shape not in self.recorded:
            self.recorded[shape] = self._record(batch, share)
        recorded = self.recorded[shape]
        for name, value in batch.items():
            recorded.inputs[name].copy_(value)
        recorded.share.fill_(share)
        recorded.graph.replay()
        # Its memory is that of the next pass.
        return recorded.loss.clone()

    def _record(self, batch: Mapping[str, Any], share: float) -> _Recorded:
        """Record a pass, which changes neither gradients nor streams of random numbers."""
        import torch

        device = self.trainable[0].device
        inputs = {name: value.clone() for name, value in batch.items()}
        factor = torch.full((), share, device=device)
        gradients = [parameter.grad.clone() for parameter in self.trainable]
        drawn = torch.cuda.get_rng_state(device)
        aside: Any = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_UPS):
                self.backward(inputs, factor)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.memory):
            loss = self.backward(inputs, factor)
        torch.cuda.set_rng_state(drawn, device)
        for parameter, gradient in zip(self.trainable, gradients, strict=True):
            parameter.grad.copy_(gradient)
        return _Recorded(graph, inputs, factor, loss)


def with_whole_masks(batch: Mapping[str, Any]) -> dict[str, Any]:
    """A batch of an encoder-decoder model with the masks that are added to scores of attention, for both its parts.

    Made by the model, they would be copied from the processor, and made in another way where nothing is padded: neither
    can be recorded.
    """
    import torch

    least = torch.finfo(torch.float32).min
    read, length = batch["attention_mask"], batch["labels"].shape[1]
    hidden = torch.ones(length, length, dtype=torch.bool, device=read.device).triu(1)
    return {
        **batch,
        "attention_mask": torch.zeros(read.shape, device=read.device).masked_fill(read == 0, least)[:, None, None, :],
        "decoder_attention_mask": torch.zeros(hidden.shape, device=read.device).masked_fill(hidden, least)[None, None],
    }
