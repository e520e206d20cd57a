"""VGGish's network: the published layers, weights on disk, and what comes out for given weights."""

from pathlib import Path

import numpy as np
import pytest

from ambiance.audio.architecture import PUBLISHED
from ambiance.audio.hearing import Hearing
from ambiance.audio.weights import expected_shapes, read_weights, write_weights
from ambiance.errors import ArtifactError
from vggish_files import NARROW, random_arrays, random_weights

# Weights and biases of each layer, by hand: 3 x 3 x in x out + out, and in x out + out.
PUBLISHED_PARAMETERS = {
    "conv1": 640,
    "conv2": 73_856,
    "conv3_1": 295_168,
    "conv3_2": 590_080,
    "conv4_1": 1_180_160,
    "conv4_2": 2_359_808,
    "fc1_1": 50_335_744,  # 6 x 4 x 512 = 12,288 in
    "fc1_2": 16_781_312,
    "fc2": 524_416,
}


def test_the_published_layers_have_72_1_million_parameters() -> None:
    assert PUBLISHED.parameter_count() == sum(PUBLISHED_PARAMETERS.values()) == 72_141_184


@pytest.mark.tensorflow
def test_keras_has_the_published_layers() -> None:
    from ambiance.audio.network import build

    model = build()
    counts = {layer.name: layer.count_params() for layer in model.layers if layer.count_params()}
    assert counts == PUBLISHED_PARAMETERS
    assert [layer.name for layer in model.layers if layer.name.startswith("pool")] == [
        "pool1",
        "pool2",
        "pool3",
        "pool4",
    ]
    assert (model.input_shape, model.output_shape) == ((None, 96, 64), (None, 128))


def by_hand(arrays: dict[str, np.ndarray], example: np.ndarray) -> np.ndarray:
    """The published network in numpy: convolutions padded with zeros, ReLU after each layer but the last."""
    layer = example[:, :, np.newaxis]

    def convolve(name: str) -> None:
        nonlocal layer
        weights, biases = arrays[f"{name}/weights"], arrays[f"{name}/biases"]
        padded = np.pad(layer, ((1, 1), (1, 1), (0, 0)))
        height, width, _ = layer.shape
        total = sum(padded[i : i + height, j : j + width] @ weights[i, j] for i in range(3) for j in range(3))
        layer = np.maximum(0, total + biases)

    for group in (["conv1"], ["conv2"], ["conv3_1", "conv3_2"], ["conv4_1", "conv4_2"]):
        for name in group:
            convolve(name)
        height, width, channels = layer.shape
        layer = layer.reshape(height // 2, 2, width // 2, 2, channels).max(axis=(1, 3))
    flat = layer.reshape(-1)  # time, frequency, channel
    for name in ("fc1_1", "fc1_2"):
        flat = np.maximum(0, flat @ arrays[f"{name}/weights"] + arrays[f"{name}/biases"])
    return flat @ arrays["fc2/weights"] + arrays["fc2/biases"]


@pytest.mark.tensorflow
def test_embeddings_equal_those_computed_by_hand() -> None:
    from ambiance.audio.network import Vggish

    arrays = random_arrays()
    examples = np.random.default_rng(1).normal(size=(3, 96, 64)).astype(np.float32)
    embeddings = Vggish(arrays, NARROW)(examples)
    expected = [by_hand(arrays, example) for example in examples]
    np.testing.assert_allclose(embeddings, expected, rtol=1e-4, atol=1e-4)
    assert (embeddings < 0).any()  # no activation behind the last layer


@pytest.mark.tensorflow
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 40])
def test_any_number_of_examples_is_heard_each_by_itself(count: int) -> None:
    from ambiance.audio.network import Vggish

    network = Vggish(random_arrays(), NARROW)
    examples = np.random.default_rng(1).normal(size=(count, 96, 64)).astype(np.float32)
    embeddings = network(examples)
    assert embeddings.shape == (count, 128)
    if count:
        np.testing.assert_allclose(embeddings[-1:], network(examples[-1:]), rtol=1e-4, atol=1e-5)


@pytest.mark.tensorflow
def test_hearing_is_network_and_postprocessing_of_one_file(tmp_path: Path) -> None:
    path = random_weights(tmp_path / "vggish.npz")
    examples = np.random.default_rng(1).normal(size=(2, 96, 64)).astype(np.float32)
    arrays = read_weights(path, NARROW)
    heard = Hearing(path, NARROW)(examples)
    components = np.array([by_hand(arrays, example) for example in examples]) - arrays["pca_means"]
    expected = (np.clip(components @ arrays["pca_eigen_vectors"].T, -2, 2) + 2) * 255 / 4
    assert heard.dtype == np.uint8
    assert np.abs(heard - np.floor(expected)).max() <= 1  # rounding on a step's edge
    assert len(set(heard.ravel().tolist())) > 20


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    arrays = random_arrays()
    write_weights(tmp_path / "folder" / "vggish.npz", arrays, NARROW)
    read = read_weights(tmp_path / "folder" / "vggish.npz", NARROW)
    assert read.keys() == expected_shapes(NARROW).keys()
    assert all(np.array_equal(read[name], arrays[name]) for name in arrays)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["vggish.npz"]


def test_missing_weights_name_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(
        ArtifactError, match=r"vggish\.npz: VGGish's weights aren't there; `make vggish` in a"
    ):
        Hearing(tmp_path / "vggish.npz")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("cut", "can't be read as VGGish's weights"),
        ("flipped", "can't be read as VGGish's weights"),
        ("junk", "can't be read as VGGish's weights"),
        ("missing", "holds no fc2/biases"),
        ("shape", r"fc2/biases is \(3,\), VGGish's is \(128,\)"),
        ("nan", "fc2/biases holds what isn't a finite number"),
        ("pickle", "can't be read as VGGish's weights"),
    ],
)
def test_damaged_weights_are_refused(tmp_path: Path, damage: str, said: str) -> None:
    path = random_weights(tmp_path / "vggish.npz")
    data = bytearray(path.read_bytes())
    arrays = random_arrays()
    if damage == "cut":
        path.write_bytes(data[:-500])
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "junk":
        path.write_bytes(b"junk")
    else:
        biases = {
            "shape": np.zeros(3, np.float32),
            "nan": np.full(128, np.nan, np.float32),
            "pickle": np.array([object()]),
        }
        held = {name: array for name, array in arrays.items() if name != "fc2/biases"}
        if damage != "missing":
            held["fc2/biases"] = biases[damage]
        np.savez(path, **held)
    with pytest.raises(ArtifactError, match=said) as caught:
        read_weights(path, NARROW)
    assert "make vggish" in str(caught.value)
