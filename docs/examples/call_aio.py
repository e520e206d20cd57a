"""Calls Ambiance from asyncio: call_aio.py [GATEWAY MUSIC], else `make serve` or `make up`."""

import asyncio
import sys
from contextlib import aclosing
from pathlib import Path

from ambiance import Cue, InvalidInputError
from ambiance.aio import Client

GATEWAY, MUSIC = sys.argv[1:] or ("localhost:50051", "localhost:50053")
CHAPTER = Path(__file__).with_name("chapter.txt").read_text(encoding="utf-8")


async def main() -> None:
    async with Client(GATEWAY, music_target=MUSIC, deadline_s=10) as client:
        # One client has any number of calls under way.
        result, labels = await asyncio.gather(
            client.match("We won! What a wonderful night", k=3), client.list_labels("Rock")
        )
        print("match")
        for neighbor in result.neighbors:
            why = ", ".join(f"{facet.facet} {facet.score:.0%}" for facet in neighbor.why)
            print(f"  {neighbor.clip.id}  {why}")

        print("soundtrack")
        # Who leaves early ends the work.
        async with aclosing(client.compose_soundtrack(CHAPTER)) as parts:
            async for part in parts:
                if isinstance(part, Cue):
                    clip = part.clip.clip.id if part.clip else "silence"
                    words = CHAPTER[part.passage.start :].split(maxsplit=4)[:4]
                    print(f"  {part.start_seconds:3.0f} s  {clip}  {' '.join(words)} …")

        print("labels")
        for label in labels:
            print(f"  {label.name}  {label.clip_count} clips")

        print("a wrong request")
        try:
            await client.match("We won!", k=5_000)
        except InvalidInputError as error:
            for violation in error.violations:
                print(f"  {violation.field}: {violation.description}")


asyncio.run(main())
