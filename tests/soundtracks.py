"""A gateway that composes what a test tells it to, for tests of those who ask."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc

from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.match.v1 import soundtrack_pb2 as pb
from ambiance.music.v1 import music_index_service_pb2 as music_pb
from ambiance.server.lifecycle import Application, Servicer

WAIT_S = 20.0
SERVICE = "ambiance.match.v1.MatchService"
TEXT = "It rained <all> night & nobody came. Then the door flew open, and she ran. The end."


def neighbor(clip_id: str, valence: float = 0.2) -> music_pb.Neighbor:
    """A clip of a video, ten seconds of it."""
    video, _, start = clip_id.partition("@")
    return music_pb.Neighbor(
        clip={
            "id": clip_id,
            "youtube_id": video,
            "start_seconds": float(start),
            "end_seconds": float(start) + 10,
            "labels": ["Piano"],
            "available": True,
            "vad": {"valence": valence, "arousal": 0.3, "dominance": 0.5},
            "facets": [{"facet": "sad", "score": 0.75}],
            "traits": [{"facet": "vocal", "score": 0.125}],
        },
        distance=1.5,
        why=[{"facet": "sad", "score": 0.75}],
    )


def three_cues(text: str = TEXT) -> list[pb.ComposeSoundtrackResponse]:
    """The parts of a soundtrack of three cues: one that begins, one of an own clip, one of silence."""
    ends = [0, text.index("Then"), text.index("The end"), len(text)]
    own = music_pb.Neighbor(
        clip={
            "id": "own",
            "available": True,
            "metadata": {
                "title": "Storm, <no. 1>",
                "artist": "A & B",
                "uri": "https://example.org/storm.ogg",
            },
        }
    )
    music: list[dict[str, Any]] = [
        {
            "clip": neighbor("ndjLkbP6Y9Y@30"),
            "alternates": [neighbor("aaaaaaaaaaa@0"), neighbor("bbbbbbbbbbb@5")],
        },
        {"clip": own, "transition_seconds": 0},
        {},
    ]
    transitions = [pb.TRANSITION_FADE, pb.TRANSITION_CUT, pb.TRANSITION_FADE]
    reasons = [pb.CUE_REASON_NEAREST, pb.CUE_REASON_SEQUENCE, pb.CUE_REASON_SILENT]
    parts = [
        pb.ComposeSoundtrackResponse(
            start={
                "space": {"name": "mood", "dimension": 19},
                "model": {"kind": "text_encoder", "version": 5},
                "index": {"kind": "music_index", "version": 7},
                "character_count": len(text),
                "word_count": 16,
                "duration_seconds": 45.0,
            }
        )
    ]
    for i in range(3):
        cue = pb.Cue(
            number=i,
            passage={
                "start": ends[i],
                "end": ends[i + 1],
                "start_byte": ends[i],
                "end_byte": ends[i + 1],
                "word_count": 5,
                "text": {
                    "token_count": 5,
                    "scenes": [{"scene": ("grief", "action", "calm")[i], "score": 0.75}],
                    "facets": [{"facet": ("sad", "energetic", "calm")[i], "weight": 0.9}],
                    "vad": {"valence": 0.2 + 0.3 * i, "arousal": (0.3, 0.9, 0.2)[i], "dominance": 0.5},
                },
                "curve": [
                    {"start": ends[i], "vad": {"valence": 0.2 + 0.3 * i, "arousal": (0.3, 0.9, 0.2)[i]}}
                ],
            },
            start_seconds=15.0 * i,
            duration_seconds=15.0,
            transition=transitions[i],
            transition_seconds=2.0,
            reason=reasons[i],
            why=f"reason <{i}>",
        )
        cue.MergeFrom(pb.Cue(**music[i]))
        parts.append(pb.ComposeSoundtrackResponse(cue=cue))
    parts.append(pb.ComposeSoundtrackResponse(end={"cue_count": 3, "duration_seconds": 45.0}))
    return parts


class FakeComposer(match_service_pb2_grpc.MatchServiceServicer):
    """A gateway whose soundtrack is `parts`. Errors are raised one a call, after `errors_after` parts."""

    def __init__(self) -> None:
        self.requests: list[pb.ComposeSoundtrackRequest] = []
        self.parts: Sequence[pb.ComposeSoundtrackResponse] = three_cues()
        self.errors: list[Exception] = []
        self.errors_after = 0
        self.before_part: Callable[[int], None] = lambda _: None
        self.ended = threading.Event()  # a call is over on the server

    def ComposeSoundtrack(  # noqa: N802
        self, request: pb.ComposeSoundtrackRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ComposeSoundtrackResponse]:
        self.requests.append(request)
        context.add_callback(self.ended.set)
        error = self.errors.pop(0) if self.errors else None
        for i, part in enumerate(self.parts):
            if error is not None and i == self.errors_after:
                raise error
            self.before_part(i)
            yield part

    def application(self) -> Application:
        """What serves it."""
        return Application(
            [Servicer(SERVICE, lambda s: match_service_pb2_grpc.add_MatchServiceServicer_to_server(self, s))]
        )
