"""torture: the real service is killed a few times amid writes, reports, compactions and new releases."""

from pathlib import Path

import pytest

from text_encoders import RELEASED
from torture.service_target import ServiceTarget
from torture.session import Lives, torture
from torture.workload import Workload


@pytest.mark.timeout(300)
def test_the_service_loses_nothing_when_it_is_killed(tmp_path: Path) -> None:
    target = ServiceTarget(tmp_path, RELEASED, "default")
    figures = torture(target, 3, 88, Workload(), print, Lives(max_calls=60, max_life_s=2.0, max_start_s=2.0))
    print(figures)
    assert figures.faults == []
    assert figures.kills == 3
    assert figures.acknowledged_writes > 100
    assert figures.acknowledged_deletes > 20
    assert figures.beside["reports"] > 0
