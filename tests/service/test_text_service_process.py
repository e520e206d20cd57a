"""The text service as a process: what stops its start, what it loads, and how it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import grpc
import pytest

from ambiance import artifacts
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from text_encoders import RELEASED

# Runs the service and, once it is told to stop, tells which of TensorFlow's modules it ever imported.
RUN_AND_LIST_MODULES = """
import json, sys
from text_service.__main__ import main
status = main(sys.argv[1:])
print(json.dumps(sorted(name for name in sys.modules if name.split(".")[0] == "tensorflow")))
sys.exit(status)
"""

ANY_PORT = ["--port", "0", "--metrics-port", "0"]


def start_in_vain(*flags: str) -> str:
    """Run the service, which must end by itself with status 1; returns what it says last."""
    command = [sys.executable, "-m", "text_service", *ANY_PORT, *flags]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


@contextmanager
def running(*flags: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The service in a process of its own that listens, and its port."""
    command = [sys.executable, "-c", RUN_AND_LIST_MODULES, *ANY_PORT, "--artifacts", str(RELEASED), *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process, listening_port(process)
        finally:
            process.kill()


def listening_port(process: subprocess.Popen[str]) -> int:
    assert process.stderr is not None
    for line in process.stderr:
        if '"listening"' in line:
            return int(json.loads(line)["port"])
    raise AssertionError(f"the service ended with {process.wait()} before it listened")


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [(Path.unlink, "No such file"), (truncate, "the manifest says"), (flip_a_bit, "SHA-256")],
)
def test_a_damaged_artifact_stops_the_start(tmp_path: Path, harm: object, complaint: str) -> None:
    shutil.copytree(RELEASED / "text_encoder", tmp_path / "text_encoder")
    model = artifacts.load(tmp_path, artifacts.TEXT_ENCODER).file("model.tflite")
    harm(model)  # type: ignore[operator]
    sentence = start_in_vain("--artifacts", str(tmp_path))
    assert sentence.startswith(f"ambiance-text-service: {model}: ")
    assert complaint in sentence


def test_without_artifacts_it_does_not_start(tmp_path: Path) -> None:
    sentence = start_in_vain("--artifacts", str(tmp_path))
    assert sentence.endswith("text_encoder: no version of text_encoder is published there")


@pytest.mark.skipif(not find_spec("tensorflow_serving"), reason="the tf-serving extra isn't installed")
def test_without_its_tf_serving_it_does_not_start() -> None:
    flags = ["--backend", "tf-serving", "--tf-serving-target", "127.0.0.1:1"]
    sentence = start_in_vain("--artifacts", str(RELEASED), *flags)
    assert sentence.startswith("ambiance-text-service: tf serving at 127.0.0.1:1: ")


@pytest.mark.skipif(not find_spec("tensorflow_serving"), reason="the tf-serving extra isn't installed")
def test_serving_never_runs_tensorflow() -> None:
    with running() as (process, port):
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = text_service_pb2_grpc.TextServiceStub(channel)
            assert stub.EncodeTexts(pb.EncodeTextsRequest(texts=["so happy"]), timeout=10).results
        process.send_signal(signal.SIGTERM)
        modules = json.loads(process.communicate(timeout=30)[0])
        assert process.returncode == 0
    assert "tensorflow.core.framework.tensor_pb2" in modules  # TF Serving's interface is on
    assert not [name for name in modules if not name.startswith(("tensorflow.core", "tensorflow.compiler"))]


def test_every_line_on_standard_error_is_json_whoever_writes_it() -> None:
    flags = [*ANY_PORT, "--artifacts", str(RELEASED), "--log-format", "json"]
    command = [sys.executable, "-m", "text_service", *flags]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if '"listening"' in line:
                break
        process.send_signal(signal.SIGTERM)
        lines += process.stderr
        assert process.wait(30) == 0
    records = [json.loads(line) for line in lines]
    native = [record for record in records if record["logger"] == "ambiance.server.native_lines"]
    assert any("XNNPACK" in record["message"] and record["level"] == "INFO" for record in native)
