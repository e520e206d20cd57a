"""From a checkpoint in the publisher's naming to Ambiance's file; his real one can't be part of a test."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from ambiance.audio.weights import EIGEN_VECTORS, MEANS, read_weights
from ambiance.errors import ArtifactError
from training.data.sources import Source
from training.vggish import __main__ as command
from vggish_files import NARROW, random_arrays

pytestmark = pytest.mark.tensorflow

# As the publisher's checkpoint calls them (TensorFlow's model garden, `vggish_slim.py`).
PUBLISHED_NAMES = {
    "conv1": "vggish/conv1",
    "conv2": "vggish/conv2",
    "conv3_1": "vggish/conv3/conv3_1",
    "conv3_2": "vggish/conv3/conv3_2",
    "conv4_1": "vggish/conv4/conv4_1",
    "conv4_2": "vggish/conv4/conv4_2",
    "fc1_1": "vggish/fc1/fc1_1",
    "fc1_2": "vggish/fc1/fc1_2",
    "fc2": "vggish/fc2",
}


def write_checkpoint(path: Path, arrays: dict[str, Any]) -> Path:
    """A checkpoint of TensorFlow 1, of the first format, which is a single file as the publisher's is."""
    import tensorflow.compat.v1 as tf

    with tf.Graph().as_default(), tf.Session() as session:
        for name, published in PUBLISHED_NAMES.items():
            for part in ("weights", "biases"):
                if f"{name}/{part}" in arrays:
                    tf.get_variable(
                        f"{published}/{part}", initializer=arrays[f"{name}/{part}"], use_resource=False
                    )
        tf.get_variable("vggish/global_step", initializer=7, use_resource=False)  # others are none of ours
        session.run(tf.global_variables_initializer())
        tf.train.Saver(write_version=tf.train.SaverDef.V1).save(session, str(path), write_meta_graph=False)
    return path


def write_components(path: Path, arrays: dict[str, Any]) -> Path:
    np.savez(path, **{EIGEN_VECTORS: arrays[EIGEN_VECTORS], MEANS: arrays[MEANS].reshape(-1, 1)})
    return path


def converted(checkpoint: Path, components: Path) -> dict[str, Any]:
    from training.vggish.checkpoint import convert

    return convert(checkpoint, components, NARROW)


def test_every_layer_keeps_its_weights(tmp_path: Path) -> None:
    arrays = random_arrays()
    checkpoint = write_checkpoint(tmp_path / "vggish_model.ckpt", arrays)
    assert checkpoint.is_file()
    found = converted(checkpoint, write_components(tmp_path / "pca.npz", arrays))
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("no variable", "holds no variable vggish/conv3/conv3_2/biases"),
        ("shape", r"fc2/weights is \(32, 5\), VGGish's is \(32, 128\)"),
        ("junk", "can't be read as a checkpoint of TensorFlow"),
        ("cut", "can't be read"),
        ("components", "can't be read as the principal components"),
        ("no means", "can't be read as the principal components"),
    ],
)
def test_what_is_not_as_published_is_refused(tmp_path: Path, damage: str, said: str) -> None:
    arrays = random_arrays()
    components = write_components(tmp_path / "pca.npz", arrays)
    if damage == "no variable":
        del arrays["conv3_2/biases"]
    if damage == "shape":
        arrays["fc2/weights"] = arrays["fc2/weights"][:, :5]
    checkpoint = write_checkpoint(tmp_path / "vggish_model.ckpt", arrays)
    data = checkpoint.read_bytes()
    if damage == "junk":
        checkpoint.write_bytes(b"<html>not found</html>" * 100)
    elif damage == "cut":
        checkpoint.write_bytes(data[: len(data) // 2])
    elif damage == "components":
        components.write_bytes(b"junk")
    elif damage == "no means":
        np.savez(components, **{EIGEN_VECTORS: arrays[EIGEN_VECTORS]})
    with pytest.raises(ArtifactError, match=said):
        converted(checkpoint, components)


def test_random_weights_do_not_pass_for_the_published_ones() -> None:
    from ambiance.audio.network import Vggish
    from training.vggish.check import figures, require_published

    arrays = random_arrays()
    found = figures(Vggish(arrays, NARROW), arrays)
    assert all(np.isfinite(value) for value in found.values())
    with pytest.raises(ArtifactError, match="these aren't VGGish's published weights: "):
        require_published(found)


@pytest.mark.parametrize("place", range(4))
def test_each_published_figure_counts(place: int) -> None:
    from training.vggish.check import PUBLISHED_FIGURES, require_published

    require_published(PUBLISHED_FIGURES)
    name = list(PUBLISHED_FIGURES)[place]
    require_published(PUBLISHED_FIGURES | {name: PUBLISHED_FIGURES[name] * 1.09})
    with pytest.raises(ArtifactError, match=f"{name} for a tone of 1 kHz is"):
        require_published(PUBLISHED_FIGURES | {name: PUBLISHED_FIGURES[name] * 1.2 + 0.003})


@pytest.mark.parametrize("published", [True, False])
def test_what_a_publisher_offers_becomes_weights_to_hear_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    from ambiance.audio.network import Vggish
    from training.vggish import check

    arrays = random_arrays()
    site = tmp_path / "site"
    site.mkdir()
    write_checkpoint(site / "vggish_model.ckpt", arrays)
    write_components(site / "vggish_pca_params.npz", arrays)
    if published:  # as if these were the publisher's
        figures = check.figures(Vggish(arrays, NARROW), arrays)
        monkeypatch.setattr(check, "PUBLISHED_FIGURES", figures)
    target = tmp_path / "data" / "vggish.npz"
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=site)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        names = ("vggish_model.ckpt", "vggish_pca_params.npz")
        sources = [Source(name, f"{url}/{name}", None) for name in names]
        try:
            if not published:
                with pytest.raises(ArtifactError, match="aren't VGGish's published weights"):
                    command.make(target, *sources, NARROW)
                assert not target.exists()
                return
            command.make(target, *sources, NARROW)
        finally:
            server.shutdown()
    read = read_weights(target, NARROW)
    assert all(np.array_equal(read[name], array) for name, array in arrays.items())


def test_a_publisher_that_cannot_be_reached_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Source("vggish_model.ckpt", "http://127.0.0.1:1/vggish_model.ckpt", None)
    monkeypatch.setattr(command, "make", partial(command.make, checkpoint=gone))
    assert command.main(tmp_path / "vggish.npz") == 1
    said = capsys.readouterr().err
    assert said.startswith("vggish: http://127.0.0.1:1/vggish_model.ckpt: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "vggish.npz").exists()


def test_weights_that_are_there_are_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vggish.npz").write_bytes(b"there")
    assert command.main(tmp_path / "vggish.npz") == 0
    assert "is there already" in capsys.readouterr().out


def test_files_that_are_not_the_published_ones_are_named(tmp_path: Path) -> None:
    for name in ("vggish_model.ckpt", "vggish_pca_params.npz"):
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(ArtifactError, match=r"delete both to download them again: .*ckpt, .*npz$"):
        command.make(tmp_path / "vggish.npz")
    assert not (tmp_path / "vggish.npz").exists()
