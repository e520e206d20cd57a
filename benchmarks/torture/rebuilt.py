"""An index made anew from nothing but the store, beside the one that is served: both must answer the same."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from unittest.mock import Mock

import grpc
import numpy as np

from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.errors import NotFoundError
from ambiance.music.v1 import clip_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from music_index_service.live.catalogues import SEGMENTS_FOLDER
from music_index_service.live.compaction import compact
from music_index_service.live.live_index import LiveIndex
from music_index_service.live.model import IndexModel
from music_index_service.loading import load_release
from music_index_service.service import DEFAULT_INDEX, MusicIndexService
from music_index_service.snapshot import IndexSnapshot
from music_index_service.store.store import Store
from torture.service_process import ServiceProcess

_FEW = 10  # answers to a search
_NEAR = {VAD_SPACE: 1e-6, MOOD_SPACE: 1e-3}  # of squared distances, those in "mood" are above 200
_NO_CONTEXT = Mock(grpc.ServicerContext)


class Rebuilt:
    """Makes indexes from copies of what was written, on the releases of a folder."""

    def __init__(
        self,
        artifacts: Path,
        index: str,
        copy: Callable[[Path], Path],
        *,
        most: int = 1_000,
        numbered: bool = True,
    ) -> None:
        """Take an index by its name, and what copies everything that was written to it.

        Args:
            artifacts: folder of the releases.
            index: the name.
            copy: puts a store with all of it into a folder, and returns its file.
            most: answers to a search.
            numbered: whether writes have the same numbers there.
        """
        self._artifacts, self._index, self._copy = artifacts, index, copy
        self._most, self._numbered = most, numbered
        self._model = cache(self._load)
        self._random = np.random.default_rng(0)

    def differences(
        self, process: ServiceProcess, clips: Sequence[clip_pb2.Clip], *, prices: bool, listed: bool
    ) -> list[str]:
        """What a service that nobody writes to answers otherwise than an index that is made anew.

        Args:
            process: the service.
            clips: all that it lists, or those of them that were written.
            listed: whether they are all.
            prices: whether all clips that were written are still at the price that new ones have: only then
                are distances in "mood" the same. Else what is compared there are the clips that are found,
                and how well they fit.
        """
        indexes = process.call(process.music.ListIndexes, messages.ListIndexesRequest()).indexes
        [served] = [index for index in indexes if index.name == self._index]
        [release] = [index for index in indexes if index.name == DEFAULT_INDEX]
        with tempfile.TemporaryDirectory(prefix="torture-") as folder:
            published: list[IndexSnapshot] = []
            model = self._model(release.version.version)
            store = Store.open(self._copy(Path(folder)))
            over = model.released if self._index == DEFAULT_INDEX else None
            index = LiveIndex(self._index, model, store, published.append, over)
            anew = MusicIndexService(published)
            compare = _other_clips if listed else _otherwise
            faults = list(compare(clips, anew, self._index))
            if served.clip_count != len(published[-1]):
                faults.append(f"holds {served.clip_count} clips, must be {len(published[-1])}")
            if self._numbered and served.sequence != published[-1].sequence:
                faults.append(f"is at write {served.sequence}, must be {published[-1].sequence}")
            for request in self._requests(published[-1], [clip.id for clip in clips if clip.metadata.title]):
                answer = process.call(process.music.FindNeighbors, request)
                right = anew.FindNeighbors(request, _NO_CONTEXT)
                faults += _other_answers(answer, right, request, prices=prices)
            index.close()
        return faults

    def compact(self, store: Path, version: int) -> None:
        """Compact what a store holds on a version of the release, while no service runs."""
        over_release = self._index == DEFAULT_INDEX
        compact(store, store.with_name(SEGMENTS_FOLDER), self._model(version), over_release=over_release)

    def _load(self, version: int) -> IndexModel:
        release = load_release(DEFAULT_INDEX, self._artifacts, version)
        return IndexModel.of(release.index, release.placement)

    def _requests(self, index: IndexSnapshot, own: Sequence[str]) -> Iterator[messages.FindNeighborsRequest]:
        """Searches in both spaces, with and without filters, for few and for many."""
        expected = index.expected_queries()
        for space in index.spaces.values():
            for k in (_FEW, self._most):
                request = messages.FindNeighborsRequest(options={"index": self._index, "k": k})
                for _ in range(3 if k == _FEW else 1):
                    values = self._random.random(3) if space.name == VAD_SPACE else expected[space.name]
                    request.queries.add(space=space.name, lineage=space.lineage, values=values)
                yield request
                request.options.include_unavailable = request.options.include_unlistenable = True
                yield request
                request.options.filter.labels.append("Rock music")
                yield request
                if own:
                    request.options.filter.Clear()
                    request.options.filter.clip_ids.extend(own[:1_000])
                    yield request


def copied_store(store: Path, folder: Path) -> Path:
    """Copy the files of a store that no process writes to into a folder; returns the copy's."""
    for path in (store, store.with_name(f"{store.name}-wal")):
        if path.exists():
            shutil.copy(path, folder)
    return folder / store.name


