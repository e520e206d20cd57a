"""What asks the services: one process that serves all of them, in the way a caller would."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from ambiance.limits import MAX_PAGE_SIZE, MAX_TEXTS
from ambiance.match.v1 import match_service_pb2, match_service_pb2_grpc, soundtrack_pb2
from ambiance.music.v1 import (
    clip_filter_pb2,
    clip_pb2,
    music_index_service_pb2,
    music_index_service_pb2_grpc,
    search_options_pb2,
)
from bench.processes import Running, serving

MAX_VOCAL = 0.5  # what ComposeSoundtrack takes for sung; every other way is held to the same

_TIMEOUT_S = 300
_OPTIONS = (("grpc.max_receive_message_length", 64 * 1024 * 1024), ("grpc.enable_http_proxy", 0))


@dataclass(frozen=True)
class Wish:
    """What every way is asked for alike."""

    seed: int = 0
    clip_ids: tuple[str, ...] = ()  # that may play, none: all

    def options(self, k: int = 0) -> search_options_pb2.SearchOptions:
        """The same as options of a search."""
        chosen = clip_filter_pb2.ClipFilter(clip_ids=self.clip_ids, max_facet_scores={"vocal": MAX_VOCAL})
        return search_options_pb2.SearchOptions(k=k, seed=self.seed, filter=chosen)


@dataclass(frozen=True)
class Service:
    """A process that serves, and how to call it."""

    running: Running
    channel: grpc.Channel

    def soundtrack(self, text: str, wish: Wish) -> Iterator[soundtrack_pb2.ComposeSoundtrackResponse]:
        """The parts of a soundtrack, as they come."""
        request = soundtrack_pb2.ComposeSoundtrackRequest(text=text, options=wish.options())
        stub = match_service_pb2_grpc.MatchServiceStub(self.channel)
        yield from stub.ComposeSoundtrack(request, timeout=_TIMEOUT_S)

    def nearest(self, texts: Sequence[str], wish: Wish) -> list[clip_pb2.Clip]:
        """For each text the first of its matches."""
        stub = match_service_pb2_grpc.MatchServiceStub(self.channel)
        found: list[clip_pb2.Clip] = []
        for first in range(0, len(texts), MAX_TEXTS):
            batch = texts[first : first + MAX_TEXTS]
            request = match_service_pb2.MatchTextsRequest(texts=batch, options=wish.options(k=1))
            reply = stub.MatchTexts(request, timeout=_TIMEOUT_S)
            found += [match.neighbors[0].clip for match in reply.matches]
        return found

    def instrumental(self) -> list[clip_pb2.Clip]:
        """Every clip that a search for instrumental ones may answer with."""
        stub = music_index_service_pb2_grpc.MusicIndexServiceStub(self.channel)
        page, clips = "", []
        while True:
            request = music_index_service_pb2.ListClipsRequest(page_size=MAX_PAGE_SIZE, page_token=page)
            reply = stub.ListClips(request, timeout=_TIMEOUT_S)
            clips += [clip for clip in reply.clips if _may_play(clip)]
            if not (page := reply.next_page_token):
                return clips


@contextmanager
def started(artifacts: Path) -> Iterator[Service]:
    """Serve a release until the block ends.

    Raises:
        StartError: if it doesn't serve.
    """
    with (
        serving("standalone", "--artifacts", str(artifacts)) as running,
        grpc.insecure_channel(running.target, options=_OPTIONS) as channel,
    ):
        yield Service(running, channel)


def _may_play(clip: clip_pb2.Clip) -> bool:
    vocal = next(trait.score for trait in clip.traits if trait.facet == "vocal")
    return clip.listenable and clip.available and vocal < MAX_VOCAL
