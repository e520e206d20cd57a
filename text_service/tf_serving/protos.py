"""The messages and stubs of TensorFlow Serving's API, without TensorFlow.

`tensorflow_serving.apis` needs nothing of TensorFlow but a few generated messages in `tensorflow.core`. To
import these Python would first run `tensorflow/__init__.py`: 3.4 s and 740 MB for nothing. So while they are
imported, a bare package of the same name and path stands in its place. It finds the same modules and runs
no code. Afterwards it is taken away again, so that `import tensorflow` still means TensorFlow.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType


@contextmanager
def _bare_tensorflow() -> Iterator[None]:
    if "tensorflow" in sys.modules:  # TensorFlow itself is loaded already: nothing to save
        yield
        return
    spec = find_spec("tensorflow")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")
    bare = ModuleType("tensorflow")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules["tensorflow"] = bare
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with _bare_tensorflow():
    from tensorflow.core.framework.tensor_pb2 import TensorProto
    from tensorflow.core.framework.types_pb2 import DataType
    from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
    from tensorflow_serving.apis.get_model_metadata_pb2 import (
        GetModelMetadataRequest,
        GetModelMetadataResponse,
        SignatureDefMap,
    )
    from tensorflow_serving.apis.get_model_status_pb2 import (
        GetModelStatusRequest,
        GetModelStatusResponse,
        ModelVersionStatus,
    )
    from tensorflow_serving.apis.model_pb2 import ModelSpec
    from tensorflow_serving.apis.model_service_pb2 import DESCRIPTOR as MODEL_SERVICE_FILE
    from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
    from tensorflow_serving.apis.prediction_service_pb2 import DESCRIPTOR as PREDICTION_SERVICE_FILE
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

# The files' descriptors are named here so that reflection knows the services.
PREDICTION_SERVICE = PREDICTION_SERVICE_FILE.services_by_name["PredictionService"].full_name
MODEL_SERVICE = MODEL_SERVICE_FILE.services_by_name["ModelService"].full_name

__all__ = [
    "MODEL_SERVICE",
    "PREDICTION_SERVICE",
    "DataType",
    "GetModelMetadataRequest",
    "GetModelMetadataResponse",
    "GetModelStatusRequest",
    "GetModelStatusResponse",
    "ModelSpec",
    "ModelVersionStatus",
    "PredictRequest",
    "PredictResponse",
    "PredictionServiceStub",
    "SignatureDef",
    "SignatureDefMap",
    "TensorInfo",
    "TensorProto",
]
