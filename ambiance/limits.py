"""Limits of the wire contract. The field comments in protos/ state the same figures; a test compares them."""

MAX_TEXTS = 256  # texts in one EncodeTexts or MatchTexts
MAX_TEXT_CHARACTERS = 20_000  # Unicode code points in one text
MAX_EXPLAINED_CHARACTERS = 20_000  # code points of all texts of one request that asks to explain
MAX_QUERIES = 256  # vectors in one FindNeighbors
DEFAULT_K = 10  # neighbours per query when k is 0
MAX_K = 1_000  # neighbours per query
MAX_HITS = 10_000  # queries x k in one FindNeighbors or MatchTexts: keeps a reply under 4 MiB
MAX_CLIP_IDS = 1_000  # clip ids in one BatchGetClips
MAX_CLIP_ID_CHARACTERS = 128  # Unicode code points of a clip's id
DEFAULT_PAGE_SIZE = 100  # clips in one ListClips when page_size is 0
MAX_PAGE_SIZE = 1_000  # clips in one ListClips
MAX_FILTER_LABELS = 100  # in each list of labels of a ClipFilter
MAX_LABEL_CHARACTERS = 100  # Unicode code points in one of them; AudioSet's longest name has 40
MAX_FILTER_MOODS = 7  # as many as there are
MAX_FILTER_IDS = 1_000  # in each list of clip ids or video ids of a ClipFilter
MAX_CONDITIONS = 32  # on attributes, in a ClipFilter
MAX_CONDITION_VALUES = 100  # in one of them
MAX_ATTRIBUTE_NAME_CHARACTERS = 64
MAX_SEPARATION = 3.4  # between the facets of two hits: the square root of twelve facets from 0 to 1, rounded
DEFAULT_STEPS = 10  # clips of a path when steps is 0
MAX_STEPS = 100  # clips of a path

# Of a soundtrack. The longest novels have less than four million characters.
MAX_SOUNDTRACK_CHARACTERS = 4_000_000
DEFAULT_CANDIDATES = 64  # clips weighed for a passage when k is 0
LEAST_CANDIDATES, MAX_CANDIDATES = 3, 100
DEFAULT_WORDS_PER_MINUTE = 230
LEAST_WORDS_PER_MINUTE, MAX_WORDS_PER_MINUTE = 60, 1_000
MAX_INTENSITY = 2.0
DEFAULT_MIN_PASSAGE_S, DEFAULT_MAX_PASSAGE_S = 20.0, 120.0
SHORTEST_PASSAGE_S = 5.0  # the least that min_passage_seconds may be
MAX_PASSAGE_SENTENCES = 1_000  # and MAX_TEXT_CHARACTERS, however little time reading them takes
MAX_MIN_PASSAGE_S, MAX_MAX_PASSAGE_S = 600.0, 3_600.0
DEFAULT_NO_REPEAT_CUES, MAX_NO_REPEAT_CUES = 12, 100
DEFAULT_CLIPS_PER_VIDEO, MAX_CLIPS_PER_VIDEO = 3, 100
MAX_SOUNDTRACK_WEIGHT = 100.0
MAX_HOLD_S = 240.0  # for which a clip goes on, unless no other may play
MAX_PASSAGE_DECISIONS = 5_000
DEFAULT_SOUNDTRACK_DEADLINE_S = 120.0

# Of a file that a text is read from. What is larger than this is no text of MAX_SOUNDTRACK_CHARACTERS.
MAX_BOOK_BYTES = 64 * 1024 * 1024  # the file; most of a large epub is its pictures, which aren't unpacked
MAX_BOOK_TEXT_BYTES = 32 * 1024 * 1024  # a text or a page, or the chapters of an epub together, unpacked
MAX_BOOK_TAGS = 500_000  # and character references, in a page or an epub: some five seconds of work
MAX_BOOK_ENTRIES = 10_000  # files in an epub
MAX_BOOK_RATIO = 200  # bytes unpacked to bytes packed of one of them; prose has 3, deflate's most is 1,032

# Of a clip that is written, in code points where it is of characters.
MAX_WRITTEN_CLIPS = 1_000  # clips in one UpsertClips, ids in one DeleteClips or ReportUnavailable
MAX_CLIP_LABELS = 100
VGGISH_FEATURES = 128  # bytes or numbers of one frame of VGGish's
MAX_CLIP_FRAMES = 600
MAX_METADATA_CHARACTERS = 1_000  # of a title, artist, album, track id or attribute of text
MAX_URI_CHARACTERS = 2_000
MAX_ATTRIBUTES = 32

# The largest valid filter: every id, label and attribute at its limit, four bytes a character.
MAX_FILTER_BYTES = 14 * 1024 * 1024

# The largest valid request with texts: every text at its limit, and a full filter.
MAX_REQUEST_BYTES = MAX_TEXTS * MAX_TEXT_CHARACTERS * 4 + MAX_FILTER_BYTES

# Twice what a clip to write takes at most, with every frame, attribute and text at its limit: none is larger.
MAX_CLIP_BYTES = 1024 * 1024

# What the music index takes in one request. A thousand clips of ten seconds with all that is usually said of
# them are a tenth of it, a thousand of the largest are more than it: clients send those in several requests,
# see `ambiance.wire.write_calls`. 256 vectors and a full filter, the largest request that reads, are less.
MAX_MUSIC_REQUEST_BYTES = 16 * 1024 * 1024
