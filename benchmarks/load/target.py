"""Where the calls go: an address, how to trust it, and who calls. Senders make their channels from it."""

import ipaddress
from dataclasses import dataclass, field

import grpc

from ambiance.limits import MAX_REQUEST_BYTES
from ambiance.targets import resolvable

# A retry would hide a failure, and a proxy isn't what is measured.
_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # each channel is a connection of its own
    ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
)


@dataclass(frozen=True)
class Target:
    """A server under load. `root_pem` is what its certificate is checked against; None: the system's."""

    address: str
    tls: bool = False
    root_pem: bytes | None = None
    server_name: str = ""  # the name its certificate must hold, where the address isn't it
    token: str = field(default="", repr=False)

    def channel(self) -> grpc.Channel:
        """A new channel with a connection of its own."""
        options = [*_OPTIONS]
        if not self.tls:
            return grpc.insecure_channel(resolvable(self.address), options=options)
        if self.server_name:
            options.append(("grpc.ssl_target_name_override", self.server_name))
        credentials = grpc.ssl_channel_credentials(self.root_pem)
        return grpc.secure_channel(resolvable(self.address), credentials, options=options)

    @property
    def metadata(self) -> tuple[tuple[str, str], ...] | None:
        """What every call carries."""
        return (("authorization", f"Bearer {self.token}"),) if self.token else None


def is_loopback(address: str) -> bool:
    """Whether a host:port is surely on this machine."""
    host = address.removeprefix("dns:///").rpartition(":")[0].strip("[]")
    if address.startswith("unix:") or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
