"""The floor that a match is set beside: a server of the same kind with the same kit around it, in a process
of its own, which answers every call with the same bytes. `python -m bench.echo --reply-bytes 4000`.

Told of another echo it asks that one twice before it answers, as a gateway asks two services, and does
nothing with what it hears. It ends with the process that started it.
"""

import ambiance.server.grpc_environment  # noqa: F401, I001  # first: gRPC reads it as it is imported

import os
import select
import sys
import threading
from collections.abc import Callable
from functools import partial

import grpc
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ambiance.channel import CHANNEL_OPTIONS
from ambiance.targets import resolvable
from ambiance.server.process import run
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.settings import ServerSettings, load_settings

PROGRAM = "bench-echo"
SERVICE, METHOD = "ambiance.bench.Echo", "Echo"
PATH = f"/{SERVICE}/{METHOD}"
RELAYED_CALLS = 2
DEADLINE_S = 5.0


class EchoSettings(ServerSettings):
    """Answers every call with as many bytes as it is told."""

    model_config = SettingsConfigDict(env_prefix="AMBIANCE_ECHO_")

    reply_bytes: int = Field(4_096, ge=0, le=1_000_000, description="length of every reply, in bytes")
    relay_target: str = Field("", description="host:port of the echo to ask twice; none asks nobody")


def load(settings: EchoSettings) -> Application:
    """The application: one method, bytes in and bytes out."""
    reply, ask = bytes(settings.reply_bytes), _asking(settings.relay_target)

    def answer(request: bytes, _context: grpc.ServicerContext) -> bytes:
        for _ in range(RELAYED_CALLS):
            ask(request)
        return reply

    handler = grpc.unary_unary_rpc_method_handler(answer)
    generic = grpc.method_handlers_generic_handler(SERVICE, {METHOD: handler})
    return Application([Servicer(SERVICE, lambda server: server.add_generic_rpc_handlers((generic,)))])


def _asking(target: str) -> Callable[[bytes], object]:
    """What asks the echo at a target; without one, nothing."""
    if not target:
        return lambda _request: None
    call = grpc.insecure_channel(resolvable(target), options=CHANNEL_OPTIONS).unary_unary(PATH)
    return lambda request: call(request, timeout=DEADLINE_S)


def _end_with(process_id: int) -> None:
    select.select([os.pidfd_open(process_id)], [], [])
    os._exit(1)


def main() -> int:
    """Serve until SIGTERM; returns the exit status."""
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    settings = load_settings(EchoSettings, PROGRAM)
    return run(PROGRAM, settings, partial(load, settings))


if __name__ == "__main__":
    sys.exit(main())
