"""The texts that are matched under load."""

from pathlib import Path

import pytest

from load.texts import MAX_TEXTS, mixed_texts
from training.data.sources import DATA_VARIABLE, data_dir


def test_without_the_data_set_sentences_of_mixed_length_are_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    texts = mixed_texts(1)
    lengths = sorted(map(len, texts.texts))
    assert lengths[0] <= 4
    assert lengths[-1] >= 200
    assert "made-up sentences" in texts.describe()
    assert f"{lengths[0]} to {lengths[-1]} characters" in texts.describe()
    assert mixed_texts(1) == texts != mixed_texts(2)


@pytest.mark.data
def test_real_comments_are_drawn_by_the_seed() -> None:
    if not (data_dir() / "goemotions" / "dev.tsv").exists():
        pytest.skip("GoEmotions isn't here")
    texts = mixed_texts(1)
    assert len(set(texts.texts)) > 0.9 * MAX_TEXTS
    assert "2,000 GoEmotions dev comments" in texts.describe()
    assert mixed_texts(1) == texts != mixed_texts(2)
