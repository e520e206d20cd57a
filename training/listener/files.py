"""Where the benchmark's files lie, and their reader."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS
from training.data.errors import DataError
from training.data.tables import rows
from training.data.written import parse_scenes

_FOLDER = Path(__file__).resolve().parent
DISTRESS_BENCHMARK = _FOLDER / "distress.tsv"

Half = Literal["dev", "test"]  # settings may be chosen by the first; the second chooses nothing
HALVES: tuple[Half, ...] = get_args(Half)

REGISTERS = ("narration", "dialogue", "diary", "message", "verse")
KINDS = ("plain", "negation", "irony", "mixed", "passage", "terse")


@dataclass(frozen=True)
class Benchmark:
    """Columns over n texts."""

    texts: tuple[str, ...]
    scenes: tuple[tuple[int, ...], ...]  # one or two indices into affect.SCENES, the stronger first
    registers: tuple[str, ...]  # of REGISTERS
    kinds: tuple[str, ...]  # of KINDS
    fits: NDArray[np.bool_]  # [n, 12] facets of affect.FACETS that make a listener nod
    jars: NDArray[np.bool_]  # [n, 12] those that make a listener wince

    def __len__(self) -> int:
        return len(self.texts)


def load_benchmark(half: Half) -> Benchmark:
    """Read one half.

    Raises:
        DataError: naming file and line of what isn't scene, register, kind, fits, jars and text.
    """
    columns: list[tuple[str, tuple[int, ...], str, str, list[bool], list[bool]]] = []
    for (scenes, register, kind, fits, jars, text), where in rows(_FOLDER / f"{half}.tsv", 6):
        if register not in REGISTERS or kind not in KINDS:
            raise DataError(f"{where}: no such register and kind: {register}, {kind}")
        if clash := set(fits.split()) & set(jars.split()):
            raise DataError(f"{where}: {', '.join(sorted(clash))} can't both fit and jar")
        columns.append(
            (text, parse_scenes(scenes, where), register, kind, _marked(fits, where), _marked(jars, where))
        )
    if not columns:
        raise DataError(f"{_FOLDER / half}.tsv: holds no text")
    texts, scenes_of, registers, kinds, fit, jar = zip(*columns, strict=True)
    return Benchmark(texts, scenes_of, registers, kinds, np.array(fit), np.array(jar))


def _marked(names: str, where: str) -> list[bool]:
    listed = names.split()
    if unknown := [name for name in listed if name not in FACETS]:
        raise DataError(f"{where}: facets are {', '.join(FACETS)}, got {unknown[0]!r}")
    return [facet in listed for facet in FACETS]
