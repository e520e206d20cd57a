"""Which clips are worth hearing, by their labels and by how much speech and how bad a recording is heard."""

from pathlib import Path

import numpy as np
import pytest

from audioset_files import (
    ALL_SPEECH,
    BELL,
    ENGINE,
    FIRST_HARMLESS,
    INSTRUMENT,
    LULLABY,
    MUSIC,
    SAD,
    SPEECH,
    write_ontology,
)
from training.data.errors import DataError
from training.data.ontology import Ontology, load_ontology
from training.data.sources import data_dir
from training.index.listenable import HARMLESS, listenable

CLEAN = (0.5, 0.1, 0.1)  # sung, spoken over, badly recorded


@pytest.fixture
def ontology(tmp_path: Path) -> Ontology:
    write_ontology(tmp_path)
    return load_ontology(tmp_path)


def worth(ontology: Ontology, labels: tuple[int, ...], traits: tuple[float, float, float] = CLEAN) -> bool:
    return bool(listenable([labels], np.array([traits], np.float32), ontology)[0])


@pytest.mark.parametrize("labels", [(MUSIC,), (SAD,), (LULLABY,), (MUSIC, INSTRUMENT, BELL)])
def test_music_is_worth_hearing(ontology: Ontology, labels: tuple[int, ...]) -> None:
    assert worth(ontology, labels)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_often_heard_beside_music_does_no_harm(ontology: Ontology, name: str) -> None:
    assert worth(ontology, (MUSIC, ontology.index(name)))


def test_effects_spoil_music_however_clean_it_sounds(ontology: Ontology) -> None:
    assert not worth(ontology, (MUSIC, ENGINE), (0.5, 0.0, 0.0))
    assert not worth(ontology, (MUSIC, FIRST_HARMLESS, ENGINE))


def test_what_lies_below_something_harmless_is_harmless(ontology: Ontology) -> None:
    parent = ontology.machine_ids[ontology.index("Bird")]
    children = {**ontology.children, parent: ("/t/walked through",), "/t/walked through": ("/m/450",)}
    below = Ontology(ontology.names, ontology.machine_ids, children)
    assert not worth(ontology, (MUSIC, 450))
    assert worth(below, (MUSIC, 450))


@pytest.mark.parametrize("speech", [ALL_SPEECH, SPEECH])
def test_labelled_speech_may_be_in_the_background(ontology: Ontology, speech: int) -> None:
    assert worth(ontology, (MUSIC, speech), (0.5, 0.34, 0.1))
    assert not worth(ontology, (MUSIC, speech), (0.5, 0.36, 0.1))


def test_speech_that_nobody_labelled_must_be_heard_plainly(ontology: Ontology) -> None:
    assert worth(ontology, (MUSIC,), (0.5, 0.59, 0.1))
    assert not worth(ontology, (MUSIC,), (0.5, 0.61, 0.1))


def test_a_bad_recording_is_left_out_and_singing_never(ontology: Ontology) -> None:
    assert worth(ontology, (MUSIC,), (0.5, 0.1, 0.61))
    assert not worth(ontology, (MUSIC,), (0.5, 0.1, 0.63))
    assert worth(ontology, (MUSIC,), (1.0, 0.1, 0.1))


def test_each_clip_is_judged_by_its_own_row(ontology: Ontology) -> None:
    labels = [(MUSIC,), (MUSIC, ENGINE), (MUSIC, SPEECH), (MUSIC,)]
    traits = np.array([CLEAN, CLEAN, (0, 0.4, 0), (0, 0.4, 0)], np.float32)
    found = listenable(labels, traits, ontology)
    assert found.dtype == np.bool_
    assert found.tolist() == [True, False, False, True]


def test_an_ontology_without_one_of_the_names_is_refused(ontology: Ontology) -> None:
    names = tuple("Mud" if name == "Rain" else name for name in ontology.names)
    with pytest.raises(DataError, match="no class is named 'Rain'"):
        listenable([(MUSIC,)], np.zeros((1, 3), np.float32), Ontology(names, ontology.machine_ids, {}))


@pytest.mark.data
def test_audiosets_own_names_are_known() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    ontology = load_ontology(data_dir())
    traits = np.tile(np.array(CLEAN, np.float32), (3, 1))
    names = (("Music", "Bird", "Duck"), ("Music", "Vehicle"), ("Rock music", "Male speech, man speaking"))
    labels = [[ontology.index(name) for name in row] for row in names]
    assert listenable(labels, traits, ontology).tolist() == [False, False, True]
