"""Which language a text is in, by py3langid. No other file imports it.

Only texts that don't look like English are asked about, so it is loaded for the first of them: that takes
half a second and 60 MB, which a service that reads English alone never pays.
"""

import logging
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from threading import Lock
from typing import Any

# Missed when the service starts, as every other package, not by the first text that needs it.
if find_spec("py3langid") is None:
    raise ModuleNotFoundError("No module named 'py3langid'", name="py3langid")

logger = logging.getLogger(__name__)

ENGLISH = "en"

# Languages that people write to each other online, by ISO 639-1. Among all 139 that the model knows, a short
# text's probability would be shared with dialects and creoles that hardly anybody means.
_LATIN = "de fr es it pt nl sv da no fi pl cs sk hu ro tr id vi hr sl lt lv et ca sq tl sw cy ga is la"
_OTHER_SCRIPTS = "ru uk bg el ar he fa ur hi bn ta te th ja ko zh"
LANGUAGES = (ENGLISH, *_LATIN.split(), *_OTHER_SCRIPTS.split())

# Text -> ISO 639-1 code of its language, and the probability of it among LANGUAGES. Called from many threads.
Detect = Callable[[str], tuple[str, float]]

_loading = Lock()


def detect(text: str) -> tuple[str, float]:
    """See `Detect`. English with probability 0 if the detector can't be loaded, which the log tells once."""
    with _loading:  # a thread that comes while it loads waits
        identifier = _load()
    if identifier is None:
        return ENGLISH, 0.0
    language, probability = identifier.classify(text)
    return str(language), float(probability)


@cache
def _load() -> Any:
    """The identifier of LANGUAGES; None if it can't be loaded."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        every = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    except (
        OSError
    ) as error:  # it unpacks into a temporary file: there may be no room, or no folder to write to
        logger.error("no language can be detected", extra={"reason": str(error)})
        return None
    every.set_languages(LANGUAGES)
    # Made anew of the languages wanted: the other one keeps the tables of all.
    return LanguageIdentifier(
        every.nb_ptc,
        every.nb_pc,
        every.nb_classes,
        every.tk_nextmove,
        every.tk_output,
        norm_probs=True,
        tk_row=every.tk_row,
    )
