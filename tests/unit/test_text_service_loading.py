"""What the text service checks before it serves, and the settings that say what to load."""

import shutil
from pathlib import Path

import pytest

from ambiance import artifacts
from ambiance.affect import vad_lineage
from ambiance.errors import AmbianceError, ArtifactError
from ambiance.rpc.settings import load_settings
from ambiance.rpc.telemetry import RpcMetrics
from ambiance.tokenizer import VOCABULARY_FILE
from text_encoders import RELEASED
from text_service import __main__ as process
from text_service.encoder import MODEL_FILE
from text_service.settings import TextServiceSettings


def publish(root: Path, *, lineage: str = vad_lineage(), more_words: str = "") -> TextServiceSettings:
    """Publish the released model as version 1, with another lineage or more words than it knows."""
    released = artifacts.load(RELEASED, artifacts.TEXT_ENCODER)

    def write(folder: Path) -> None:
        shutil.copy(released.file(MODEL_FILE), folder)
        vocabulary = released.file(VOCABULARY_FILE).read_text() + more_words
        (folder / VOCABULARY_FILE).write_text(vocabulary)

    space = released.space("vad").model_copy(update={"lineage": lineage})
    described = released.manifest.model_dump(include=set(artifacts.Description.model_fields))
    artifacts.publish(root, artifacts.Description(**(described | {"spaces": [space]})), write)
    return TextServiceSettings(artifacts=root)


def test_a_sound_version_is_served(tmp_path: Path) -> None:
    application = process.load(publish(tmp_path), RpcMetrics())
    assert application.servicers[0].name == "ambiance.text.v1.TextService"


def test_vad_of_another_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=f"VAD of lineage vad-other, this build has {vad_lineage()}"):
        process.load(publish(tmp_path, lineage="vad-other"), RpcMetrics())


def test_a_vocabulary_that_the_model_does_not_hold_is_refused(tmp_path: Path) -> None:
    settings = publish(tmp_path, more_words="unheard\n")
    with pytest.raises(ArtifactError, match=r"the model fails on the last of [\d,]+ tokens in voc"):
        process.load(settings, RpcMetrics())


def test_without_the_extra_tf_serving_is_neither_asked_nor_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "tf_serving_installed", lambda: False)
    settings = publish(tmp_path)
    assert len(process.load(settings, RpcMetrics()).servicers) == 1
    with pytest.raises(AmbianceError, match="backend tf-serving needs the extra"):
        process.load(settings.model_copy(update={"backend": "tf-serving"}), RpcMetrics())


def test_settings_come_from_flags_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_TEXT_ARTIFACT_VERSION", "7")
    flags = ["--backend", "tf-serving", "--tf-serving-target", "models:8500"]
    settings = load_settings(TextServiceSettings, process.PROGRAM, flags)
    assert (settings.port, settings.metrics_port, settings.artifacts) == (50052, 9052, Path("artifacts"))
    assert (settings.artifact_version, settings.backend, settings.tf_serving_target) == (
        7,
        "tf-serving",
        "models:8500",
    )


def test_a_backend_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        load_settings(TextServiceSettings, process.PROGRAM, ["--backend", "onnx"])
    assert "--backend (AMBIANCE_TEXT_BACKEND): " in capsys.readouterr().err
