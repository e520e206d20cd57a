"""The kinds of artifacts of one process, and the one place where what is served of them changes."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from threading import Lock
from time import monotonic
from typing import Any

from ambiance.artifacts import Manifest
from ambiance.errors import (
    AmbianceError,
    ArtifactError,
    DeadlineError,
    InvalidInputError,
    NotFoundError,
    PreconditionError,
)
from ambiance.server.artifact_choice import Choice, Chosen
from ambiance.server.versioned_artifact import VersionedArtifact, VersionStatus
from ambiance.validation import shown

logger = logging.getLogger(__name__)

# Kind -> the version of it that is to be served.
Plan = Mapping[str, Manifest]
# Why versions can't be served together, in a sentence; None if they can.
Misfit = Callable[[Plan], str | None]


def no_misfit(plan: Plan) -> None:
    """For a process that serves one kind: whether that fits what others serve it can't know."""


class ArtifactVersions:
    """Changes versions, one load at a time, beside what is served; that stays whenever a change fails.

    Any number of threads may call it at once.
    """

    def __init__(
        self,
        kinds: Sequence[VersionedArtifact[Any]],
        choice: Choice,
        pinned: Sequence[str] = (),
        misfit: Misfit = no_misfit,
    ) -> None:
        """Take what this process serves.

        Args:
            kinds: in the order in which they change: an index before what asks it.
            choice: what this process and its siblings were told.
            pinned: kinds that were told a version at the start, and so don't follow their folder.
            misfit: why versions of several kinds don't go together.
        """
        self._kinds = {each.kind: each for each in kinds}
        self._choice, self._misfit = choice, misfit
        self._lock = Lock()
        # Always the same thread loads: the C library gives each an arena, which keeps what was freed in it.
        self._loader = ThreadPoolExecutor(1, "load")
        self._reported: set[tuple[str, int, bool]] = set()
        self._failures: dict[
            tuple[str, int], str
        ] = {}  # why loading failed, of what may succeed another time
        choice.begin(self._chosen(set(pinned)))

    @property
    def has_siblings(self) -> bool:
        """Whether other workers may be told what this one is to do, too."""
        return self._choice.shared

    def statuses(self) -> list[VersionStatus]:
        """Every version of every kind, ordered by kind and version; without waiting for a load."""
        return [status for kind in sorted(self._kinds) for status in self._kinds[kind].statuses()]

    def serving(self) -> dict[str, int]:
        """Kind -> the version that is served."""
        return {kind: self._kinds[kind].serving.version for kind in sorted(self._kinds)}

    def reload(self, kind: str, version: int, timeout_s: float) -> dict[str, int]:
        """Serve a version of a kind, 0 for the newest whole one from now on; returns what is served.

        An empty kind means all. It returns once every worker serves it.

        Raises:
            InvalidInputError: if the version is negative, or one is named without a kind.
            NotFoundError: if there is no such version, or nothing of that kind is served.
            PreconditionError: if it can't be served; what was served is then served still.
            DeadlineError: if the time is up before the change could begin, or before every worker made it.
        """
        self._check(kind, version)
        deadline = monotonic() + timeout_s
        if not self._lock.acquire(timeout=timeout_s):
            raise DeadlineError("another version is still being loaded")
        try:
            self._obey()
            asked = {kind} if kind else set(self._kinds)
            self._serve(dict.fromkeys(asked, version))
            pinned = self._choice.pinned()
            self._choice.tell(self._chosen(pinned | asked if version else pinned - asked))
            serving = self.serving()
        finally:
            self._lock.release()
        self._choice.wait_for_siblings(max(0.0, deadline - monotonic()))
        return serving

    def obey(self) -> None:
        """Serve what a sibling was told to."""
        with self._lock:
            self._obey()

    def follow(self) -> None:
        """Go to the newest whole version of every kind that isn't pinned.

        A process that serves one kind stays within its lineages: it can't know whether what it is matched
        with has others, too. A version that can't be served is logged once and waited for.
        """
        with self._lock:
            self._obey()
            pinned = self._choice.pinned()
            kinds = self._kinds.items()
            candidates = {k: [each.serving] if k in pinned else each.newest_first() for k, each in kinds}
            self._try_in_turn(candidates, self._foreign)
            self._report(pinned)

    def _obey(self) -> None:
        told = self._choice.news()
        if told is None:
            return
        trouble = ""
        try:
            self._serve({kind: each.version for kind, each in told.items() if kind in self._kinds})
        except AmbianceError as error:
            trouble = str(error)
            logger.warning("can't serve what another worker serves", extra={"reason": trouble})
        self._choice.done(trouble)

    def _check(self, kind: str, version: int) -> None:
        if kind and kind not in self._kinds:
            raise NotFoundError(f"kind: no {shown(kind)} is served here; served: {', '.join(self._kinds)}")
        if version < 0:
            raise InvalidInputError.of("version", f"at least 1, or 0 for the newest, got {version:,}")
        if version and not kind:
            raise InvalidInputError.of("version", f"needs a kind, got {version:,} without one")

    def _serve(self, versions: Mapping[str, int]) -> None:
        """Serve these versions, 0 for the newest whole, and of other kinds what is served.

        Where that doesn't go with them, another kind that isn't pinned changes to its newest that does.
        """
        pinned = self._choice.pinned()
        candidates = {
            kind: [each.serving, *([] if kind in pinned else each.newest_first())]
            for kind, each in self._kinds.items()
        }
        for kind, version in versions.items():
            held = self._kinds[kind]
            try:
                candidates[kind] = [held.manifest(version)] if version else held.newest_first()
            except ArtifactError as error:
                raise PreconditionError(str(error)) from error
        if reason := self._try_in_turn(candidates, self._misfit):
            raise PreconditionError(reason)

    def _try_in_turn(self, candidates: Mapping[str, Sequence[Manifest]], misfit: Misfit) -> str | None:
        """Serve the first combination that goes together and loads; returns why the first of all couldn't be,
        if none could."""
        reasons: list[str] = []
        failed: list[Manifest] = []
        for versions in product(*candidates.values()):
            if any(manifest in failed for manifest in versions):
                continue
            plan = dict(zip(candidates, versions, strict=True))
            reason = misfit(plan) or self._change(plan, failed)
            if reason is None:
                return None
            reasons.append(reason)
        return reasons[0]

    def _change(self, plan: Plan, failed: list[Manifest]) -> str | None:
        """Load what isn't served yet, then swap all of it; returns why one can't be loaded, which joins those
        that failed."""
        changes = {kind: each for kind, each in plan.items() if each != self._kinds[kind].serving}
        loaded = {}
        for kind, manifest in changes.items():
            begun = monotonic()
            try:
                loaded[kind] = self._loader.submit(self._kinds[kind].load, manifest.version).result()
            except Exception as error:  # whatever a damaged file does to a reader, what is served stays
                if not isinstance(error, AmbianceError | OSError):
                    logger.exception("a version can't be loaded")
                reason = str(error) or repr(error)
                failed.append(manifest)
                if isinstance(error, AmbianceError) and not isinstance(error, ArtifactError):
                    self._failures[kind, manifest.version] = reason  # a TF Serving hasn't got it yet, say
                else:
                    self._kinds[kind].refuse(manifest.version, reason)
                return reason
            self._failures.pop((kind, manifest.version), None)
            facts = {"kind": kind, "version": manifest.version, "seconds": round(monotonic() - begun, 3)}
            logger.info("loaded a version", extra=facts)
        for kind, snapshot in loaded.items():
            before = self._kinds[kind].serving.version
            self._kinds[kind].swap(snapshot, changes[kind])
            facts = {"kind": kind, "version": changes[kind].version, "version_before": before}
            logger.info("serving another version", extra=facts)
        return None

    def _foreign(self, plan: Plan) -> str | None:
        """Why what nobody asked for isn't served."""
        if len(self._kinds) > 1:
            return self._misfit(plan)
        [(kind, manifest)] = plan.items()
        served, found = _lineages(self._kinds[kind].serving), _lineages(manifest)
        if served == found:
            return None
        return f"its lineages are {found}, {served} are served: ReloadArtifacts changes to others"

    def _report(self, pinned: set[str]) -> None:
        """Log once of each newer version that isn't served why it isn't."""
        waiting: dict[tuple[str, int, bool], str] = {}
        serving = {kind: each.serving for kind, each in self._kinds.items()}
        for kind in self._kinds.keys() - pinned:
            held = self._kinds[kind]
            failed = {version: why for (of, version), why in self._failures.items() if of == kind}
            waiting |= {(kind, version, True): why for version, why in (held.troubles() | failed).items()}
            for manifest in held.newest_first():
                if why_not := self._foreign({**serving, kind: manifest}):
                    waiting[kind, manifest.version, False] = why_not
        waiting = {key: why for key, why in waiting.items() if key[1] > serving[key[0]].version}
        for key in waiting.keys() - self._reported:
            facts = {"kind": key[0], "version": key[1], "reason": waiting[key]}
            logger.warning("waiting for a version that can't be served", extra=facts)
        self._reported = set(waiting)

    def _chosen(self, pinned: set[str]) -> dict[str, Chosen]:
        served = {kind: each.serving for kind, each in self._kinds.items()}
        return {
            kind: Chosen(version=each.version, pinned=kind in pinned, lineages=_lineages(each))
            for kind, each in served.items()
        }


def _lineages(manifest: Manifest) -> dict[str, str]:
    return {space.name: space.lineage for space in manifest.spaces}
