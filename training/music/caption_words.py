"""What a caption says of its clip, in facets, traits, valence, arousal and dominance: by lists of words.

The lists are a person's judgement of what the captioners' commonest words mean. What a phrase denies ("no
percussion") isn't said of the clip.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, TRAITS
from training.data.musiccaps import Captions

_WORDS_OF_FACET = {
    "calm": """calm calming calmly relaxing relaxed relaxation soothing peaceful peace serene serenity
        tranquil tranquility meditation meditative meditational easygoing chill lullaby gentle gently spa
        yoga sleep sleeping healing quiet mellow laid-back comforting slow-paced""",
    "tender": """romantic romance tender intimate heartfelt sensual affectionate sweet ballad sentimental
        delicate touching wedding love courtship seductive lovely enchanting dulcet""",
    "happy": """happy happiness joyful joyous joy cheerful cheery merry upbeat festive feelgood feel-good
        fun celebratory celebrating celebration carefree sunny jolly perky peppy vivacious positive jovial
        buoyant lighthearted""",
    "playful": """playful playfully funny comedy comedic comical humorous humour quirky silly goofy
        cartoon cartoonish whimsical bouncy amusing childish mischievous nursery circus kids children
        animated eccentric""",
    "sad": """sad sadness melancholic melancholy sorrowful sorrow mournful mourning gloomy sombre somber
        heartbreak heartbreaking heartbroken tragic tragedy poignant lonely loneliness grief pensive
        depressing wistful breakup plaintive longing lament crying""",
    "nostalgic": """nostalgic nostalgia vintage retro reminiscing memories wistful sentimental reminiscent
        old-fashioned oldies longing""",
    "eerie": """eerie suspenseful suspense mysterious mystery haunting ominous scary horror spooky creepy
        sinister tension tense unsettling menacing chilling dangerous danger thriller impending grim
        terrifying fear dread evil dissonant ghostly dark""",
    "aggressive": """aggressive aggressively angry anger violent rebellious harsh metal hardcore screaming
        growling growl growls manic chaotic furious brutal punk thrash madly grungy grunting""",
    "energetic": """energetic energy exciting excitement adrenaline lively fast-paced spirited vigorous
        vibrant thrilling electrifying party dance dancing danceable club clubs nightclub uptempo rave
        pulsating enthusiastic rapid""",
    "epic": """epic triumphant triumph victorious victory heroic hero majestic grandiose grand regal
        anthemic anthem battle adventure adventurous royal momentous cinematic marching march glorious
        royalty""",
    "hopeful": """uplifting inspiring inspirational hopeful hope motivational optimistic positive
        encouraging buoyant heartening empowering""",
    "spiritual": """spiritual religious devotional church gospel hymn hymns prayer prayers prayerful
        worship sacred chant chanting chants heavenly celestial angelic mystical transcendental solemn
        ethereal sublime cathedral congregational christian divine""",
}
_WORDS_OF_TRAIT = {
    "vocal": """vocal vocals vocalist vocalists singer singers singing sings sing sung rapping rapper raps
        choir voices vocalisation acapella""",
    "speech": """speaking talking speech narration narrator narrates narrating dialogue speaks talks
        interview tutorial instructional lesson announcement review""",
    "low_quality": "noisy amateur inferior muffled hissing static crackling tinny unbalanced",
}
_PHRASES = {
    "calm": ("laid back",),
    "tender": ("love song",),
    "happy": ("feel good",),
    "aggressive": ("hard rock",),
    "low_quality": (
        "low quality",
        "poor audio",
        "bad audio",
        "poor quality",
        "poor recording",
        "low fidelity",
    ),
}

# Valence, arousal and dominance of words, 1 to 9, by judgement: how somebody feels who hears such music.
_VAD_OF_WORDS = {
    "calm calming calmly tranquil serene peaceful tranquility serenity": (7, 1, 5),
    "relaxing relaxed relaxation soothing meditative meditation spa yoga healing easygoing": (7, 2, 5),
    "mellow chill gentle gently soft softly quiet lullaby delicate slow": (6, 2, 4),
    "dreamy ethereal ambient floating hypnotic": (6, 3, 4),
    "warm sweet tender intimate affectionate lovely charming": (7, 3, 5),
    "romantic romance love sensual passionate heartfelt": (7, 5, 5),
    "sentimental nostalgic nostalgia wistful reminiscing poignant touching": (5, 3, 4),
    "sad sadness sorrowful sorrow mournful mourning heartbreaking heartbroken lament tragic": (2, 3, 2),
    "melancholic melancholy gloomy sombre somber depressing lonely loneliness pensive": (3, 2, 3),
    "happy joyful joyous cheerful cheery merry jolly sunny delightful": (8, 6, 6),
    "fun playful funny bouncy quirky silly goofy comical animated": (7, 6, 6),
    "festive celebratory party celebration": (8, 7, 6),
    "upbeat lively vibrant spirited vivacious peppy perky": (7, 7, 6),
    "energetic exciting thrilling electrifying adrenaline rave": (7, 8, 6),
    "danceable dance club uptempo groovy funky pulsating": (7, 7, 6),
    "uplifting inspiring inspirational hopeful optimistic positive motivational": (8, 5, 7),
    "triumphant victorious heroic glorious majestic anthemic": (8, 7, 8),
    "epic powerful grandiose grand regal momentous": (6, 7, 8),
    "dramatic intense emotional": (5, 7, 6),
    "spiritual devotional religious gospel worship prayer": (6, 4, 5),
    "solemn sacred hymn church": (5, 3, 5),
    "mysterious mystical haunting enigmatic": (4, 4, 4),
    "eerie suspenseful suspense tense tension unsettling dissonant": (3, 6, 3),
    "ominous sinister menacing dark grim": (2, 6, 5),
    "scary horror terrifying creepy spooky fear": (2, 7, 2),
    "aggressive angry violent furious brutal": (2, 8, 7),
    "harsh chaotic manic screaming growling": (3, 8, 6),
    "rebellious punk hardcore thrash metal": (4, 8, 7),
    "loud fast rapid heavy": (5, 7, 6),
    "boring monotonous droning": (4, 2, 4),
    "noisy distorted muffled": (4, 5, 4),
}

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_DENIAL = re.compile(
    r"\b(?:no|not|without|non|isn't|doesn't|lacks|lack of|absence of|neither)\b[^.,;']{0,40}"
)
_UNSUNG = re.compile(r"\b(?:no|without|any) (?:other )?(?:singer|voice|vocal|singing|lyrics)")
_SINGING = frozenset({"sings", "singing", "singer"})


def _meanings(lists: Mapping[str, str]) -> dict[str, list[str]]:
    """Word -> what it says."""
    meanings: dict[str, list[str]] = {}
    for name, words in lists.items():
        for word in words.split():
            meanings.setdefault(word, []).append(name)
    return meanings


_MEANINGS = _meanings(_WORDS_OF_FACET | _WORDS_OF_TRAIT)
_VAD_OF_WORD = {
    word: np.array([(value - 1) / 8 for value in vad])
    for words, vad in _VAD_OF_WORDS.items()
    for word in words.split()
}


@dataclass(frozen=True)
class Heard:
    """Columns over n captioned clips: what is said of each."""

    facets: NDArray[np.bool_]  # [n, 12] in the order of affect.FACETS
    traits: NDArray[np.bool_]  # [n, 3] in the order of affect.TRAITS
    vad: NDArray[np.float32]  # [n, 3] in [0, 1]; NaN where no word tells


def read_captions(captions: Captions) -> Heard:
    """Facets, traits and VAD of every caption and its aspects."""
    said = [_said(*caption) for caption in zip(captions.aspects, captions.captions, strict=True)]
    return Heard(
        np.array([[name in names for name in FACETS] for names, _ in said]),
        np.array([[name in names for name in TRAITS] for names, _ in said]),
        np.array([vad for _, vad in said], np.float32),
    )


def _said(aspects: Sequence[str], caption: str) -> tuple[set[str], NDArray[np.float64]]:
    text = " . ".join([*aspects, caption]).lower()
    affirmed = _DENIAL.sub(" ", text)
    words = set(_WORD.findall(affirmed))
    names = {name for word in words for name in _MEANINGS.get(word, ())}
    names |= {name for name, phrases in _PHRASES.items() if any(phrase in affirmed for phrase in phrases)}
    if _UNSUNG.search(text) or ("instrumental" in words and not words & _SINGING):
        names.discard("vocal")
    return names, _mean(_VAD_OF_WORD[word] for word in sorted(words & _VAD_OF_WORD.keys()))


def _mean(points: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    rows = list(points)
    return np.mean(rows, axis=0) if rows else np.full(3, np.nan)
