"""The seed's training loop, and the exports, on networks small enough to train in a moment."""

from pathlib import Path

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

from training.regression import exporting  # noqa: E402
from training.regression.exporting import Exportable, ExportError, export_model  # noqa: E402
from training.regression.fitting import (  # noqa: E402
    Examples,
    Schedule,
    fit,
    predict,
    seed_everything,
    squared_distance,
)
from training.regression.litert import MODEL_FILE, run_litert  # noqa: E402

pytestmark = pytest.mark.tensorflow

SCHEDULE = Schedule(steps=5, batch_size=4, learning_rate=0.1)


def tiny_model(seed: int = 1) -> keras.Model:
    seed_everything(seed)
    features = keras.Input((2,), name="features")
    return keras.Model({"features": features}, keras.layers.Dense(3, activation="sigmoid")(features))


def tiny_examples(weight: float = 1) -> Examples:
    features = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    targets = np.tile(np.array([[0.9, 0.1, 0.5]], np.float32), (10, 1))
    return Examples({"features": features}, targets, np.full(10, weight, np.float32))


def tiny_exportable(model: keras.Model, **changes: object) -> Exportable:
    """Two outputs, `vad` and `double`, of one input."""
    module = tf.Module()
    module.variables_ = [variable.value for variable in model.variables]

    def encode(features: tf.Tensor) -> dict[str, tf.Tensor]:
        vad = model({"features": features}, training=False)
        return {"vad": vad, "double": tf.concat([vad, vad], axis=1)}

    settings = {
        "encode": encode,
        "specs": {"features": tf.TensorSpec((None, 2), tf.float32)},
        "module": module,
        "tolerances": {"vad": 1e-5, "double": 1e-5},
    }
    return Exportable(**(settings | changes))


def test_squared_distance_sums_over_the_three_axes() -> None:
    distances = squared_distance(np.zeros((2, 3), np.float32), np.array([[1, 2, 2], [0, 0, 3]], np.float32))
    assert distances.numpy().tolist() == [9, 9]


def test_fitting_brings_the_prediction_nearer() -> None:
    model, examples = tiny_model(), tiny_examples()
    before = np.abs(predict(model, examples.inputs) - examples.targets).mean()
    fit(model, examples, SCHEDULE)
    assert np.abs(predict(model, examples.inputs) - examples.targets).mean() < before


def test_examples_without_weight_teach_nothing() -> None:
    model = tiny_model()
    before = model.get_weights()
    fit(model, tiny_examples(weight=0), SCHEDULE)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_one_seed_gives_one_network_and_another_seed_another() -> None:
    kernels = []
    for seed in (1, 1, 2):
        model = tiny_model(seed)
        fit(model, tiny_examples(), SCHEDULE)
        kernels.append(model.get_weights()[0])
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 1e-3


def test_an_export_answers_any_number_of_rows_by_name(tmp_path: Path) -> None:
    model, examples = tiny_model(), tiny_examples()
    differences = export_model(tiny_exportable(model), tmp_path, examples.inputs)
    assert set(differences) == {"vad", "double"}
    many = {"features": np.random.default_rng(1).normal(size=(600, 2)).astype(np.float32)}
    outputs = run_litert(tmp_path / MODEL_FILE, many)
    np.testing.assert_allclose(outputs["vad"], predict(model, many), atol=1e-6)
    np.testing.assert_array_equal(outputs["double"], np.concatenate([outputs["vad"]] * 2, axis=1))
    nothing = run_litert(tmp_path / MODEL_FILE, {"features": np.empty((0, 2), np.float32)})
    assert {name: rows.shape for name, rows in nothing.items()} == {"vad": (0, 3), "double": (0, 6)}


def test_litert_alone_may_be_written_and_is_compared_too(tmp_path: Path) -> None:
    model, examples = tiny_exportable(tiny_model(), lite_only=True), tiny_examples()
    differences = export_model(model, tmp_path, examples.inputs)
    assert (set(differences), max(differences.values()) <= 1e-5) == ({"vad", "double"}, True)
    assert [file.name for file in tmp_path.iterdir()] == [MODEL_FILE]


@pytest.mark.parametrize("wrong", [1e-4, np.nan])
def test_an_export_that_strays_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: float
) -> None:
    def stray(*arguments: object) -> dict[str, np.ndarray]:
        outputs = run_litert(*arguments)
        return outputs | {"vad": outputs["vad"] + wrong}

    monkeypatch.setattr(exporting, "run_litert", stray)
    with pytest.raises(ExportError, match=r"model.tflite: vad differs .* at batch size 1,"):
        export_model(tiny_exportable(tiny_model()), tmp_path, tiny_examples().inputs)


def test_litert_may_have_signatures_of_other_shapes(tmp_path: Path) -> None:
    def total(features: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"total": tf.reduce_sum(features, axis=1, keepdims=True)}

    specs = {"narrow": {"features": tf.TensorSpec((None, 1), tf.float32)}}
    model = tiny_exportable(
        tiny_model(), encode=total, tolerances={"total": 1e-5}, lite_signatures=specs, module=tf.Module()
    )
    export_model(model, tmp_path, tiny_examples().inputs)
    narrow = run_litert(tmp_path / MODEL_FILE, {"features": np.array([[3], [4]], np.float32)}, "narrow")
    assert narrow["total"].tolist() == [[3], [4]]


def test_litert_may_run_a_form_of_its_own_within_the_tolerance(tmp_path: Path) -> None:
    model = tiny_model()

    def other(features: tf.Tensor) -> dict[str, tf.Tensor]:
        vad = model({"features": features}, training=False) + 0.01
        return {"vad": vad, "double": tf.concat([vad, vad], axis=1)}

    inputs = tiny_examples().inputs
    loose = {"vad": 0.02, "double": 0.02}
    differences = export_model(
        tiny_exportable(model, lite_encode=other, tolerances=loose), tmp_path / "loose", inputs
    )
    assert differences["vad"] == pytest.approx(0.01, rel=1e-3)
    with pytest.raises(ExportError, match=r"model.tflite: (vad|double) differs"):
        export_model(tiny_exportable(model, lite_encode=other), tmp_path / "strict", inputs)
