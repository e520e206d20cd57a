"""What the text service checks before it serves, and the settings that say what to load."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from ambiance import artifacts
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.fixed_queries import DISTRESS_THRESHOLD, FALLBACK_FILE, GENTLE_FILE, MIN_EVIDENCE
from ambiance.server.settings import load_settings
from ambiance.tokenizer import TOKENIZER_FILE
from text_encoders import RELEASED
from text_service import application as process
from text_service.encoder import MODEL_FILE
from text_service.fixed_vectors import SPACE_FOLDER
from text_service.settings import TextServiceSettings

FIXED_VECTORS = (FALLBACK_FILE, GENTLE_FILE)


def publish(
    root: Path,
    *,
    more_words: list[str] | None = None,
    spoil: Callable[[Path], object] | None = None,
    **replaced: Any,
) -> TextServiceSettings:
    """Publish the released model as version 1, with parts of its manifest replaced or words it can't read.

    `spoil` may harm the folder of its fixed vectors first.
    """
    released = artifacts.load(RELEASED, artifacts.TEXT_ENCODER)

    def write(folder: Path) -> None:
        shutil.copy(released.file(MODEL_FILE), folder)
        (folder / SPACE_FOLDER).mkdir()
        for name in FIXED_VECTORS:
            shutil.copy(released.file(f"{SPACE_FOLDER}/{name}"), folder / SPACE_FOLDER)
        (spoil or (lambda _: None))(folder / SPACE_FOLDER)
        tokenizer = Tokenizer.from_file(str(released.file(TOKENIZER_FILE)))
        tokenizer.add_tokens(more_words or [])
        tokenizer.save(str(folder / TOKENIZER_FILE))

    described = released.manifest.model_dump(include=set(artifacts.Description.model_fields))
    artifacts.publish(root, artifacts.Description(**(described | replaced)), write)
    return TextServiceSettings(artifacts=root)


def released_spaces(**updates: dict[str, Any]) -> list[artifacts.Space]:
    """The released model's spaces, some of them with other fields."""
    spaces = artifacts.load(RELEASED, artifacts.TEXT_ENCODER).manifest.spaces
    return [space.model_copy(update=updates.get(space.name, {})) for space in spaces]


def test_a_sound_version_is_served(tmp_path: Path) -> None:
    application = process.load(publish(tmp_path))
    assert application.servicers[0].name == "ambiance.text.v1.TextService"


def test_vad_of_any_frame_is_served(tmp_path: Path) -> None:
    settings = publish(tmp_path, spaces=released_spaces(vad={"lineage": "vad-other"}))
    assert process.load(settings).servicers


@pytest.mark.parametrize("name", FIXED_VECTORS)
def test_a_model_without_a_fixed_vector_is_refused(tmp_path: Path, name: str) -> None:
    settings = publish(tmp_path, spoil=lambda folder: (folder / name).unlink())
    with pytest.raises(ArtifactError, match=f"the manifest lists no space/{re.escape(name)}"):
        process.load(settings)


@pytest.mark.parametrize("name", FIXED_VECTORS)
def test_a_fixed_vector_of_another_space_is_refused(tmp_path: Path, name: str) -> None:
    settings = publish(
        tmp_path, spoil=lambda folder: np.save(folder / name, np.zeros(3, np.float32), allow_pickle=False)
    )
    with pytest.raises(ArtifactError, match=rf"{re.escape(name)}: needs float32\[\d+\], has float32\[3\]"):
        process.load(settings)


def test_a_space_that_the_model_does_not_write_is_refused(tmp_path: Path) -> None:
    spaces = [*released_spaces(), released_spaces()[0].model_copy(update={"name": "tempo"})]
    with pytest.raises(ArtifactError, match=r"model.tflite: needs the outputs .*tempo \[n, \d+\].*; has "):
        process.load(publish(tmp_path, spaces=spaces))


def test_a_model_without_the_space_of_the_facets_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, spaces=released_spaces(mood={"name": "tempo"}))
    with pytest.raises(ArtifactError, match=r"model.tflite: needs a space mood of at least 12 components"):
        process.load(settings)


def test_a_space_of_another_dimension_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, spaces=released_spaces(mood={"dimension": 999}))
    with pytest.raises(ArtifactError, match=r"needs the outputs .*mood \[n, 999\].*; has "):
        process.load(settings)


def test_a_model_that_does_not_say_what_its_scores_are_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="the manifest's notes don't say what emotions are"):
        process.load(publish(tmp_path, notes={}))


def test_a_vocabulary_that_the_model_does_not_hold_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, more_words=[f"unheardof{i}" for i in range(100)])
    with pytest.raises(
        ArtifactError, match=r"the model fails on the last of [\d,]+ tokens in tokenizer.json"
    ):
        process.load(settings)


def test_without_the_extra_tf_serving_is_neither_asked_nor_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "tf_serving_installed", lambda: False)
    settings = publish(tmp_path)
    names = [servicer.name for servicer in process.load(settings).servicers]
    assert names == ["ambiance.text.v1.TextService", "ambiance.artifact.v1.ArtifactService"]
    with pytest.raises(AmbianceError, match="backend tf-serving needs the extra"):
        process.load(settings.model_copy(update={"backend": "tf-serving"}))


def test_settings_come_from_flags_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_TEXT_ARTIFACT_VERSION", "7")
    flags = ["--backend", "tf-serving", "--tf-serving-target", "models:8500"]
    settings = load_settings(TextServiceSettings, "ambiance-text-service", flags)
    assert (settings.port, settings.metrics_port, settings.artifacts) == (50052, 9052, Path("artifacts"))
    assert (settings.artifact_version, settings.backend, settings.tf_serving_target) == (
        7,
        "tf-serving",
        "models:8500",
    )


def test_what_is_little_evidence_and_what_distress_are_settings() -> None:
    settings = load_settings(TextServiceSettings, "ambiance-text-service", [])
    assert (settings.min_evidence, settings.distress_threshold) == (MIN_EVIDENCE, DISTRESS_THRESHOLD)
    assert settings.distress_notice.startswith(
        "If you are thinking about harming yourself, you are not alone"
    )
    flags = ["--min-evidence", "0", "--distress-threshold", "1.1", "--distress-notice", "Call us."]
    settings = load_settings(TextServiceSettings, "ambiance-text-service", flags)
    assert (settings.min_evidence, settings.distress_threshold) == (0, 1.1)
    assert settings.distress_notice == "Call us."


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("min-evidence", "1.1"),
        ("min-evidence", "-0.1"),
        ("min-evidence", "nan"),
        ("distress-threshold", "0"),
        ("distress-threshold", "nan"),
        ("distress-notice", ""),
    ],
)
def test_a_threshold_out_of_range_and_an_empty_notice_are_refused(
    capsys: pytest.CaptureFixture[str], flag: str, value: str
) -> None:
    with pytest.raises(SystemExit):
        load_settings(TextServiceSettings, "ambiance-text-service", [f"--{flag}", value])
    assert f"--{flag} (AMBIANCE_TEXT_{flag.upper().replace('-', '_')}): " in capsys.readouterr().err


def test_a_backend_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_settings(TextServiceSettings, "ambiance-text-service", ["--backend", "onnx"])
    assert "--backend (AMBIANCE_TEXT_BACKEND): " in capsys.readouterr().err
