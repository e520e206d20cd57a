"""Load tests of a running cluster: `PYTHONPATH=benchmarks python -m load`, which `make load` runs.

`options` reads the flags, `session` runs the phases one after another, `fleet` and `sender` make the calls,
`step` and `figures` make sense of what they noted, `report` shows it and `baseline` sets it beside an
earlier run's.
"""

import ambiance.server.grpc_environment  # noqa: F401  # before gRPC: a call then costs its sender less
