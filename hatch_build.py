"""Generates the gRPC stubs from protos/ whenever the package is built, editable installs included."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGES = ("type", "text", "music", "match", "artifact", "store")


def generate(root: Path) -> None:
    """Write `ambiance/<package>/v1/*_pb2*.py[i]` under root, replacing what an earlier build left.

    The protos themselves are kept in `ambiance/match/protos.binpb`, with their comments, which the generated
    code doesn't hold and `gateway.http_json` tells.
    """
    protos = root / "protos"
    for package in PACKAGES:
        shutil.rmtree(root / "ambiance" / package, ignore_errors=True)
    described = root / "ambiance" / "match" / "protos.binpb"
    described.parent.mkdir(parents=True)  # an image builds with nothing of the package but its protos
    sources = sorted(str(path.relative_to(protos)) for path in protos.rglob("*.proto"))
    outputs = [f"--{kind}_out={root}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    plugins = [
        f"--plugin=protoc-gen-{kind}={Path(sys.executable).parent / f'protoc-gen-{kind}'}"
        for kind in ("mypy", "mypy_grpc")
        if (Path(sys.executable).parent / f"protoc-gen-{kind}").exists()
    ]
    kept = ["--include_source_info", f"--descriptor_set_out={described}"]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={protos}", *plugins, *outputs, *kept]
    subprocess.run([*command, *sources], check=True, cwd=root)
    for package in PACKAGES:
        for folder in (root / "ambiance" / package, root / "ambiance" / package / "v1"):
            (folder / "__init__.py").touch()


class ProtoBuildHook(BuildHookInterface[Any]):
    """Hatchling calls `initialize` before it collects the files of a wheel or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            return  # an sdist carries protos/ and generates when it is built in turn
        generate(Path(self.root))
        build_data["artifacts"] += [f"/ambiance/{package}/**" for package in PACKAGES]
