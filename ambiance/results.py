"""What the clients return: plain immutable values, in the units and the order of the services' answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Metric(StrEnum):
    """How the distance between two vectors is computed, and which direction is nearer."""

    SQUARED_L2 = "squared_l2"  # squared Euclidean distance: 0 is identical, smaller is nearer
    INNER_PRODUCT = "inner_product"  # larger is nearer
    UNKNOWN = "unknown"  # the service is newer than this client


class ShortfallReason(StrEnum):
    """Why an answer holds fewer than k clips."""

    CATALOG_SMALLER_THAN_K = "catalog_smaller_than_k"  # all clips of the index are returned
    FILTER_TOO_NARROW = "filter_too_narrow"  # all clips that the filter lets through are returned
    TOO_FEW_LISTENABLE = "too_few_listenable"  # k would be there, but too many aren't worth hearing
    TOO_FEW_AVAILABLE = "too_few_available"  # k would be worth hearing, but too many can't be played
    TOO_FAR = "too_far"  # fewer than k lie within `max_distance`
    TOO_ALIKE = "too_alike"  # a `max_per_...` or `min_separation` leaves fewer than k
    UNKNOWN = "unknown"  # the service is newer than this client


class EvidenceReason(StrEnum):
    """Why a text gives too little to go by."""

    NO_WORDS = "no_words"  # an ellipsis, digits, punctuation
    UNKNOWN_WORDS = "unknown_words"  # mostly words that the model doesn't know
    OTHER_LANGUAGE = "other_language"  # it isn't in English, the one that the model reads
    NOTHING_FELT = "nothing_felt"  # its words are known, and tell of nothing felt: names, a plain fact
    UNKNOWN = "unknown"  # the service is newer than this client


class NoticeKind(StrEnum):
    """What a notice is about."""

    DISTRESS = "distress"  # the text seems to speak of self-harm or suicide; gentle music only answers it
    UNKNOWN = "unknown"  # the service is newer than this client


class Vad(NamedTuple):
    """A point of emotion, each axis in [0, 1]."""

    valence: float  # displeasure to pleasure
    arousal: float  # calm to excited
    dominance: float  # controlled to in control


class VadDifference(NamedTuple):
    """What is left of one point of emotion when another is taken from it, each axis in [-1, 1]."""

    valence: float  # above 0: more pleasant
    arousal: float  # above 0: more excited
    dominance: float  # above 0: more in control


class EmotionScore(NamedTuple):
    """An emotion and its share of a text."""

    emotion: str
    score: float  # in [0, 1]; those of one text sum to 1


class SceneScore(NamedTuple):
    """A scene and how likely a text tells of it."""

    scene: str
    score: float  # in [0, 1]; those of one text sum to 1


class MoodScore(NamedTuple):
    """A mood and how likely it is a clip's."""

    mood: str
    score: float  # in [0, 1]; those of one clip sum to 1


class FacetScore(NamedTuple):
    """A facet or a trait of a clip, each by itself."""

    facet: str
    score: float  # probability in [0, 1] that a person would say it of the clip


class FacetWeight(NamedTuple):
    """A facet of music and how much a text asks for it."""

    facet: str
    weight: float  # in [-2, 1]; above 0 it fits the text, below 0 it jars


class Evidence(NamedTuple):
    """How much of an emotion a text gives to go by."""

    score: float  # probability in [0, 1] that it tells of something felt; 0 if the model can't read it
    fallback: bool  # whether its vectors are those of calm music, the same for every such text
    reason: EvidenceReason | None = None  # why there is too little; None if there is enough
    language: str | None = None  # ISO 639-1 code; None if none was detected but English


class Notice(NamedTuple):
    """Something that a product which shows the answer should show with it."""

    kind: NoticeKind
    text: str  # a sentence or two in English


class ArtifactVersion(NamedTuple):
    """The released model or index that made an answer."""

    kind: str  # "text_encoder" or "music_index"
    version: int


@dataclass(frozen=True, slots=True)
class Space:
    """A vector space; vectors compare only within one name and one lineage."""

    name: str
    dimension: int
    metric: Metric
    lineage: str


@dataclass(frozen=True, slots=True)
class Vector:
    """A vector with the space that gives its components a meaning.

    `values` is <float>[dimension of the space], finite; in the space "vad" valence, arousal and dominance,
    each in [0, 1]. In a query an empty `lineage` skips the check that the index was trained towards the
    same frame of reference.
    """

    space: str
    values: Sequence[float]
    lineage: str = ""


class WordInfluence(NamedTuple):
    """What one word did to the emotion of a text: the text with the word compared with that without it."""

    word: str  # as it stands in the text, with the punctuation that touches it
    start: int  # character of the text that it starts at
    shift: float  # share of the emotion scores that it moved, in [0, 1]
    emotion: str  # the one whose score it raised or lowered most
    share_change: float  # what it added to that score, in [-1, 1]


