"""The services within this process, wired by their own composition roots, with no network between them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.server.lifecycle import Application
from ambiance.server.settings import load_settings
from ambiance.tokenizer import TOKENIZER_FILE, TextTokenizer
from gateway.application import build
from gateway.backends import Backend
from gateway.settings import GatewaySettings
from music_index_service import engines
from music_index_service.application import load as load_music
from music_index_service.engines import VectorEngine
from music_index_service.loading import load_index
from music_index_service.service import DEFAULT_INDEX
from music_index_service.settings import MusicIndexSettings
from music_index_service.snapshot import IndexSnapshot
from text_service.application import build_reader
from text_service.application import load as load_text
from text_service.encoder import MODEL_FILE, LiteRtEncoder
from text_service.reader import TextReader
from text_service.settings import TextServiceSettings

DEADLINE_S = 5.0

Answer = Callable[[bytes], bytes]  # a serialised request to its serialised reply
Hop = Callable[[Backend, object, Message, float], Message]  # see `Backend.call`


class SpaceVector(NamedTuple):
    """A query as the index takes it, see `music_index_service.searching.queries.Query`."""

    space: str
    values: list[float]
    lineage: str = ""  # not compared


def load_text_reader(root: Path) -> TextReader:
    """The newest text encoder under a folder of artifacts, on one interpreter."""
    artifact = artifacts.load(root, artifacts.TEXT_ENCODER)
    tokenizer = TextTokenizer.load(artifact.file(TOKENIZER_FILE).parent)
    settings = load_settings(TextServiceSettings, "bench", ["--artifacts", str(root)])
    return build_reader(settings, artifact, tokenizer, LiteRtEncoder(artifact.file(MODEL_FILE), 1))


def load_music_index(root: Path) -> IndexSnapshot:
    """The newest music index under a folder of artifacts."""
    return load_index(DEFAULT_INDEX, root)


def load_vectors(root: Path, space: str) -> VectorEngine:
    """The vectors of the newest music index in one space."""
    artifact = artifacts.load(root, artifacts.MUSIC_INDEX)
    held = artifact.space(space)
    return engines.load(engines.vectors_path(artifact, held), held)


def all_vectors(index: VectorEngine) -> NDArray[np.float32]:
    """<float32>[rows, dimension] copies of the vectors of an index."""
    return index.vectors(np.arange(index.size))


@contextmanager
def services_in_process(root: Path, around_hop: Callable[[Hop], Hop]) -> Iterator[Mapping[str, Answer]]:
    """What answers each method of the three services, by its name; the gateway calls the others directly.

    Every message is serialised and parsed as it would be on a wire.

    Args:
        root: folder of the artifacts.
        around_hop: wraps what carries the gateway's calls to the services, for instance with a counter.
    """
    flags = ["--artifacts", str(root)]
    answers = _answers(load_text(load_settings(TextServiceSettings, "bench", flags)))
    answers |= _answers(load_music(load_settings(MusicIndexSettings, "bench", flags)))

    def call(_backend: Backend, _rpc: object, request: Message, _timeout_s: float) -> Message:
        (service,) = request.DESCRIPTOR.file.services_by_name.values()
        method = service.methods_by_name[request.DESCRIPTOR.name.removesuffix("Request")]
        reply = answers[method.name](request.SerializeToString())
        return GetMessageClass(method.output_type).FromString(reply)

    gateway = build(load_settings(GatewaySettings, "bench", []))
    with patch.object(Backend, "call", around_hop(call)):
        yield answers | _answers(gateway)
    gateway.close()


class _Context:
    """What the handlers ask of a call's context: a call that is alive and has time."""

    def time_remaining(self) -> float:
        return DEADLINE_S

    def is_active(self) -> bool:
        return True


class _Handlers:
    """Stands where an application's servicers register, and keeps their handlers."""

    def __init__(self) -> None:
        self.methods: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Registers the same once more, see `add_registered_method_handlers`."""

    def add_registered_method_handlers(self, _service: str, methods: Mapping[str, Any]) -> None:
        self.methods.update(methods)


def _answers(application: Application) -> dict[str, Answer]:
    found = _Handlers()
    for servicer in application.servicers:
        servicer.add_to(found)  # type: ignore[arg-type]  # the part of a server that it uses
    return {name: _answer(handler) for name, handler in found.methods.items()}


def _answer(handler: Any) -> Answer:
    context = _Context()

    def answer(request: bytes) -> bytes:
        message = handler.request_deserializer(request)
        return handler.response_serializer(handler.unary_unary(message, context))

    return answer
