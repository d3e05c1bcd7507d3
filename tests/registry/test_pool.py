"""The pool of engines: built once, lent, let go."""

import threading
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genapp.registry.devices import Device, Place
from genapp.registry.pool import Pool

CPU, CUDA = Place("onnx", "cpu"), Place("torch", "cuda")


@dataclass(eq=False)
class Thing:
    bytes: int


class Builder:
    """Counts what it builds."""

    def __init__(self, size: int = 10) -> None:
        self.size = size
        self.built = 0

    def __call__(self) -> Thing:
        self.built += 1
        return Thing(self.size)


def use(pool: Pool[Thing], name: str, builder: Builder, place: Place = CPU) -> Thing:
    with pool.lend(name, place, builder) as thing:
        return thing


def test_built_once() -> None:
    pool: Pool[Thing] = Pool(lambda device: 100)
    builder = Builder()
    assert use(pool, "a", builder) is use(pool, "a", builder)
    assert builder.built == 1


def test_least_recently_used_goes() -> None:
    pool: Pool[Thing] = Pool(lambda device: 20)
    builder = Builder()
    for name in "abac":
        use(pool, name, builder)
    assert [pool.holds(name, CPU) for name in "abc"] == [True, False, True]


def test_what_is_lent_stays() -> None:
    pool: Pool[Thing] = Pool(lambda device: 20)
    builder = Builder()
    with pool.lend("a", CPU, builder):
        for name in "bc":
            use(pool, name, builder)
        assert [pool.holds(name, CPU) for name in "abc"] == [True, False, True]
        with pool.lend("b", CPU, builder), pool.lend("c", CPU, builder):
            assert all(pool.holds(name, CPU) for name in "abc")
        # The last of the two that came back.
        assert [pool.holds(name, CPU) for name in "abc"] == [True, True, False]


def test_one_larger_than_the_budget_is_kept_until_another_is_used() -> None:
    pool: Pool[Thing] = Pool(lambda device: 5)
    builder = Builder()
    first = use(pool, "a", builder)
    assert use(pool, "a", builder) is first
    use(pool, "b", builder)
    assert not pool.holds("a", CPU)


def test_each_device_has_its_own_budget() -> None:
    budgets: dict[Device, int] = {"cpu": 10, "cuda": 20}
    pool: Pool[Thing] = Pool(budgets.__getitem__)
    builder = Builder()
    for place in (CPU, CUDA):
        for name in "ab":
            use(pool, name, builder, place)
    assert [pool.holds(name, CPU) for name in "ab"] == [False, True]
    assert [pool.holds(name, CUDA) for name in "ab"] == [True, True]


def test_drop_idle() -> None:
    pool: Pool[Thing] = Pool(lambda device: 100)
    builder = Builder()
    for name in "ab":
        use(pool, name, builder, CUDA)
    use(pool, "a", builder, CPU)
    with pool.lend("c", CUDA, builder):
        pool.drop_idle("cuda", but="b")
    assert [pool.holds(name, CUDA) for name in "abc"] == [False, True, True]
    assert pool.holds("a", CPU)


def test_cleared_while_lent() -> None:
    pool: Pool[Thing] = Pool(lambda device: 100)
    builder = Builder()
    with pool.lend("a", CPU, builder) as thing:
        pool.clear()
        with pool.lend("a", CPU, builder) as other:
            assert other is not thing
    assert pool.holds("a", CPU)


def test_failure_is_raised_each_time_and_leaves_nothing() -> None:
    pool: Pool[Thing] = Pool(lambda device: 100)

    def fails() -> Thing:
        raise ValueError("broken")

    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            use(pool, "a", fails)  # type: ignore[arg-type]
    assert not pool.holds("a", CPU)
    use(pool, "a", Builder())


@given(st.lists(st.sampled_from("abcdef"), max_size=60), st.integers(1, 60))
def test_never_more_than_the_budget_and_the_last_used(names: list[str], budget: int) -> None:
    pool: Pool[Thing] = Pool(lambda device: budget)
    builders = {name: Builder(size) for size, name in enumerate("abcdef", 5)}
    for _, name in pairwise(["", *names]):
        use(pool, name, builders[name])
        held = [each for each in builders if pool.holds(each, CPU)]
        assert name in held
        assert held == [name] or sum(builders[each].size for each in held) <= budget


def test_threads_share_and_nothing_in_use_goes() -> None:
    """Room for one, three models, eight threads: whatever is lent is in the pool all the while."""
    pool: Pool[Thing] = Pool(lambda device: 10)
    builder = Builder()
    start = threading.Barrier(8)
    lost: list[str] = []

    def work(seed: int) -> None:
        start.wait()
        for turn in range(200):
            name = "abc"[(seed + turn) % 3]
            with pool.lend(name, CPU, builder):
                if not pool.holds(name, CPU):
                    lost.append(name)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []
    assert sum(pool.holds(name, CPU) for name in "abc") == 1