@dataclass(frozen=True, slots=True)
class EncodedText:
    """The emotion of one text, and how much of the text it rests on."""

    emotions: tuple[EmotionScore, ...]  # every emotion that the model knows, by descending score
    vad: Vad
    vectors: Mapping[str, Vector]  # by the name of their space
    token_count: int  # words or parts of words read, at least 1
    unknown_token_count: int  # how many of them the model's vocabulary doesn't hold
    window_count: int  # windows that the text was read in; a long text takes several
    model: ArtifactVersion
    evidence: Evidence
    scenes: tuple[SceneScore, ...] = ()  # what the text tells of: all 21, by descending score
    facets: tuple[FacetWeight, ...] = ()  # the music that it asks for: all twelve, by descending weight
    notices: tuple[Notice, ...] = ()  # mostly none
    embedding: tuple[float, ...] = ()  # the model's own features; they compare within its version only
    word_influences: tuple[WordInfluence, ...] = ()  # largest shift first; only if asked to explain


AttributeValue: TypeAlias = str | float | bool


@dataclass(frozen=True, slots=True)
class ClipMetadata:
    """What people know a piece of music by; what is empty isn't known."""

    title: str = ""
    artist: str = ""
    album: str = ""
    track_id: str = ""  # in the catalogue that it comes from
    uri: str = ""  # where it plays
    thumbnail_uri: str = ""  # a picture of it
    duration_seconds: float = 0.0  # of the whole track
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)  # anything else, ordered by name


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of music, or a part of one. A released clip is ten seconds or less of a YouTube video, from
    AudioSet, which may have been taken down since."""

    id: str  # of a released clip: "<youtube id>@<start second>"
    youtube_id: str  # empty if it isn't from YouTube
    start_seconds: float
    end_seconds: float  # 0 in a clip of one's own that doesn't say
    labels: tuple[str, ...]  # AudioSet's, such as "Lullaby"
    mood_labels: tuple[str, ...]  # moods that AudioSet's annotators gave it; most clips have none
    moods: tuple[MoodScore, ...]  # all seven, by descending score, as the music encoder hears them
    vad: Vad
    facets: tuple[FacetScore, ...]  # all twelve, by descending score
    traits: tuple[FacetScore, ...]  # vocal, speech, low_quality
    listenable: bool  # False if it is mainly speech or effects, or a bad recording
    available: bool = True  # False once it was found gone, or reported so
    metadata: ClipMetadata = ClipMetadata()

    @property
    def url(self) -> str:
        """Where it plays: the address of the video, starting where the clip does, or else the URI that its
        metadata tell; empty if neither is known."""
        if not self.youtube_id:
            return self.metadata.uri
        return f"https://youtu.be/{self.youtube_id}?t={int(self.start_seconds)}"


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A clip, its distance from the query by the metric of the answer's space, and how well it fits."""

    clip: Clip
    distance: float
    match_probability: float | None = None  # that its mood is acceptable; None if the index can't tell
    vad_difference: VadDifference | None = None  # clip minus text; None where no text was matched
    why: tuple[FacetScore, ...] = ()  # at most three facets that the text asks for, weightiest first


class Label(NamedTuple):
    """A name of AudioSet's ontology that a filter may use."""

    name: str
    clip_count: int  # clips that a filter by it lets through: they bear it, or a label below it
    parents: tuple[str, ...]  # labels right above it, ordered by name


@dataclass(frozen=True, slots=True)
class Index:
    """A searchable set of clips."""

    name: str
    version: ArtifactVersion
    spaces: tuple[Space, ...]  # that it can be searched in
    clip_count: int
    notices: tuple[str, ...]  # attributions and terms that its users must see
    writable: bool = False  # whether clips may be written to it
    sequence: int = 0  # number of the last write that it holds; 0 if there was none


class VersionStatus(NamedTuple):
    """A version of a model or an index, and what its service makes of it."""

    version: ArtifactVersion
    serving: bool
    spaces: tuple[Space, ...]  # none if it can't be read
    trouble: str  # why it can't be served; empty if it can, as far as its manifest tells


class FilterEffect(NamedTuple):
    """What a filter did to a search."""

    clip_count: int  # clips of the index that it let through
    unknown_clip_ids: tuple[str, ...] = ()  # ids in the filter that the index doesn't hold, ascending
    unknown_youtube_ids: tuple[str, ...] = ()  # videos in the filter of which it holds no clip, ascending


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The clips near one vector, or like one clip, or on the way from one vector to another."""

    neighbors: tuple[Neighbor, ...]  # nearest first, equal distances by clip id; those of a path as they come
    shortfall_reason: ShortfallReason | None  # why there are fewer than k; None if there are k
    space: Space
    index: ArtifactVersion
    filter_effect: FilterEffect | None = None  # None if the search had no filter
    left_out_clip_count: int = 0  # clips left out as not worth hearing, of those that the filter lets through


@dataclass(frozen=True, slots=True)
class MatchResult:
    """A text as it was read, and the clips that carry the same emotion."""

    text: EncodedText
    neighbors: tuple[Neighbor, ...]  # nearest first; equal distances by clip id
    shortfall_reason: ShortfallReason | None  # why there are fewer than k; None if there are k
    space: Space
    index: ArtifactVersion
    filter_effect: FilterEffect | None = None  # None if the search had no filter
    left_out_clip_count: int = 0  # clips left out as not worth hearing, of those that the filter lets through
