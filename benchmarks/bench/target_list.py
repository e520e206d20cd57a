"""The targets, in the order in which the page lists them, and what stands between where one is missed."""

from bench.cluster import GATEWAY, MUSIC, TEXT
from bench.cold_start import music_of
from bench.matching import BATCH, BATCH_RATIO, IN_ONE_RATIO, MATCH_RATIO
from bench.scaled import AUDIOSET_CLIPS, HUGE_CLIPS, RELEASED_CLIPS
from bench.search_section import EVERYTHING, OURS, size_name
from bench.targets import Target
from bench.throughput import CLUSTER

_NESTED_HOPS = (
    "an echo that asks two others and does nothing else takes 1.1 to 1.4 times three echoes in a row,"
    " since the threads that serve and those that ask hand one interpreter's lock to each other. What the"
    " services compute comes on top, and most of that is the model and messages, in compiled code."
)


def _ratio(
    title: str, group: str, name: str, limit: float, *, percentile: str = "p50", obstacle: str = ""
) -> Target:
    """At most so many times the reference."""
    return Target(title, group, ("ratios", name, percentile), limit, unit=" x", obstacle=obstacle)


def _gain(title: str, group: str, name: str, limit: float, obstacle: str = "") -> Target:
    """The reference at least so many times ours."""
    return Target(title, group, ("ratios", name, "p50"), limit, at_least=True, unit=" x", obstacle=obstacle)


def _under_load(
    title: str, figure: str, limit: float, *, at_least: bool = False, obstacle: str = ""
) -> Target:
    return Target(title, "throughput", (CLUSTER, "figures", figure), limit, at_least, " x", obstacle)


_MATCH = [
    _ratio("a match, p50 beside that of three echoes", "matching", MATCH_RATIO, 1.25, obstacle=_NESTED_HOPS),
    _ratio(
        "a match, p99 beside that of three echoes",
        "matching",
        MATCH_RATIO,
        1.5,
        percentile="p99",
        obstacle="as for p50; and what slows the machine itself, see above, meets a match more often than an"
        " echo, which is over sooner.",
    ),
    _ratio(
        "a match in one process, p50 beside that of an echo",
        "matching",
        IN_ONE_RATIO,
        1.5,
        obstacle="half an echo is less time than encoding, search and reply take together, see below.",
    ),
    _gain(
        f"a text in a batch of {BATCH} beside one alone, one call after another",
        "matching",
        BATCH_RATIO,
        10,
        "what a batch shares is the hops. Each text still costs its windows in the model, and a reply of"
        " forty scores and ten clips, which are a larger part of a match the cheaper its hops are.",
    ),
]

_LOAD = [
    _under_load(
        "matches a second beside a third of the echoes a second, as fast as answers come",
        "match rate / third of echo rate",
        0.8,
        at_least=True,
        obstacle="two cores run four processes and the client, and each finds its caches cold when its turn"
        " comes: a match takes about 4 ms of processor time over all of them, three echoes in a row 1.3 ms.",
    ),
    _under_load(
        f"texts a second in batches of {BATCH} beside texts alone, as fast as answers come",
        "texts/s in batches / texts/s alone",
        10,
        at_least=True,
        obstacle="as for a batch one call after another.",
    ),
    _under_load(
        "at 3 x capacity, p99 of accepted calls beside p99 at 80 % of the knee",
        "accepted p99 in overload / p99 at 80 %",
        3,
        obstacle="gRPC's own serving thread competes with the calls for the interpreter's lock, so some wait"
        " where no permit counts them.",
    ),
    _under_load(
        "at 3 x capacity, answers a second beside capacity",
        "goodput / capacity in overload",
        0.85,
        at_least=True,
        obstacle="a refusal costs 0.12 to 0.30 ms of processor time, most of it gRPC's, and the senders take"
        " a quarter of the two cores, which is more than the target leaves: see the next.",
    ),
    _under_load(
        "the same p99, most of the calls sent by h2load",
        "accepted p99 in overload by h2load / p99 at 80 %",
        3,
        obstacle="gRPC's own serving thread competes with the calls for the interpreter's lock, so some wait"
        " where no permit counts them.",
    ),
    _under_load(
        "the same answers a second, most of the calls sent by h2load",
        "goodput / capacity in overload by h2load",
        0.85,
        at_least=True,
        obstacle="a refusal costs 0.12 to 0.30 ms of processor time, most of it gRPC's.",
    ),
]

_ENCODE = [
    Target(
        "a text alone in the text service's process, p50",
        "encode",
        ("timings", "1 text", "p50_ms"),
        0.3,
        unit=" ms",
        obstacle="the parts of a call, tokens, model and reply, take 0.4 ms in a tight loop, and twice that"
        " when other processes, or others' machines on the same chip, have used the caches in between.",
    ),
    _gain(
        "a text alone beside one in a batch of 64",
        "encode",
        "1 text / a text of 64",
        5,
        "a window costs the model nearly as much in a block as alone, and a reply as much; what a batch"
        " shares is what little surrounds them.",
    ),
    _gain("the seed's Keras call beside a text alone", "encode", "seed: Keras call / 1 text", 100),
    _gain(
        "`tf.function` beside a text alone",
        "encode",
        "tf.function / 1 text",
        5,
        "`tf.function` is timed as bare windows in, arrays out; ours is the whole call, from request to"
        " reply.",
    ),
]


