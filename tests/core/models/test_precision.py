"""Precision is what the processor says."""

from __future__ import annotations

import pytest
import torch

from core.errors import InputError
from core.models.precision import default_precision, fast_bfloat16, resolve_precision


@pytest.mark.parametrize(
    ("features", "fast"),
    [
        ({"amx_bf16": True}, True),
        ({"avx512_bf16": True}, True),
        ({"avx2": True, "amx_bf16": False}, False),
        ({}, False),
    ],
)
def test_bfloat16_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch, features: dict, fast: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    assert fast_bfloat16() is fast
    assert default_precision() == ("bfloat16" if fast else "float32")
    assert resolve_precision("auto") == default_precision()
    assert resolve_precision("float32") == "float32"


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(InputError, match="float8"):
        resolve_precision("float8")
