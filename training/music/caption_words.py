"""What a caption says of its clip, in facets and traits: by lists of words.

The lists are a person's judgement of what the captioners' commonest words mean. What a phrase denies ("no
percussion") isn't said of the clip.
"""

import re
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Said:
    """Columns over n captioned clips: what the captions' words say of each."""

    facets: NDArray[np.bool_]  # [n, 12] in the order of affect.FACETS
    traits: NDArray[np.bool_]  # [n, 3] in the order of affect.TRAITS


def read_captions(captions: Captions) -> Said:
    """Facets and traits of every caption and its aspects."""
    said = [_names(*caption) for caption in zip(captions.aspects, captions.captions, strict=True)]
    return Said(
        np.array([[name in names for name in FACETS] for names in said]),
        np.array([[name in names for name in TRAITS] for names in said]),
    )


def _names(aspects: Sequence[str], caption: str) -> set[str]:
    text = " . ".join([*aspects, caption]).lower()
    affirmed = _DENIAL.sub(" ", text)
    words = set(_WORD.findall(affirmed))
    names = {name for word in words for name in _MEANINGS.get(word, ())}
    names |= {name for name, phrases in _PHRASES.items() if any(phrase in affirmed for phrase in phrases)}
    if _UNSUNG.search(text) or ("instrumental" in words and not words & _SINGING):
        names.discard("vocal")
    return names
