"""Names of two environments have nothing in common, and each fits where AWS has the least room."""

import string
from fnmatch import fnmatchcase

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from perennial.environment import LONGEST, RULE, Environment, EnvironmentNameError
from perennial.identity import batch_id, upload_run_id
from perennial.layout import ALARMS

WORDS = st.lists(st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=6), min_size=1, max_size=5).map(
    "-".join
)
MODELS = WORDS.filter(lambda name: name[0].isalpha() and len(name) <= 32)


def environment(name: str) -> Environment | None:
    try:
        return Environment(name)
    except EnvironmentNameError:
        return None


ENVIRONMENTS = st.one_of(
    st.just(Environment()),
    WORDS.map(environment).filter(lambda found: found is not None),
    st.sampled_from(
        [Environment("staging"), Environment("staging-eu"), Environment("runs"), Environment("perennial2")]
    ),
)


def names(one: Environment, model: str) -> dict[str, str]:
    """A name of each kind that AWS knows in an account and region, by what limits it."""
    version = f"{model}@{'0' * 12}"
    config = one.endpoint_config(version, "f" * 64)
    return {
        "stack data": one.stack("data"),
        "stack platform": one.stack("platform"),
        "parameter": one.parameter,
        "endpoint": one.endpoint(model),
        "config": config,
        "shadow": one.shadow_config(model, (config, config)),
        "package group": one.package_group(model),
        "training job": one.training_job(upload_run_id(f"ds-{model}-{'0' * 12}"), 216),
        "transform job": batch_id(one.prefix, model, "s3://bucket/key", "now"),
        "log": one.endpoint_log(model),
        **{f"alarm {kind}": one.alarm(model, kind) for kind in ALARMS},
        "metrics": one.metrics,
        "serving metrics": one.serving_metrics,
    }


def patterns(one: Environment) -> list[str]:
    """The names in the environment's grants, with the wildcard of IAM."""
    jobs = f"{one.training_jobs}*"
    return [one.endpoint("*"), one.endpoint_log("*"), jobs, *(one.alarm("*", kind) for kind in ALARMS)]


def test_the_default_environment_has_the_names_of_the_first_releases() -> None:
    assert names(Environment(), "flights") == {
        "stack data": "perennial-data",
        "stack platform": "perennial-platform",
        "parameter": "/perennial/platform",
        "endpoint": "perennial-flights",
        "config": "perennial-flights-000000000000-ffffff",
        "shadow": names(Environment(), "flights")["shadow"],
        "package group": "perennial-flights",
        "training job": "run-flights-000000000000-216",
        "transform job": names(Environment(), "flights")["transform job"],
        "log": "/aws/sagemaker/Endpoints/perennial-flights",
        **{f"alarm {kind}": f"perennial-flights-{kind}" for kind in ALARMS},
        "metrics": "Perennial",
        "serving metrics": "Perennial/Serving",
    }
    assert Environment().training_job("run-flights-000000000000") == "run-flights-000000000000"


@pytest.mark.parametrize("name", ["perennial", "staging-eu", "e" * LONGEST])
def test_the_longest_names_fit_aws(name: str) -> None:
    longest = names(Environment(name), "m" * 32)
    sagemaker = ("endpoint", "config", "shadow", "package group", "training job", "transform job")
    assert max(len(longest[kind]) for kind in sagemaker) <= 63
    assert max(len(longest[f"alarm {kind}"]) for kind in ALARMS) <= 255


def test_one_more_character_would_not_fit() -> None:
    config = names(Environment("e" * LONGEST), "m" * 32)["config"]
    assert len(config) == 63


@given(ENVIRONMENTS, ENVIRONMENTS, MODELS, MODELS)
def test_no_name_of_one_environment_is_one_of_another(
    one: Environment, other: Environment, model: str, other_model: str
) -> None:
    assume(one != other)
    assert not set(names(one, model).values()) & set(names(other, other_model).values())


@given(ENVIRONMENTS, ENVIRONMENTS, MODELS)
def test_no_grant_of_one_environment_reaches_another(one: Environment, other: Environment, model: str) -> None:
    assume(one != other)
    for name in names(other, model).values():
        assert not [pattern for pattern in patterns(one) if fnmatchcase(name, pattern)], name


@given(ENVIRONMENTS, MODELS)
def test_an_environments_grants_reach_its_own(one: Environment, model: str) -> None:
    own = names(one, model)
    for kind in ("endpoint", "config", "shadow", "package group", "training job", "transform job", "log"):
        assert any(fnmatchcase(own[kind], pattern) for pattern in patterns(one)), kind


@given(ENVIRONMENTS, ENVIRONMENTS, MODELS)
def test_only_its_own_environment_finds_the_model_in_the_name_of_a_configuration(
    one: Environment, other: Environment, model: str
) -> None:
    own = names(one, model)
    for kind in ("config", "shadow"):
        assert one.model_of_config(own[kind]) == model
        assert other == one or other.model_of_config(own[kind]) is None
    for kind in ("endpoint", "package group", "training job", "transform job"):
        assert one.model_of_config(own[kind]) is None


@given(ENVIRONMENTS, ENVIRONMENTS, MODELS)
def test_only_its_own_environment_knows_a_batch(one: Environment, other: Environment, model: str) -> None:
    job = names(one, model)["transform job"]
    assert one.is_batch(job)
    assert other == one or not other.is_batch(job)


@pytest.mark.parametrize(
    "name",
    [
        *("", "e", "e" * (LONGEST + 1), "Staging", "staging-", "-staging", "stag--ing", "1st", "sta ging", "sta_ging"),
        *("aws", "awsome", "ssm-x", "sthree", "run", "run-x", "perennial-x", "staging\n", "stägíng"),
    ],
)
def test_a_bad_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(EnvironmentNameError) as refused:
        Environment(name)
    assert str(refused.value) == f"'{name}' cannot name an environment: {RULE}"


def test_a_command_in_a_text_reaches_the_environment() -> None:
    text = 'Perennial says: perennial approve RUN   or: perennial reject RUN; next: eval "$(perennial up --detach)"'
    changed = Environment("staging").commands(text)
    assert changed == (
        "Perennial says: perennial --env staging approve RUN   or: perennial --env staging reject RUN; "
        'next: eval "$(perennial --env staging up --detach)"'
    )
    assert Environment("staging").commands(changed) == changed
    assert Environment().commands(text) == text
    assert Environment("staging").commands("cdk deploy --all") == "cdk deploy --all -c name=staging"


def test_the_job_of_a_rebuild_fits_the_longest_names_and_differs_by_occasion() -> None:
    run = f"run-{'m' * 32}-0123456789ab"
    jobs = {Environment("a" * LONGEST).rebuild_job(run, str(occasion)) for occasion in range(3)}
    assert len(jobs) == 3
    assert all(len(job) <= 63 for job in jobs)
