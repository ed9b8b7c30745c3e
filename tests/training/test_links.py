"""Link functions, and the parts that numbers have in a prediction."""

import numpy as np
import pytest

from training.fast.links import Link

BASE, ADDED = np.array([0.4, -0.2, 0.1]), np.array([[1.0, -0.5], [0.3, 0.9], [-2.0, 0.2]])
SINGLE = {
    "identity": Link("identity"),
    "logistic": Link("logistic"),
    "exponential": Link("exponential"),
    "bounded": Link("bounded", -1.0, 3.0, 1.5),
}


def test_the_parts_of_a_softmax_are_those_of_the_straight_line_to_the_row() -> None:
    link = Link("softmax")
    for output in range(3):
        base, parts = link.explained(BASE, ADDED, output)
        assert base == pytest.approx(link.values(BASE[None])[0, output])
        assert base + parts.sum() == pytest.approx(link.values((BASE + ADDED.sum(axis=1))[None])[0, output])
        assert parts == pytest.approx(walked(link, output), abs=1e-4)


def walked(link: Link, output: int) -> np.ndarray:
    """The parts by many small steps, in each of which the numbers change one after the other, in turns."""
    steps, at, parts = 4000, BASE.copy(), np.zeros(2)
    for step in range(steps):
        for number in (0, 1) if step % 2 else (1, 0):
            after = at + ADDED[:, number] / steps
            parts[number] += (link.values(after[None]) - link.values(at[None]))[0, output]
            at = after
    return parts


@pytest.mark.parametrize("link", SINGLE.values(), ids=SINGLE)
def test_the_parts_of_one_sum_are_shares_of_the_change(link: Link) -> None:
    base, parts = link.explained(BASE[:1], ADDED[:1], 0)
    whole = link.values(np.array([[0.9]]))[0] - link.values(np.array([[0.4]]))[0]
    assert base == pytest.approx(link.values(np.array([[0.4]]))[0])
    assert parts == pytest.approx([2 * whole, -whole])


@pytest.mark.parametrize("link", SINGLE.values(), ids=SINGLE)
def test_parts_that_cancel_out_have_the_slope_of_the_link(link: Link) -> None:
    _, parts = link.explained(BASE[:1], np.array([[1.0, -1.0]]), 0)
    steep = (link.values(np.array([[0.4 + 1e-6]])) - link.values(np.array([[0.4 - 1e-6]])))[0] / 2e-6
    assert parts == pytest.approx([steep, -steep], rel=1e-4)


def test_large_sums_have_finite_parts_with_the_right_sum() -> None:
    link = Link("softmax")
    base, parts = link.explained(np.zeros(2), np.array([[700.0, -90.0], [-800.0, 30.0]]), 0)
    assert base + parts.sum() == pytest.approx(1.0, abs=1e-12)
    assert Link("logistic").values(np.array([[-1e4], [1e4]])).tolist() == [0.0, 1.0]
    assert Link("bounded", 0.0, 1.0, 2.0).values(np.array([[1e9], [-1e9]])) == pytest.approx([2 * np.e, 2.0])
