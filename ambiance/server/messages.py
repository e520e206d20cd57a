"""Messages that more than one service builds from what its artifact says."""

from ambiance.artifacts import Metric, Space
from ambiance.type.v1 import space_pb2

_METRICS: dict[Metric, space_pb2.Metric.ValueType] = {
    "squared_l2": space_pb2.METRIC_SQUARED_L2,
    "inner_product": space_pb2.METRIC_INNER_PRODUCT,
}


def space_message(space: Space) -> space_pb2.Space:
    """A space of a manifest as it stands on the wire."""
    return space_pb2.Space(
        name=space.name, dimension=space.dimension, metric=_METRICS[space.metric], lineage=space.lineage
    )
