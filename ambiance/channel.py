"""How a caller reaches an Ambiance service: default ports, retries, balancing, reconnection.

Clients and the gateway share it, so that a retry means the same everywhere.
"""

import json
from collections.abc import Mapping, Sequence

from ambiance.limits import MAX_REQUEST_BYTES

GATEWAY_PORT = 50051
TEXT_SERVICE_PORT = 50052
MUSIC_INDEX_SERVICE_PORT = 50053
HTTP_PORT = 8080  # of HTTP/JSON and the reader's page

DEFAULT_DEADLINE_S = 5.0

# Methods that read: repeating one is safe. A call of any other is sent once, for its answer may be lost after
# its work is done; one that writes is among those below, or isn't repeated.
READ_METHODS: Mapping[str, Sequence[str]] = {
    "ambiance.match.v1.MatchService": ("MatchText", "MatchTexts", "ComposeSoundtrack"),
    "ambiance.text.v1.TextService": ("EncodeTexts", "GetModel"),
    "ambiance.music.v1.MusicIndexService": (
        "FindNeighbors",
        "GetClip",
        "BatchGetClips",
        "ListClips",
        "ListIndexes",
        "ListLabels",
        "FindSimilar",
        "FindPath",
    ),
    "ambiance.artifact.v1.ArtifactService": ("ListVersions",),
    "grpc.health.v1.Health": ("Check",),
    "tensorflow.serving.PredictionService": ("Predict", "GetModelMetadata"),
}

# Methods that write what repeating them can't double: clips go by their ids, an index by its name. (Of two
# writers of one clip who is answered last has written last, repeated or not.) DeleteIndex stays out:
# repeated, it would tell of no such index.
REPEATABLE_WRITE_METHODS: Mapping[str, Sequence[str]] = {
    "ambiance.music.v1.MusicIndexService": (
        "CreateIndex",
        "UpsertClips",
        "DeleteClips",
        "ReportUnavailable",
    ),
}

# gRPC never repeats a call that its own caller cancelled.
# UNAVAILABLE: no server was reached, perhaps; one that has retried by itself says so, see
# `ambiance.status_codes`.
# CANCELLED: a server shut down before it began on the call. Overload isn't retried here: the caller is told
# when to come back, and the clients do, see `ambiance.wire.calls.Patience`.
_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [
                {"service": service, "method": method}
                for service, methods in (*READ_METHODS.items(), *REPEATABLE_WRITE_METHODS.items())
                for method in methods
            ],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.05s",  # in all .35 s, each time give or take a fifth
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}

ChannelOptions = Sequence[tuple[str, str | int]]

_OPTIONS: ChannelOptions = (
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    ("grpc.enable_retries", 1),
    # A channel has connections of its own. gRPC would give all channels of a process the same one to an
    # address, and so one of the workers there.
    ("grpc.use_local_subchannel_pool", 1),
    # gRPC would send even loopback calls through http_proxy, which is there for the package registry.
    ("grpc.enable_http_proxy", 0),
    # A peer that vanished without closing its connection must not cost every call its deadline. Its answers
    # make gRPC measure the connection by a ping, after which it sends no keepalive ping until that one is
    # answered, or given up (after a minute, unless told); with no ping on its way the keepalive finds out.
    # Our servers allow a ping every 10 s; 12 s leave room for pings that the network delays unevenly.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_time_ms", 12_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
)
# A client's channel: any number of them may wait for a server that is down.
CHANNEL_OPTIONS: ChannelOptions = (*_OPTIONS, ("grpc.max_reconnect_backoff_ms", 2_000))
# The channels from service to service are few, and calls take them in turn: one that still paused after the
# others had reached a restarted peer would fail every fourth call. It pauses no longer than a call's retries.
PEER_CHANNEL_OPTIONS: ChannelOptions = (*_OPTIONS, ("grpc.max_reconnect_backoff_ms", 200))
