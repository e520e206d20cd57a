"""The benchmark of the text encoder, run once as `python -m bench --only encode --quick` runs it."""

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from bench.encode import BATCHES, KERAS, PREDICT, TF_FUNCTION, batch_name
from bench.groups import GROUPS, run_group
from bench.options import Options
from text_encoders import RELEASED

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]


def test_a_text_is_timed_alone_in_batches_and_beside_tensorflow() -> None:
    figures = run_group(GROUPS["encode"], Options(quick=True, artifacts=RELEASED))["figures"]
    assert set(figures["timings"]) == {*map(batch_name, BATCHES), TF_FUNCTION, KERAS, PREDICT}
    assert all(0 < each["p50_ms"] <= each["p99_ms"] for each in figures["timings"].values())
    assert set(figures["ratios"]) == {
        *(f"{name} / 1 text" for name in (TF_FUNCTION, KERAS, PREDICT)),
        *(f"1 text / a text of {size}" for size in BATCHES[1:]),
    }
