"""The other emulator listens on loopback only."""

from hypothesis import given
from hypothesis import strategies as st

from proof.ministack import open_to_others


@given(st.ip_addresses(), st.integers(1, 65535))
def test_an_address_is_open_to_others_unless_it_is_of_the_loopback(address, port: int) -> None:
    assert bool(open_to_others([(str(address), port)])) != address.is_loopback


def test_all_interfaces_are_open_to_others() -> None:
    assert open_to_others([("0.0.0.0", 4566), ("127.0.0.1", 1), ("::", 8883), ("::1", 2)]) == [
        "0.0.0.0:4566",
        ":::8883",
    ]
