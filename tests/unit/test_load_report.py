"""The report: pictures and a page, from results alone."""

import json
import re
from pathlib import Path

from load.report import write_report
from load_results import made_up_results, made_up_step

PNG = b"\x89PNG"


def test_a_page_with_its_pictures_in_it(tmp_path: Path) -> None:
    results = json.loads(json.dumps(made_up_results()))  # as an old file gives them
    page = write_report(results, tmp_path).read_text(encoding="utf-8")
    for name in ("rates", "percentiles", "histogram", "overload"):
        assert (tmp_path / f"{name}.png").read_bytes().startswith(PNG)
    assert len(re.findall(r'src="data:image/png;base64,[A-Za-z0-9+/=]{1000,}"', page)) == 4
    assert "A &lt;fast&gt; one" in page
    assert "<td>knee</td><td>400 calls/s</td>" in page
    assert '<td>≤ 1.25</td><td><span class="holds">holds</span></td>' in page
    steps = page[page.index("Every step") :]
    assert steps.count("<tr>") == 1 + len(results["steps"]) + 3
    assert "<td>overload</td><td>1200.0</td>" in steps


def test_a_target_that_is_missed_shows(tmp_path: Path) -> None:
    results = made_up_results()
    results["figures"][0]["holds"] = False
    assert '<span class="missed">missed</span>' in write_report(results, tmp_path).read_text(encoding="utf-8")


def test_of_phases_that_did_not_run_there_is_nothing(tmp_path: Path) -> None:
    results = made_up_results()
    for key in ("steps", "knee", "at_80", "echo_at_80", "overload"):
        del results[key]
    page = write_report(results, tmp_path).read_text(encoding="utf-8")
    assert "<img" not in page
    assert not list(tmp_path.glob("*.png"))


def test_a_sweep_without_a_knee_is_drawn(tmp_path: Path) -> None:
    results = made_up_results()
    for key in ("knee", "at_80", "echo_at_80", "overload"):
        del results[key]
    write_report(results, tmp_path)
    assert [path.name for path in tmp_path.glob("*.png")] == ["rates.png"]


def test_an_overload_that_nobody_survived_is_left_out_of_the_pictures(tmp_path: Path) -> None:
    results = made_up_results()
    results["overload"] |= made_up_step(100, shed_share=1.0).to_json()
    page = write_report(results, tmp_path).read_text(encoding="utf-8")
    assert not (tmp_path / "overload.png").exists()
    assert (tmp_path / "percentiles.png").exists()
    assert "<td>overload</td><td>100.0</td><td>0.0</td><td>–</td>" in page
