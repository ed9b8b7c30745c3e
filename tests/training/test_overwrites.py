"""An uploader cannot invert a model by known keys, nor choose the rows that judge; sound uploads ask nobody."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial import heldout
from perennial.contract.gate import Gate
from perennial.gate.checks.overwrites import FALL, LABELS, RECORDED
from perennial.gate.decision import Decision, decide
from tests.training.jobs import Job, people, plan_of
from training.job import read_plan
from training.relabelled import relabelled
from training.rows import Window, read
from training.split import split

FAST: dict[str, Any] = {"parameters": {"max_iter": 10}, "gate": {"resamples": 100, "margin": 0.2}}
SECRET = "SZ3cdQk0Yz_1a2b3"


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("champion")).prepare_datasets({"ds-0": people(1200)}, secret=SECRET, **FAST)
    job.run()
    return job


def decided(folder: Path, champion: Job, uploads: Mapping[str, pd.DataFrame], **changes: Any) -> Decision:
    """The gate's decision on the next training, as the state of the workflow takes it."""
    job = Job(folder).prepare_datasets(uploads, secret=SECRET, **FAST | changes).challenge(champion)
    job.run()
    recorded = {RECORDED: champion.evaluation["candidate"]["metrics"]}
    return decide(job.evaluation | recorded, read_plan(job.paths.plan / "plan.json").gate)


def flipped(rows: pd.DataFrame, share: float = 1.0) -> pd.DataFrame:
    """The same rows; the first of them have the other label."""
    many = np.arange(len(rows)) < share * len(rows)
    return rows.assign(bought=rows["bought"].mask(many, ~rows["bought"]))


def test_known_keys_with_other_labels_ask_a_person(champion: Job, tmp_path: Path) -> None:
    rows = people(1200)
    decision = decided(tmp_path, champion, {"ds-0": rows, "ds-1": flipped(rows)})
    verdicts = {check.name: check.verdict for check in decision.checks}
    assert (decision.outcome, verdicts[LABELS], verdicts[FALL]) == ("ask", "unsure", "unsure")
    labels = next(check for check in decision.checks if check.name == LABELS)
    assert labels.sentence == (
        "Of 1,200 rows whose keys older datasets hold, 1,200 (100.0%) have another label; more than 10.0% is not "
        "taken without a person: compare the upload with its source before it is approved."
    )


def test_an_inverted_snapshot_asks_a_person(champion: Job, tmp_path: Path) -> None:
    """The whole table is replaced, so no older dataset tells that labels changed; the champion's fall does."""
    decision = decided(tmp_path, champion, {"ds-1": flipped(people(1200))})
    assert decision.outcome == "ask"
    assert [check.name for check in decision.checks if check.verdict == "unsure"] == [FALL]


def test_a_champion_that_falls_on_served_requests_is_stale_and_asks_nobody(champion: Job, tmp_path: Path) -> None:
    """The platform made the dataset of requests that the champion answered; it has not learned from them."""
    decision = decided(tmp_path, champion, {"ds-1": flipped(people(1200, start=5000))}, unseen=True)
    assert decision.outcome == "promote"
    assert FALL not in [check.name for check in decision.checks]


def test_new_rows_and_a_few_corrections_ask_nobody(champion: Job, tmp_path: Path) -> None:
    corrected = flipped(people(1200).iloc[:300], share=0.05)
    upload = pd.concat([corrected, people(600, start=5000)], ignore_index=True)
    decision = decided(tmp_path, champion, {"ds-0": people(1200), "ds-1": upload})
    verdicts = {check.name: check.verdict for check in decision.checks}
    assert (decision.outcome, verdicts[LABELS], verdicts[FALL]) == ("promote", "passed", "passed")


@pytest.mark.parametrize(("corrections", "verdict"), [(20, "passed"), (60, "unsure")])
def test_an_upload_of_corrections_alone_asks_beyond_two_per_cent_of_older_keys(
    champion: Job, tmp_path: Path, corrections: int, verdict: str
) -> None:
    """All known keys of such an upload have other labels."""
    upload = pd.concat([flipped(people(1200).iloc[:corrections]), people(600, start=5000)], ignore_index=True)
    decision = decided(tmp_path, champion, {"ds-0": people(1200), "ds-1": upload})
    (labels,) = [check for check in decision.checks if check.name == LABELS]
    assert (labels.verdict, labels.value) == (verdict, 1.0)


def test_numbers_are_other_labels_from_half_a_standard_deviation_on() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3, 1, 2, 4], "spent": [0.0, 10.0, 20.0, 1.0, 18.0, 5.0]})
    plan = plan_of(problem="regression", target="spent")
    found = relabelled(Window(frame, np.array([0, 0, 0, 1, 1, 1]), 1), plan)
    assert (found.known, found.changed, found.older) == (2, 1, 3)


def test_the_side_of_a_row_depends_on_the_secret_and_the_manifest_does_not_reveal_it(champion: Job) -> None:
    plan = read_plan(champion.paths.plan / "plan.json")
    found = split(read(champion.paths.data, plan), plan)
    assert heldout.is_held_out(heldout.row_hashes(found.held_out, ["id"], SECRET), plan.held_out).all()
    assert not heldout.is_held_out(heldout.row_hashes(found.held_out, ["id"]), plan.held_out).all()
    assert champion.manifest["division"]["secret"] == heldout.secret_digest(SECRET)
    written = [path.read_bytes() for path in champion.base.rglob("*") if path.is_file() and path.name != "plan.json"]
    assert not [text for text in written if SECRET.encode() in text]


def test_a_champion_of_before_the_secret_is_compared_on_rows_that_both_divisions_hold_out(tmp_path: Path) -> None:
    rows = people(1200)
    before = Job(tmp_path / "1").prepare_datasets({"ds-0": rows}, **FAST)
    before.run()
    after = Job(tmp_path / "2").prepare_datasets({"ds-0": rows}, secret=SECRET, **FAST).challenge(before)
    after.run()
    counts = after.evaluation["rows"]
    theirs = set(before.predictions["id"]) if "id" in before.predictions else set(before.predictions["key.id"])
    plan = read_plan(after.paths.plan / "plan.json")
    mine = set(split(read(after.paths.data, plan), plan).held_out["id"])
    assert (counts["held_out"], counts["redivided"]) == (len(mine & theirs), len(mine - theirs))


def test_a_champion_whose_archive_was_exchanged_is_not_run(champion: Job, tmp_path: Path) -> None:
    job = Job(tmp_path).prepare_datasets({"ds-0": people(1200)}, secret=SECRET, **FAST).challenge(champion)
    path = job.paths.plan / "plan.json"
    plan = json.loads(path.read_text())
    plan["champion"]["sha256"] = "0" * 64
    path.write_text(json.dumps(plan))
    job.run()
    assert "its archive was changed since it was registered" in job.evaluation["champion"]["reason"]
    assert decide(job.evaluation, Gate("roc_auc")).outcome != "promote"
