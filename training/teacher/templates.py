"""Plain statements of feeling, put together from lists of our own: what comments on a forum seldom say."""

import numpy as np


def _items(text: str) -> tuple[str, ...]:
    """What semicolons part."""
    return tuple(item.strip() for item in text.split(";"))


FIRST_NAMES = _items(
    """
    james; mary; john; linda; robert; anna; michael; susan; david; karen; sarah; tom; peter; emma; lucy;
    jack; alice; george; kate; ben; laura; mark; julia; daniel; maria
    """
)

_OBJECTS = {"i": "me", "we": "us", "he": "him", "she": "her", "they": "them"}
_PLURAL = ("we", "they", "the children")
_SUBJECTS = _items(
    """
    i; we; he; she; my friend; my mother; my father; my son; my daughter; my sister; my brother; the boy;
    the girl; they; everyone; the old man; my wife; my husband; the crowd; the children
    """
)
_FEELINGS = _items(
    """
    admiring; amazed; amused; angry; furious; mad; annoyed; irritated; frustrated; approving; caring;
    tender; compassionate; confused; puzzled; lost; curious; interested; longing; jealous; envious;
    disappointed; let down; betrayed; disapproving; disgusted; sick; repulsed; embarrassed; ashamed;
    humiliated; excited; thrilled; eager; scared; afraid; terrified; frightened; grateful; thankful;
    blessed; grieving; heartbroken; devastated; happy; joyful; delighted; cheerful; content; glad; loved;
    loving; fond; nervous; anxious; worried; tense; stressed; optimistic; hopeful; confident; proud;
    accomplished; aware; relieved; calm; peaceful; sorry; guilty; regretful; sad; lonely; depressed;
    miserable; unhappy; gloomy; surprised; shocked; astonished; stunned; bored; tired; fine; okay; hopeless;
    desperate; bitter; disturbed; uneasy; playful; enthusiastic; inspired; nostalgic; sentimental; touched;
    moved; melancholy; hurt; upset; offended; outraged; hateful; trusting; prepared; faithful; impressed;
    apprehensive; awkward; comfortable; safe
    """
)
_DEGREES = (
    "",
    "",
    "",
    "so ",
    "very ",
    "really ",
    "a bit ",
    "extremely ",
    "quite ",
    "not ",
    "no longer ",
    "deeply ",
)
_TOPICS = _items(
    """
    the news; the exam; my new job; the wedding; the funeral; our dog; the future; the party; the interview;
    the weather; the storm; my birthday; the accident; the trip; the game; the results; the baby;
    the letter; the war; the movie; the food; the house; that night; the noise outside; school;
    the election; money; the concert; what he said; what happened; the gift; the surgery
    """
)
_EVENTS = _items(
    """
    {name} died last week; {name} passed the exam; my dog ran away; my cat was run over; we won the game;
    i lost my job; i got the promotion; someone broke into the house; {name} forgot my birthday;
    {name} gave me a present; {name} lied to me; the baby smiled at me; i failed the test;
    i saw a snake in the garden; there was a loud noise in the dark; i heard footsteps behind me;
    the doctor said the tumor was gone; my flight was cancelled; {name} cheated on me; a stranger helped me;
    i found old photos of us; the food was full of maggots; the room smelled of vomit;
    {name} is coming home; i tripped in front of everybody; i said something stupid; i hurt her feelings;
    i forgot to call my mother; we are having a baby; we are going to the beach;
    i have to speak in front of a crowd; the results come tomorrow; the car almost hit us;
    nobody came to my party; i miss you; i love you; i hate you; it works now; nothing ever changes;
    the train leaves at nine; the meeting is on monday; there are two chairs in the room;
    he opened the door; she put the book on the table; the sun was setting over the quiet sea;
    the children laughed and danced; the rain would not stop; the soldiers burned the village;
    he kissed her gently; she wept over the grave; they sang until morning; the shadow moved toward the bed;
    he struck the table with his fist
    """
)
_FRAMES = (
    "{subject} {verb} {degree}{feeling} .",
    "{subject} {verb} {degree}{feeling} about {topic} .",
    "{subject} {verb} {degree}{feeling} because {event} .",
    "{event} and {subject} {verb} {degree}{feeling} .",
    "{subject} {verb} {degree}{feeling} when {event} .",
    "{event} .",
    "{event} !",
    "{degree}{feeling} .",
    "{degree}{feeling} about {topic} !",
    "what a {feeling} feeling it was when {event} .",
    "{subject} {verb} {degree}{feeling} and {other} about {topic} .",
    "{subject} can't believe {event} .",
    "it makes {object} {degree}{feeling} that {event} .",
    "{subject} {said} , {degree}{feeling} .",
)


def statement(random: np.random.Generator) -> str:
    """One statement, in small letters."""

    def pick(options: tuple[str, ...]) -> str:
        return options[random.integers(len(options))]

    subject = pick(_SUBJECTS)
    return pick(_FRAMES).format(
        subject=subject,
        object=_OBJECTS.get(subject, subject),
        verb=pick(_verbs(subject)),
        degree=pick(_DEGREES),
        feeling=pick(_FEELINGS),
        other=pick(_FEELINGS),
        topic=pick(_TOPICS),
        event=pick(_EVENTS).format(name=pick(FIRST_NAMES)),
        said=pick(("said", "whispered", "shouted", "thought")),
    )


def _verbs(subject: str) -> tuple[str, ...]:
    if subject == "i":
        return ("feel", "felt", "am", "was", "have been")
    if subject in _PLURAL:
        return ("feel", "felt", "are", "were", "have been")
    return ("feels", "felt", "is", "was", "has been")
