"""The text service on the wire: the only file of it that knows ambiance.text.v1."""

from collections.abc import Sequence
from functools import partial

import grpc

from ambiance.affect import CLOSENESS_SIGMA, EMOTIONS, VAD_SPACE
from ambiance.artifacts import Artifact
from ambiance.errors import Violation
from ambiance.rpc.messages import space_message
from ambiance.rpc.server import Servicer
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from ambiance.tokenizer import WINDOW, Encoding
from ambiance.type.v1.space_pb2 import ArtifactVersion
from ambiance.validation import check_each, checked_texts
from text_service.reader import Reading, TextReader
from text_service.windows import LONGEST_CALL_S

SCORE_DESCRIPTION = (
    "Share of each emotion in a Gaussian kernel around the text's valence, arousal and dominance (sigma "
    f"{CLOSENESS_SIGMA}): it orders emotions by distance to their label's coordinates and is not a "
    "calibrated probability."
)


def describe_model(artifact: Artifact, vocabulary_count: int, backend: str) -> pb.Model:
    """What GetModel tells of a loaded text encoder."""
    manifest = artifact.manifest
    return pb.Model(
        version=ArtifactVersion(kind=manifest.kind, version=manifest.version),
        spaces=[space_message(artifact.space(VAD_SPACE))],
        emotions=EMOTIONS.names,
        score_description=SCORE_DESCRIPTION,
        vocabulary_count=vocabulary_count,
        window_token_count=WINDOW,
        recipe=manifest.origin.recipe,
        backend=backend,
        notices=manifest.origin.notices,
    )


class TextServicer(text_service_pb2_grpc.TextServiceServicer):
    """Implements ambiance.text.v1.TextService."""

    def __init__(self, reader: TextReader, model: pb.Model) -> None:
        self._reader, self._model = reader, model
        self._lineage = model.spaces[0].lineage

    def EncodeTexts(  # noqa: N802
        self, request: pb.EncodeTextsRequest, context: grpc.ServicerContext
    ) -> pb.EncodeTextsResponse:
        """Encode a batch of texts."""
        texts = checked_texts("texts", request.texts)
        encodings = [self._reader.tokenize(text) for text in texts]
        check_each("texts", encodings, _word_violation)
        reading = self._reader.read(encodings, min(context.time_remaining(), LONGEST_CALL_S))
        return self._response(encodings, reading)

    def GetModel(  # noqa: N802
        self, request: pb.GetModelRequest, context: grpc.ServicerContext
    ) -> pb.GetModelResponse:
        """Describe the loaded model."""
        return pb.GetModelResponse(model=self._model)

    def _response(self, encodings: Sequence[Encoding], reading: Reading) -> pb.EncodeTextsResponse:
        # Filled in place: a message given to another's constructor is copied, here at twice the time.
        response = pb.EncodeTextsResponse(model=self._model.version)
        vads, rankings, shares = reading.vad.tolist(), reading.ranking.tolist(), reading.shares.tolist()
        for encoding, vad, *emotions in zip(encodings, vads, rankings, shares, strict=True):
            result = response.results.add(
                token_count=encoding.token_count,
                unknown_token_count=encoding.unknown_token_count,
                window_count=len(encoding.windows),
            )
            result.vad.valence, result.vad.arousal, result.vad.dominance = vad
            result.vectors.add(space=VAD_SPACE, values=vad, lineage=self._lineage)
            for emotion, share in zip(*emotions, strict=True):
                result.emotions.add(emotion=EMOTIONS.names[emotion], score=share)
        return response


def _word_violation(field: str, encoding: Encoding) -> Violation | None:
    if encoding.token_count:
        return None
    return Violation(field, "has no word to read: the model reads runs of the letters a to z")


def text_servicer(reader: TextReader, model: pb.Model) -> Servicer:
    """The servicer under its full name, ready to register."""
    add = text_service_pb2_grpc.add_TextServiceServicer_to_server
    name = pb.DESCRIPTOR.services_by_name["TextService"].full_name
    return Servicer(name, partial(add, TextServicer(reader, model)))
