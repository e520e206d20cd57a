"""What every job writes into its artifact's manifest about where the artifact comes from."""

import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from ambiance.artifacts import Origin

REPOSITORY = Path(__file__).resolve().parent.parent

# Distributions whose version can change a result.
LIBRARIES = ("ai-edge-litert", "faiss-cpu", "keras", "numpy", "pyarrow", "tensorflow")

# Pretrained sentence encoders, as their folders are called in a manifest.
MPNET, MINILM = "all-mpnet-base-v2", "all-MiniLM-L6-v2"

# Folder of a data set or a pretrained model -> what users of anything derived from it must see.
DATASET_NOTICES = {
    MPNET: "Derived from all-mpnet-base-v2 (sentence-transformers; Reimers and Gurevych, 2019), a fine-tuned "
    "MPNet (Song et al., 2020, Microsoft), licensed Apache-2.0.",
    MINILM: "Derived from all-MiniLM-L6-v2 (sentence-transformers; Reimers and Gurevych, 2019), a fine-tuned "
    "MiniLM (Wang et al., 2020, Microsoft), licensed Apache-2.0.",
    "goemotions": "Derived from GoEmotions (Demszky et al., 2020, Google LLC), licensed CC BY 4.0.",
    "xed": "Derived from XED (Öhman, Pàmies, Kajava and Tiedemann, 2020), licensed CC BY 4.0.",
    "emobank": "Derived from EmoBank (Buechel and Hahn, 2017), licensed CC BY-SA 4.0.",
    "musiccaps": "Derived from MusicCaps (Agostinelli et al., 2023, Google LLC), licensed CC BY-SA 4.0.",
    "audioset": "Derived from AudioSet (Gemmeke et al., 2017, Google LLC), licensed CC BY 4.0; "
    "its ontology is licensed CC BY-SA 4.0.",
}
_SEED_RECIPE = "--recipe seed"  # the one that learns the label words' coordinates
NRC_VAD_NOTICE = (
    "Label coordinates come from the NRC VAD Lexicon (Mohammad, 2018): free for research; "
    "commercial use needs the consent of its author."
)


def describe_origin(
    recipe: str,
    seed: int,
    datasets: Mapping[str, str],
    sources: Mapping[str, int] | None = None,
    libraries: Sequence[str] = LIBRARIES,
) -> Origin:
    """Describe an artifact made now by this code.

    Args:
        recipe: the job and the variant of it, `python -m training.index` say.
        seed: what the job's random numbers started from; 0 if it draws none.
        datasets: file -> SHA-256, from `training.data.sources.dataset_digests`, and of the weights of a
            pretrained model; the folders pick the notices.
        sources: kind -> version of the artifacts that this one is made from.
        libraries: distributions whose versions are recorded.
    """
    folders = {name.split("/")[0] for name in datasets}
    return Origin(
        recipe=recipe,
        seed=seed,
        code_revision=code_revision(REPOSITORY),
        datasets=dict(datasets),
        libraries={name: version(name) for name in libraries},
        sources=dict(sources or {}),
        notices=[
            *(DATASET_NOTICES[folder] for folder in sorted(folders)),
            *([NRC_VAD_NOTICE] if _SEED_RECIPE in recipe else []),
        ],
    )


def code_revision(repository: Path) -> str:
    """Commit of the working tree, `-dirty` if more than artifacts/ differs from it; `unknown` outside git."""
    try:
        commit = _git(repository, "rev-parse", "HEAD")
        changes = _git(repository, "status", "--porcelain", "--", ".", ":!artifacts")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def _git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
