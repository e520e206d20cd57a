"""The queries that a text encoder carries for texts that aren't answered by their own vector."""

FALLBACK_FILE = "fallback.npy"  # for a text of too little evidence: calm and unobtrusive
GENTLE_FILE = "gentle.npy"  # for a text that speaks of self-harm or suicide

# Where they are used, unless an operator sets it otherwise: a text whose probability of telling of something
# felt lies below the first is answered by the fallback, one whose probability of distress reaches the second
# gently. At 0.5 fewer than one in a hundred of GoEmotions' dev comments does.
MIN_EVIDENCE = 0.35
DISTRESS_THRESHOLD = 0.5