def _other_clips(clips: Sequence[clip_pb2.Clip], anew: MusicIndexService, index: str) -> Iterator[str]:
    token, at = "", 0
    while True:
        request = messages.ListClipsRequest(index=index, page_size=1_000, page_token=token)
        page = anew.ListClips(request, _NO_CONTEXT)
        for clip, right in zip(clips[at : at + len(page.clips)], page.clips, strict=False):
            if clip != right:
                yield f"lists {clip.id} otherwise than {right.id} of an index made anew"
        at += len(page.clips)
        if not (token := page.next_page_token):
            break
    if at != len(clips):
        yield f"lists {len(clips)} clips, an index made anew {at}"


def _otherwise(clips: Sequence[clip_pb2.Clip], anew: MusicIndexService, index: str) -> Iterator[str]:
    for clip in clips:
        try:
            right = anew.GetClip(messages.GetClipRequest(index=index, clip_id=clip.id), _NO_CONTEXT).clip
        except NotFoundError:
            yield f"{clip.id} is there, and isn't in an index made anew"
        else:
            if clip != right:
                yield f"{clip.id} isn't what it is in an index made anew"


def _other_answers(
    served: messages.FindNeighborsResponse,
    right: messages.FindNeighborsResponse,
    request: messages.FindNeighborsRequest,
    *,
    prices: bool,
) -> Iterator[str]:
    space, options = right.space.name, request.options
    told = f"a search in {space} (k {options.k}{', filtered' if options.HasField('filter') else ''})"
    if served.filter_effect != right.filter_effect:
        yield f"{told}: the filter let through {served.filter_effect}, must be {right.filter_effect}"
    if served.left_out_clip_count != right.left_out_clip_count:
        yield f"{told}: left out {served.left_out_clip_count}, must be {right.left_out_clip_count}"
    for answer, must_be in zip(served.results, right.results, strict=True):
        if len(answer.neighbors) != len(must_be.neighbors):
            yield f"{told}: {len(answer.neighbors)} neighbours, must be {len(must_be.neighbors)}"
        elif space == MOOD_SPACE and not prices:
            if len(must_be.neighbors) < options.k and _fits(answer) != _fits(must_be):
                yield f"{told}: other clips than in an index made anew, or they fit otherwise"
        elif not _same(answer, must_be, _NEAR[space]):
            yield f"{told}: other neighbours than in an index made anew"


def _fits(answer: messages.Neighbors) -> dict[str, tuple[bytes, float]]:
    return {
        each.clip.id: (each.clip.SerializeToString(deterministic=True), round(each.match_probability, 4))
        for each in answer.neighbors
    }


def _same(one: messages.Neighbors, other: messages.Neighbors, near: float) -> bool:
    """Whether both have the same distances, and the same clips but for those as far as the last."""
    distances = [np.array([each.distance for each in answer.neighbors]) for answer in (one, other)]
    if not np.allclose(distances[0], distances[1], rtol=1e-6, atol=near):
        return False
    found = [{each.clip.id: each for each in answer.neighbors} for answer in (one, other)]
    for clip_id in found[0].keys() ^ found[1].keys():
        distance = (found[0].get(clip_id) or found[1][clip_id]).distance
        if distance < distances[0][-1] - 2 * near:
            return False
    return all(
        found[0][clip_id].clip == found[1][clip_id].clip for clip_id in found[0].keys() & found[1].keys()
    )
