"""`python -m training.text.reexport`: write a published text encoder's files anew from its weights.

For a change in how the network is written for LiteRT: nothing is trained, and the spaces keep their lineage,
so that a music index made for the old version serves the new one.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf

from ambiance.artifacts import TEXT_ENCODER, Artifact, Description, load, publish
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.tokenizer import TextTokenizer
from training.data.sources import data_dir
from training.origin import REPOSITORY, code_revision
from training.regression.fitting import use_one_core
from training.space.space import MoodSpace
from training.text.config import NetworkConfig, TextConfig
from training.text.corpus import Corpus, load_corpus
from training.text.encode import read_folder
from training.text.export import SPACE_FOLDER, write_encoder
from training.text.job import measure
from training.text.student.coding import empty_table
from training.text.student.network import build_student
from training.text.student.packing import PackedStudent
from training.text.student.training import with_readout
from training.text.trained import TrainedText

COMMAND = "python -m training.text.reexport"

Differences = Mapping[str, Mapping[str, float]]


def main() -> None:
    """Read the flags, export, say where to and by how much the answers moved."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the releases")
    parser.add_argument("--artifact-version", type=int, help="of the text encoder; the newest by default")
    parser.add_argument("--into", type=Path, help="folder to publish into; --artifacts by default")
    flags = parser.parse_args()
    use_one_core()
    try:
        old = load(flags.artifacts, TEXT_ENCODER, flags.artifact_version)
        new = reexport(old, flags.into or flags.artifacts, NetworkConfig())
    except AmbianceError as error:
        sys.exit(str(error))
    print(new.path)
    for name, moved in new.manifest.quality["reexport"].items():
        print(f"{name}: moved by {moved['mean']:.1e} on average, {moved['largest']:.1e} at most")
    for artifact in (old, new):
        dev = artifact.manifest.quality["goemotions_dev"]
        print(f"{artifact.path}: macro-F1 on dev {dev['ekman_macro_f1']:.4f}, {dev['emotion_macro_f1']:.4f}")


def reexport(old: Artifact, root: Path, network: NetworkConfig) -> Artifact:
    """Publish the next version in `root`: the weights of `old`, exported and measured on dev again.

    Raises:
        ArtifactError: if `old` isn't a student network of that shape.
        DataError: if GoEmotions is missing or damaged; names file and line.
        ExportError: if an export strays from the network.
    """
    window, seed = old.manifest.counts["window_tokens"], old.manifest.origin.seed
    config, corpus = TextConfig(seed=seed, window=window, network=network), load_corpus(data_dir())
    space = MoodSpace.load(old.path / SPACE_FOLDER)
    trained = _restore(old, config, corpus, space.identity)
    with tempfile.TemporaryDirectory() as name:
        draft = Path(name)
        largest = write_encoder(draft, trained, space, corpus.dev.texts)
        moved = {"largest_differences": largest, "reexport": _differences(old.path, draft, corpus)}
        description = _describe(old, measure(draft, config, trained, corpus) | moved)
        return publish(root, description, partial(shutil.copytree, draft, dirs_exist_ok=True))


def _restore(artifact: Artifact, config: TextConfig, corpus: Corpus, identity: str) -> TrainedText:
    """The network with the weights that lie in the SavedModel's checkpoint."""
    tokenizer, network = TextTokenizer.load(artifact.path), config.network
    table = empty_table(tokenizer.vocabulary_count, network.code_bytes, network.table_width)
    student = build_student(network, table, np.full(28, 0.5, np.float32))
    packed = PackedStudent(student)
    checkpoint = artifact.path / "variables" / "variables"
    try:
        tf.train.Checkpoint(packed).read(str(checkpoint)).assert_existing_objects_matched()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        raise ArtifactError(f"{checkpoint}: not the weights of a {network}: {error}") from error
    return with_readout(config, corpus, tokenizer, student, packed, identity)


def _differences(old: Path, new: Path, corpus: Corpus) -> Differences:
    """By how much each output of LiteRT's models differs between two folders on dev."""
    before, after = (vars(read_folder(folder, corpus.dev.texts)) for folder in (old, new))
    moved = {name: np.abs(after[name] - rows) for name, rows in before.items()}
    return {name: {"mean": float(rows.mean()), "largest": float(rows.max())} for name, rows in moved.items()}


def _describe(old: Artifact, quality: Mapping[str, object]) -> Description:
    """The old description: it is the training's. What is new stands in sources and notes."""
    said = old.manifest.model_dump(include=set(Description.model_fields))
    said["origin"]["sources"] |= {TEXT_ENCODER: old.manifest.version}
    revision = code_revision(REPOSITORY)
    said["notes"] |= {"export": f"Version {old.manifest.version}, exported again by {COMMAND} at {revision}."}
    return Description(**(said | {"quality": old.manifest.quality | quality}))


if __name__ == "__main__":
    main()
