"""Calls Ambiance from Python: call_sync.py [GATEWAY MUSIC], else `make serve` or `make up`."""

import sys
from pathlib import Path

from ambiance import Client, Cue, InvalidInputError

GATEWAY, MUSIC = sys.argv[1:] or ("localhost:50051", "localhost:50053")
CHAPTER = Path(__file__).with_name("chapter.txt").read_text(encoding="utf-8")

with Client(GATEWAY, music_target=MUSIC, deadline_s=10) as client:
    print("match")
    result = client.match("We won! What a wonderful night", k=3)
    for neighbor in result.neighbors:
        why = ", ".join(f"{facet.facet} {facet.score:.0%}" for facet in neighbor.why)
        print(f"  {neighbor.clip.id}  {why}")

    print("soundtrack")
    for part in client.compose_soundtrack(CHAPTER):  # each cue as soon as it is composed
        if isinstance(part, Cue):
            clip = part.clip.clip.id if part.clip else "silence"
            words = CHAPTER[part.passage.start :].split(maxsplit=4)[:4]
            print(f"  {part.start_seconds:3.0f} s  {clip}  {' '.join(words)} …")

    print("labels")
    for label in client.list_labels("Rock"):
        print(f"  {label.name}  {label.clip_count} clips")

    print("a wrong request")
    try:
        client.match("We won!", k=5_000)
    except InvalidInputError as error:
        for violation in error.violations:
            print(f"  {violation.field}: {violation.description}")
