"""`perennial withdraw`: a dataset leaves the training window by hand, and comes back."""

import json

from cloud.ledger import Ledger
from tests.cli.conftest import Perennial
from tests.cli.test_ledger_verbs import DATASET, VERSION, cloud, promoted

__all__ = ["cloud", "promoted"]


def test_a_withdrawn_dataset_is_excluded_with_its_reason(perennial: Perennial, promoted: Ledger) -> None:
    result = perennial("withdraw", DATASET, "--why", "wrong labels", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["excluded"] is True
    assert f"{VERSION}, which serves, was trained on it" in result.stderr
    found = promoted.exclusions("tiny")[DATASET]
    assert (found.cause, found.why) == ("person", "wrong labels")
    lineage = perennial("lineage", VERSION)
    assert DATASET in lineage.stdout
    assert "excluded from training: wrong labels" in lineage.stdout


def test_a_second_withdrawal_keeps_the_record_of_the_first(perennial: Perennial, promoted: Ledger) -> None:
    perennial("withdraw", DATASET, "--why", "wrong labels")
    result = perennial("withdraw", DATASET, "--why", "another reason")
    assert result.exit_code == 0
    assert "is excluded already" in result.stderr
    assert promoted.exclusions("tiny")[DATASET].why == "wrong labels"


def test_an_undone_withdrawal_stays_on_record(perennial: Perennial, promoted: Ledger) -> None:
    perennial("withdraw", DATASET, "--why", "wrong labels")
    assert perennial("withdraw", DATASET, "--undo").stdout == f"{DATASET}: trained on\n"
    assert promoted.exclusions("tiny") == {}
    record = promoted.exclusion(DATASET)
    assert record is not None
    assert record.why == "wrong labels"
    assert record.undone_by
    assert perennial("withdraw", DATASET, "--undo").exit_code == 0


def test_what_is_no_dataset_is_one_line(perennial: Perennial, promoted: Ledger) -> None:
    for identity in ("ds-tiny-ffffffffffff", "jan.csv", "ds-x"):
        result = perennial("withdraw", identity, "--why", "x")
        assert result.exit_code == 2
        assert len(result.stderr.strip().splitlines()) <= 2
        assert identity in result.stderr
    assert perennial("withdraw", DATASET).exit_code == 2
