"""Sentences of mixed lengths to match and encode, made for this purpose."""

TEXTS = (
    "ok",
    "I can't believe she is gone",
    "We won! I'm so proud of every single one of you, what a night",
    "Stop following me, I told you never to come back here",
    "The rain has not stopped since Monday and nobody has called, so I read the old letters again.",
    "haha that is the best thing I have seen all week",
    "Something moved behind the door, and then the light went out.",
    "Thank you so much for sitting with him until I could get there, I will never forget it.",
)
