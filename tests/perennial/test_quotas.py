"""What the specs need of an account."""

from hypothesis import given
from hypothesis import strategies as st

from awsrules.quotas import CONCURRENCY, MEMORY, SERVERLESS_CONCURRENCY, SERVERLESS_MEMORY, instances
from perennial.contract.model import ModelSpec
from perennial.quotas import OTHER_FUNCTIONS, needs
from perennial.spec import parse

SPEC = """
name: {name}
problem: binary
target: late
columns:
  minutes: {{type: number}}
  late: {{type: boolean}}
training: {training}
release: {release}
"""


def spec(name: str, training: str = "{}", release: str = "{}") -> ModelSpec:
    return parse(SPEC.format(name=name, training=training, release=release))


def values(*specs: ModelSpec) -> dict[str, int]:
    return {need.quota.name: need.value for need in needs(specs, 8, 3008)}


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=6))
def test_all_fleets_stand_while_the_largest_is_updated(fleets: list[tuple[int, bool]]) -> None:
    shadow = {True: ", shadow: {minutes: 5}", False: ""}
    specs = [
        spec(f"m{number}", release=f"{{instances: {count}, max_instances: {count}{shadow[shadowed]}}}")
        for number, (count, shadowed) in enumerate(fleets)
    ]
    largest = max(count + shadowed for count, shadowed in fleets)
    wanted = sum(count for count, _ in fleets) + largest
    assert values(*specs)[instances("ml.m5.large", "endpoint").name] == wanted


def test_trainings_wait_for_each_other_so_one_instance_of_a_type_is_enough() -> None:
    found = values(spec("a"), spec("b"), spec("c", training="{instance: ml.c5.xlarge, spot: true}"))
    assert found["ml.m5.large for training job usage"] == 1
    assert found["ml.c5.xlarge for spot training job usage"] == 1
    assert "ml.c5.xlarge for training job usage" not in found


def test_a_warm_pool_is_a_quota_of_its_own() -> None:
    assert values(spec("a", training="{keep_alive_minutes: 5}"))["ml.m5.large for training warm pool usage"] == 1


def test_serverless_endpoints_need_no_instances_but_concurrency_twice_for_an_update() -> None:
    found = values(
        spec("a", release="{serverless: {memory_mb: 1024, max_concurrency: 3}}"),
        spec("b", release="{serverless: {memory_mb: 4096, max_concurrency: 5}}"),
    )
    assert found[SERVERLESS_CONCURRENCY.name] == 3 + 5 + 5
    assert found[SERVERLESS_MEMORY.name] == 4096
    assert not [name for name in found if name.endswith("for endpoint usage")]


def test_functions_need_their_workers_and_some_more() -> None:
    found = {need.quota.name: need.value for need in needs([], 40, 10_240)}
    assert found == {CONCURRENCY.name: 40 + OTHER_FUNCTIONS, MEMORY.name: 10_240}
