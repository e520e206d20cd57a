"""Puts the text service together: artifact, tokenizer, the model's backend, and the servicers on top."""

import logging
import weakref
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np

from ambiance import artifacts
from ambiance.artifacts import TEXT_ENCODER
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.extras import install_hint
from ambiance.server.artifact_choice import Choice
from ambiance.server.artifact_service import with_artifact_service
from ambiance.server.artifact_settings import choice_of, version_to_start
from ambiance.server.artifact_versions import ArtifactVersions
from ambiance.server.direct_calls import REHEARSAL_S, DirectMethods
from ambiance.server.holder import Holder
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.versioned_artifact import VersionedArtifact
from ambiance.tokenizer import TOKENIZER_FILE, TextTokenizer
from text_service.encoder import MODEL_FILE, LiteRtEncoder, read_signature
from text_service.evidence import EvidenceJudge
from text_service.fixed_vectors import load_fixed_vectors
from text_service.language import detect
from text_service.reader import TextReader
from text_service.service import REHEARSAL, REHEARSED_METHOD, TextSnapshot, describe_model, text_servicer
from text_service.settings import TextServiceSettings
from text_service.windows import WindowEncoder

logger = logging.getLogger(__name__)


def tf_serving_installed() -> bool:
    """Whether the `tf-serving` extra is there; finds out without importing it."""
    return find_spec("tensorflow_serving") is not None


def build_encoder(
    settings: TextServiceSettings, artifact: artifacts.Artifact
) -> tuple[WindowEncoder, Callable[[], None]]:
    """The backend that the settings name, and how to close it.

    Raises:
        ArtifactError: if the model isn't of the kind that this service is written for.
    """
    model = artifact.file(MODEL_FILE)
    signature = read_signature(model)
    signature.require(artifact.manifest.spaces, model)
    if settings.backend == "litert":
        return LiteRtEncoder(model, settings.interpreters), lambda: None
    if not tf_serving_installed():
        raise AmbianceError(f"backend tf-serving needs the extra: {install_hint('tf-serving')}")
    from text_service.tf_serving.backend import TfServingEncoder  # noqa: PLC0415  # needs the extra

    version = artifact.manifest.version
    encoder = TfServingEncoder(settings.tf_serving_target, settings.tf_serving_model, version, signature)
    return encoder, encoder.close


def build_reader(
    settings: TextServiceSettings,
    artifact: artifacts.Artifact,
    tokenizer: TextTokenizer,
    encoder: WindowEncoder,
) -> TextReader:
    """A reader by the settings, with an artifact's tokenizer and model.

    Raises:
        ArtifactError: as `load_fixed_vectors`.
    """
    judge = EvidenceJudge(tokenizer, settings.min_evidence, detect)
    return TextReader(tokenizer, encoder, judge, load_fixed_vectors(artifact), settings.distress_threshold)


def tf_serving_servicers(settings: TextServiceSettings, holder: Holder[TextSnapshot]) -> list[Servicer]:
    """TF Serving's own services on the loaded model; none without the extra."""
    installed = tf_serving_installed()
    logger.info("TF Serving's interface", extra={"served": installed})
    if not installed:
        return []
    from text_service.tf_serving.service import TfServingServicer  # noqa: PLC0415  # needs the extra

    return TfServingServicer(holder, settings.tf_serving_model).servicers()


def check_vocabulary(encoder: WindowEncoder, vocabulary_count: int) -> None:
    """Read a window of the vocabulary's last token, to see that the model's table of tokens is long enough.

    Raises:
        ArtifactError: if the model fails on it.
        UnavailableError, DeadlineError, PreconditionError, PeerError: if a TF Serving does.
    """
    try:
        encoder.encode(np.full((1, encoder.signature.window), vocabulary_count - 1, np.int32), REHEARSAL_S)
    except (RuntimeError, ArithmeticError) as error:
        last = f"the last of {vocabulary_count:,} tokens in {TOKENIZER_FILE}"
        raise ArtifactError(f"the model fails on {last}: {error}") from error


def load_rehearsed(settings: TextServiceSettings, version: int | None) -> TextSnapshot:
    """Load a version of the text encoder, the newest whole one for None, check it and have it read a text.

    Raises:
        ArtifactError: if it is missing or damaged, or isn't of the kind that this service is written for.
        UnavailableError, DeadlineError, PreconditionError, PeerError: if a TF Serving fails on it.
    """
    artifact = artifacts.load_newest_whole(settings.artifacts, TEXT_ENCODER, version)
    encoder, close = build_encoder(settings, artifact)
    tokenizer = TextTokenizer.load(artifact.file(TOKENIZER_FILE).parent)
    vocabulary_count = tokenizer.vocabulary_count
    check_vocabulary(encoder, vocabulary_count)
    model = describe_model(artifact, vocabulary_count, encoder.signature.window, settings.backend)
    reader = build_reader(settings, artifact, tokenizer, encoder)
    snapshot = TextSnapshot(reader, encoder, model)
    weakref.finalize(snapshot, close)  # once the last call that reads with it has ended
    servicer = text_servicer(Holder(snapshot), settings.distress_notice)
    DirectMethods([servicer]).call(REHEARSED_METHOD, REHEARSAL, REHEARSAL_S)
    return snapshot


def load(settings: TextServiceSettings) -> Application:
    """Load the text encoder, and follow its versions while it is served.

    Raises:
        as `load_rehearsed`.
    """
    choice = choice_of(settings, TEXT_ENCODER)
    application, versioned = load_alone(settings, choice)
    pinned = [TEXT_ENCODER] if settings.artifact_version is not None else []
    versions = ArtifactVersions([versioned], choice, pinned)
    return with_artifact_service(application, versions, settings.watch_seconds)


def load_alone(
    settings: TextServiceSettings, choice: Choice
) -> tuple[Application, VersionedArtifact[TextSnapshot]]:
    """The application without the service of its versions, and the artifact that has them.

    Raises:
        as `load_rehearsed`.
    """
    wanted = version_to_start(settings.artifacts, TEXT_ENCODER, settings.artifact_version, choice)
    holder = Holder(load_rehearsed(settings, wanted))
    servicers = [text_servicer(holder, settings.distress_notice), *tf_serving_servicers(settings, holder)]
    serving = holder.current.model.version.version
    load_version = partial(load_rehearsed, settings)
    versioned = VersionedArtifact(settings.artifacts, TEXT_ENCODER, serving, load_version, holder.swap)
    return Application(servicers), versioned
