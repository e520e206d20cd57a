"""Each service's handler within this process, on one core, from the bytes of a request to those of its reply:
what of a hop isn't wire. Hot, and sparse as traffic that finds the caches cold."""

from itertools import chain
from typing import Any

from ambiance.affect import MOOD_SPACE
from ambiance.music.v1.music_index_service_pb2 import FindNeighborsRequest
from ambiance.text.v1.text_service_pb2 import EncodeTextsRequest, EncodeTextsResponse
from bench.figures import timings
from bench.in_process import Answer, services_in_process
from bench.matching import K, match_requests
from bench.options import Options
from bench.stages import PACES
from bench.texts import TEXTS
from bench.timing import Call, alternate, one_core, settled_garbage


def measure(options: Options) -> dict[str, Any]:
    """Times of EncodeTexts, FindNeighbors and a whole MatchText, by pace."""
    rounds, count = (2, 10) if options.quick else (20, 100)
    with services_in_process(options.artifacts, lambda hop: hop) as answers, one_core(), settled_garbage():
        texts = [EncodeTextsRequest(texts=[text]).SerializeToString() for text in TEXTS]
        calls = {
            "EncodeTexts": _call(answers["EncodeTexts"], texts),
            "FindNeighbors": _call(answers["FindNeighbors"], searches(answers["EncodeTexts"], texts)),
            "MatchText": _call(answers["MatchText"], match_requests()),
        }
        return {
            pace: timings(alternate(calls, rounds=rounds, count=count, pause_s=pause_s))
            for pace, pause_s in PACES.items()
        }


def searches(encode: Answer, texts: list[bytes]) -> list[bytes]:
    """Requests to find clips near each text, as the gateway sends them."""
    results = chain.from_iterable(EncodeTextsResponse.FromString(encode(text)).results for text in texts)
    vectors = [vector for text in results for vector in text.vectors if vector.space == MOOD_SPACE]
    return [
        FindNeighborsRequest(queries=[vector], options={"k": K}).SerializeToString() for vector in vectors
    ]


def _call(answer: Answer, requests: list[bytes]) -> Call:
    return lambda number: answer(requests[number % len(requests)])
