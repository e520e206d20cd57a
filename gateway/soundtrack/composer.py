"""Puts the steps together: a request in, the parts of its soundtrack out, as they are asked for."""

from collections.abc import Iterator

from ambiance.match.v1 import soundtrack_pb2 as pb
from gateway.matching import NeighborFinder, TextEncoder
from gateway.soundtrack.candidates import Candidates
from gateway.soundtrack.cues import cues
from gateway.soundtrack.decisions import stretches
from gateway.soundtrack.passages import spans
from gateway.soundtrack.readings import Reader
from gateway.soundtrack.scenes import SceneReader
from gateway.soundtrack.sequence import chosen
from gateway.soundtrack.services import Clock, Services
from gateway.soundtrack.settings import Brief
from gateway.soundtrack.words import count_words


class Composer:
    """Composes soundtracks with the two services behind the gateway."""

    def __init__(self, encoder: TextEncoder, finder: NeighborFinder, default_space: str) -> None:
        self._encoder, self._finder, self._default_space = encoder, finder, default_space

    def compose(self, brief: Brief, space: str, clock: Clock) -> Iterator[pb.ComposeSoundtrackResponse]:
        """The parts of a soundtrack: its start, its cues, its end. An empty space means the default.

        Nothing is done but for the part that is asked for, and to look ahead from it.

        Raises:
            InvalidInputError: if a service refuses what the caller sent; fields are those of the request.
            AmbianceError: what else the services answer, and DeadlineError if the time is spent or the
            caller gone.
        """
        space = space or self._default_space
        services = Services(self._encoder, self._finder, clock)
        reader = Reader(services, space)
        candidates = Candidates(services, brief, reader.neutral)
        first = candidates.first
        seconds = brief.seconds(count := count_words(brief.text))
        yield pb.ComposeSoundtrackResponse(
            start=pb.SoundtrackStart(
                space=first.space,
                model=services.model,
                index=first.index,
                character_count=len(brief.text),
                word_count=count,
                duration_seconds=seconds,
            )
        )
        passages = spans(brief, reader, stretches(brief.decisions, len(brief.text)))
        scenes = SceneReader(reader, brief, space).read(passages)
        cue_count = 0
        for cue in cues(brief, candidates, chosen(brief, candidates.search(scenes))):
            cue_count += 1
            clock.require()
            yield pb.ComposeSoundtrackResponse(cue=cue)
        end = pb.SoundtrackEnd(
            cue_count=cue_count, duration_seconds=seconds, left_out_clip_count=first.left_out_clip_count
        )
        if first.HasField("filter_effect"):
            end.filter_effect.CopyFrom(first.filter_effect)
        yield pb.ComposeSoundtrackResponse(end=end)
