"""What has played, and so may not play again: the rules that no clip breaks, however well it fits."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from gateway.soundtrack.candidates import Weighed
from gateway.soundtrack.choices import Choice
from gateway.soundtrack.heard import Heard
from gateway.soundtrack.settings import Brief


class History:
    """The settled part of one soundtrack."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief
        self._cue_count = 0
        self._decision_count = 0
        self._last_cue: dict[str, int] = {}  # by clip
        self._plays: dict[str, int] = defaultdict(int)  # by clip; one that is held plays once
        self._clips: dict[str, set[str]] = defaultdict(set)  # by video
        self._decided = [decision.clip_id for decision in brief.decisions]

    def settle(self, choice: Choice) -> None:
        """Note what plays next."""
        if choice.clip is not None:
            self._last_cue[choice.clip_id] = self._cue_count
            self._clips[choice.video].add(choice.clip_id)
            self._plays[choice.clip_id] += not choice.is_held
        self._decision_count += choice.weighed.scene.span.decision is not None
        self._cue_count += 1

    def plays(self, weighed: Weighed) -> NDArray[np.float64]:
        """<float64>[candidates] how often each has played."""
        return np.array([self._plays.get(each, 0) for each in weighed.ids], np.float64)

    def allowed(self, weighed: Weighed, open_count: int) -> NDArray[np.bool_]:
        """<bool>[candidates] which may play by what is settled, as the next cue after so many open ones.

        None may that is decided for among the next cues: it would play again too soon.
        """
        number, most = self._cue_count + open_count, self._brief.no_repeat_cues
        coming = set(self._decided[self._decision_count : self._decision_count + open_count + most])
        allowed = [
            clip_id not in coming
            and number - self._last_cue.get(clip_id, -most - 1) > most
            and (clip_id in (clips := self._clips.get(video, ())) or len(clips) < self._brief.clips_per_video)
            for clip_id, video in zip(weighed.ids, weighed.videos, strict=True)
        ]
        return np.array(allowed, np.bool_)

    def allowed_after(self, heard: Heard, weighed: Weighed, open_count: int) -> NDArray[np.bool_]:
        """<bool>[hypotheses, candidates] which may play after what was heard and isn't settled."""
        lately = heard.same_clip[:, -self._brief.no_repeat_cues :].any(axis=1)
        # clips of the same video that aren't settled; of a clip that played twice both count, which is rare
        others = heard.same_video & ~heard.same_clip
        others = others[:, max(0, others.shape[1] - open_count) :].sum(axis=1)
        settled = [self._clips.get(video, set()) for video in weighed.videos]
        room = self._brief.clips_per_video - np.array([len(clips) for clips in settled], np.int64)
        known = np.array([each in clips for each, clips in zip(weighed.ids, settled, strict=True)], np.bool_)
        return ~lately & (known | (others < room))
