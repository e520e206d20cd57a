"""What the text service checks before it serves, and the settings that say what to load."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from ambiance import artifacts
from ambiance.affect import vad_lineage
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.rpc.settings import load_settings
from ambiance.tokenizer import TOKENIZER_FILE
from text_encoders import RELEASED
from text_service import application as process
from text_service.encoder import MODEL_FILE
from text_service.settings import TextServiceSettings


def publish(root: Path, *, more_words: list[str] | None = None, **replaced: Any) -> TextServiceSettings:
    """Publish the released model as version 1, with parts of its manifest replaced or words it can't read."""
    released = artifacts.load(RELEASED, artifacts.TEXT_ENCODER)

    def write(folder: Path) -> None:
        shutil.copy(released.file(MODEL_FILE), folder)
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


def test_vad_of_another_frame_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, spaces=released_spaces(vad={"lineage": "vad-other"}))
    with pytest.raises(ArtifactError, match=f"VAD of lineage vad-other, this build has {vad_lineage()}"):
        process.load(settings)


def test_a_space_that_the_model_does_not_write_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, spaces=released_spaces(mood={"name": "tempo"}))
    with pytest.raises(ArtifactError, match=r"model.tflite: needs the outputs .*tempo \[n, \d+\].*; has "):
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
    assert len(process.load(settings).servicers) == 1
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


def test_a_backend_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_settings(TextServiceSettings, "ambiance-text-service", ["--backend", "onnx"])
    assert "--backend (AMBIANCE_TEXT_BACKEND): " in capsys.readouterr().err
