"""The gRPC side of the text service: its only file that uses ambiance.text.v1."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import grpc

from ambiance.affect import EMOTIONS, FACETS, SCENES, VAD_SPACE
from ambiance.artifacts import Artifact
from ambiance.errors import ArtifactError, DeadlineError, Violation
from ambiance.server.holder import Holder
from ambiance.server.lifecycle import Servicer
from ambiance.server.messages import space_message
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from ambiance.tokenizer import Encoding
from ambiance.type.v1.space_pb2 import ArtifactVersion
from ambiance.validation import check_each, check_explained, checked_texts
from text_service.evidence import Reason
from text_service.influences import Influence
from text_service.reader import Reading, TextReader
from text_service.windows import EMBEDDING_OUTPUT, LONGEST_CALL_S, IsWanted, WindowEncoder

SERVICE_NAME = pb.DESCRIPTOR.services_by_name["TextService"].full_name

REHEARSED_METHOD = f"{SERVICE_NAME}/EncodeTexts"
REHEARSAL = pb.EncodeTextsRequest(texts=["this is a rehearsal"])  # loads all but the language detector

_REASONS = {reason: pb.EvidenceReason.Value(f"EVIDENCE_REASON_{reason.name}") for reason in Reason}

SCORES_NOTE = "emotions"  # the manifest's note that says what the scores are


def describe_model(artifact: Artifact, vocabulary_count: int, window: int, backend: str) -> pb.Model:
    """What GetModel tells of a loaded text encoder.

    Raises:
        ArtifactError: if its manifest doesn't say what its scores are.
    """
    manifest = artifact.manifest
    if not manifest.notes.get(SCORES_NOTE):
        raise ArtifactError(f"{artifact.path}: the manifest's notes don't say what {SCORES_NOTE} are")
    return pb.Model(
        version=ArtifactVersion(kind=manifest.kind, version=manifest.version),
        spaces=map(space_message, manifest.spaces),
        emotions=EMOTIONS.names,
        score_description=manifest.notes[SCORES_NOTE],
        vocabulary_count=vocabulary_count,
        window_token_count=window,
        recipe=manifest.origin.recipe,
        backend=backend,
        notices=manifest.origin.notices,
    )


@dataclass(frozen=True, eq=False)
class TextSnapshot:
    """A loaded text encoder, and all that answers are made of with it. It never changes."""

    reader: TextReader
    encoder: WindowEncoder  # the reader's
    model: pb.Model  # what GetModel tells of it

    @cached_property
    def lineages(self) -> dict[str, str]:
        """Space -> its lineage."""
        return {space.name: space.lineage for space in self.model.spaces}


class TextServicer(text_service_pb2_grpc.TextServiceServicer):
    """Implements ambiance.text.v1.TextService."""

    def __init__(self, holder: Holder[TextSnapshot], distress_notice: str) -> None:
        """Take what to answer from, and the notice for texts that tell of distress."""
        self._holder = holder
        self._distress_notice = pb.Notice(kind=pb.NOTICE_KIND_DISTRESS, text=distress_notice)

    def EncodeTexts(  # noqa: N802
        self, request: pb.EncodeTextsRequest, context: grpc.ServicerContext
    ) -> pb.EncodeTextsResponse:
        """Encode a batch of texts."""
        served = self._holder.current
        texts = checked_texts("texts", request.texts)
        if request.explain:
            check_explained("texts", texts)
        encodings = _tokenize(served.reader, texts, context.is_active)
        check_each("texts", encodings, _word_violation)
        reading = served.reader.read(texts, encodings, _time_left(context), context.is_active)
        response = self._response(served, encodings, reading)
        if request.explain:
            influences = served.reader.explain(texts, encodings, _time_left(context), context.is_active)
            for result, of_text in zip(response.results, influences, strict=True):
                _add_influences(result, of_text)
        return response

    def GetModel(  # noqa: N802
        self, request: pb.GetModelRequest, context: grpc.ServicerContext
    ) -> pb.GetModelResponse:
        """Describe the loaded model."""
        return pb.GetModelResponse(model=self._holder.current.model)

    def _response(
        self, served: TextSnapshot, encodings: Sequence[Encoding], reading: Reading
    ) -> pb.EncodeTextsResponse:
        # Filled in place: a message given to another's constructor is copied.
        response = pb.EncodeTextsResponse(model=served.model.version)
        rows = zip(encodings, reading.outputs[VAD_SPACE].tolist(), strict=True)
        for row, (encoding, vad) in enumerate(rows):
            result = response.results.add(
                token_count=encoding.token_count,
                unknown_token_count=encoding.unknown_token_count,
                window_count=len(encoding.windows),
            )
            result.vad.valence, result.vad.arousal, result.vad.dominance = vad
            _add_scores_and_vectors(result, reading, row, served.lineages)
            self._add_verdict(result, reading, row)
        return response

    def _add_verdict(self, result: pb.EncodedText, reading: Reading, row: int) -> None:
        """Add how much evidence the text gave, and a notice if one is to be shown."""
        evidence, told = reading.evidence[row], result.evidence
        told.score = evidence.score  # sets the message, a 0 too
        if evidence.reason is not None:
            told.reason, told.language = _REASONS[evidence.reason], evidence.language
            told.fallback = reading.is_fallback(row)
        if reading.distressed[row]:
            result.notices.append(self._distress_notice)


def _tokenize(reader: TextReader, texts: Sequence[str], is_wanted: IsWanted) -> list[Encoding]:
    encodings = []
    for text in texts:
        if not is_wanted():
            raise DeadlineError("the caller left before every text was read")
        encodings.append(reader.tokenize(text))
    return encodings


def _add_scores_and_vectors(
    result: pb.EncodedText, reading: Reading, row: int, lineages: Mapping[str, str]
) -> None:
    """Add the emotions, scenes and facets of a text, its vectors and its embedding."""
    for label, score in reading.emotions.of(row):
        result.emotions.add(emotion=EMOTIONS.names[label], score=score)
    for label, score in reading.scenes.of(row):
        result.scenes.add(scene=SCENES[label], score=score)
    for label, weight in reading.facets.of(row):
        result.facets.add(facet=FACETS[label], weight=weight)
    for space, lineage in lineages.items():
        result.vectors.add(space=space, values=reading.outputs[space][row].tolist(), lineage=lineage)
    if (embedding := reading.outputs.get(EMBEDDING_OUTPUT)) is not None:
        result.embedding.extend(embedding[row].tolist())


def _add_influences(result: pb.EncodedText, influences: Iterable[Influence]) -> None:
    for influence in influences:
        result.word_influences.add(
            word=influence.word,
            start=influence.start,
            shift=influence.shift,
            emotion=EMOTIONS.names[influence.emotion],
            share_change=influence.share_change,
        )


def _time_left(context: grpc.ServicerContext) -> float:
    return min(context.time_remaining(), LONGEST_CALL_S)


def _word_violation(field: str, encoding: Encoding) -> Violation | None:
    return None if encoding.token_count else Violation(field, "has no word that the model can read")


def text_servicer(holder: Holder[TextSnapshot], distress_notice: str) -> Servicer:
    """The servicer under its full name, ready to register."""
    add = text_service_pb2_grpc.add_TextServiceServicer_to_server
    return Servicer(SERVICE_NAME, partial(add, TextServicer(holder, distress_notice)))