def _index_mb(clips: int) -> float:
    """What an index service of so many clips may hold in memory: 150 MB, and 40 bytes a clip."""
    return round(150 + 40 * clips / 1e6, 1)


# For each process: seconds to SERVING, and resident megabytes.
_PROCESS_LIMITS = {
    TEXT: (1.5, 120.0),
    MUSIC: (1.5, _index_mb(RELEASED_CLIPS)),
    music_of(AUDIOSET_CLIPS): (5.0, _index_mb(AUDIOSET_CLIPS)),
    GATEWAY: (1.5, 100.0),
}

_OBSTACLES = {
    "start_s": "imports take most of it; the index is read and its digests are checked besides.",
    "resident_mb": "what is mapped counts once it was touched, and with it all that the kernel's page cache"
    " holds in one piece, here up to 2 MB; it may be taken back at any time. What is the process's own stands"
    " below.",
    "first_call_ratio": "the first call runs code of gRPC's that no call has run in either process, and of a"
    " large index it reads pages that nothing has mapped yet.",
}

# At this size it isn't said how soon.
_HUGE_INDEX = Target(
    f"{music_of(HUGE_CLIPS)}, in memory",
    "cold_start",
    ("processes", music_of(HUGE_CLIPS), "resident_mb"),
    _index_mb(HUGE_CLIPS),
    unit=" MB",
    obstacle=_OBSTACLES["resident_mb"],
)


def _of_process(process: str, what: str, figure: str, limit: float, unit: str) -> Target:
    path = ("processes", process, figure)
    return Target(f"{process}, {what}", "cold_start", path, limit, unit=unit, obstacle=_OBSTACLES[figure])


_PROCESSES = [
    target
    for process, (start_s, resident_mb) in _PROCESS_LIMITS.items()
    for target in (
        _of_process(process, "to SERVING", "start_s", start_s, " s"),
        _of_process(process, "in memory", "resident_mb", resident_mb, " MB"),
        _of_process(process, "first call beside those that follow", "first_call_ratio", 2, " x"),
    )
]

_TRAINING = [
    Target(
        "from AudioSet's files to a published index, clips a second",
        "training",
        ("whole", "clips_per_s"),
        25_000,
        at_least=True,
        obstacle="hearing the clips is three times as fast as this; what is left is mostly the prices of a"
        " million clips, and reading the comments that set them.",
    ),
    Target(
        "the same for all of AudioSet",
        "training",
        ("whole", "seconds"),
        90,
        unit=" s",
        obstacle="as above.",
    ),
]

_LARGE, _HUGE = size_name(AUDIOSET_CLIPS), size_name(HUGE_CLIPS)


def _searched(part: str, what: str, obstacle: str) -> list[Target]:
    """Of search among as many clips as AudioSet has; of every space, and all that `part` finds, the worst."""
    path = (_LARGE, "*", part)
    return [
        Target(f"{what}, recall@10", "search", (*path, "recall_at_10"), 1, at_least=True),
        Target(
            f"{what}, p50",
            "search",
            (*path, "timings", OURS, "p50_ms"),
            0.15,
            unit=" ms",
            obstacle=obstacle,
        ),
        Target(
            f"FAISS's scan beside {what}",
            "search",
            (*path, "ratio", "p50"),
            50,
            at_least=True,
            unit=" x",
            obstacle="each scan empties the caches for the search that follows it; a narrow filter makes the"
            " scan itself cheaper.",
        ),
    ]


_SEARCH = [
    *_searched(
        EVERYTHING,
        f"search among {AUDIOSET_CLIPS:,} clips",
        "some sixty small array calls from Python take most of it; bounds in the mood space, of twelve"
        " effective dimensions, leave about a hundred leaves of 32 clips to read.",
    ),
    *_searched(
        "*%*",
        f"filtered search among {AUDIOSET_CLIPS:,} clips, by the worst filter",
        "the worst lets 5 % through: too few for most leaves to hold one, so all 104,000 are compared, in a"
        " copy of their own. In the mood space that is 6 MB to read.",
    ),
    Target(
        f"search among {HUGE_CLIPS:,} clips, p99",
        "search",
        (_HUGE, "*", EVERYTHING, "timings", OURS, "p99_ms"),
        1,
        unit=" ms",
        obstacle="a text of mixed emotion lies between the moods, far from every clip, where bounds exclude"
        " little: such queries read thousands of leaves.",
    ),
]

TARGETS: list[Target] = [*_MATCH, *_LOAD, *_ENCODE, *_SEARCH, *_PROCESSES, _HUGE_INDEX, *_TRAINING]
