import gc
import warnings

import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualWorld

from beamshell import plans as bp
from beamshell.errors import PlanError
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import stubs as bps
from beamshell.plans.unrun_plan_guard import PlanNotRun, call_of
from beamshell.simulate import rehearse


@pytest.fixture
def world():
    return VirtualWorld()


@pytest.fixture
def det(world):
    return VirtualDetector(world, "det")


def test_a_plan_without_yield_from_is_named(world, det):
    def forgetful():
        bp.count([det])
        yield Msg("null")

    with pytest.warns(PlanNotRun, match=r"count\(...\) was called but not run.*yield from count\(...\)"):
        world.run(forgetful())
    assert world.docs == []


def test_a_move_without_yield_from_is_named(world):
    with pytest.warns(PlanNotRun, match=r"mv\(...\) was called but not run"):
        bps.mv(VirtualMotor(world), 1)


def test_the_warning_names_file_line_and_function_where_the_plan_was_made(world):
    def forgetful():
        return [bps.mv(VirtualMotor(world), 1)]

    kept = forgetful()
    line = forgetful.__code__.co_firstlineno + 1
    with pytest.warns(PlanNotRun, match=rf"mv\(...\) was called but not run \({__file__}:{line}, in forgetful\), so"):
        kept.clear()


def test_a_wrapper_that_was_not_run_names_where_it_was_made(det):
    with pytest.warns(PlanNotRun, match=r"run_wrapper\(...\) was called but not run \(.*, in test_a_wrapper_that"):
        bpp.run_wrapper(bp.count([det]))


def test_a_plan_with_yield_from_says_nothing(world, det):
    def careful():
        yield from bp.count([det])

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world.run(careful())
        gc.collect()
    assert len(world.events()) == 1


def test_a_plan_in_a_wrapper_that_is_never_run_is_reported_once(det):
    with pytest.warns(PlanNotRun) as caught:
        bpp.run_wrapper(bp.count([det]))
    assert [str(warning.message).split("(")[0] for warning in caught] == ["run_wrapper"]


def test_a_plan_that_is_closed_on_purpose_says_nothing(det):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bp.count([det]).close()
        gc.collect()


def test_who_runs_a_plan_gets_the_bare_generator(det):
    plan = bp.count([det])
    bare = iter(plan)
    assert type(bare).__name__ == "generator"
    assert next(plan).command == "stage"
    bare.close()


def test_a_plan_at_the_prompt_says_that_it_has_not_been_run(det):
    plan = bp.count([det])
    assert repr(plan) == "<count: a plan that has not been run; RE(...) runs it>"
    next(plan)
    assert repr(plan) == "<count: a plan>"
    plan.close()


def test_a_plan_of_ones_own_can_be_watched_as_well():
    @bp.plan
    def mine():
        """Docstring."""
        yield Msg("null")

    assert mine.__doc__ == "Docstring."
    with pytest.warns(PlanNotRun, match="mine"):
        mine()


def test_a_function_that_returns_a_plan_is_watched_once(det):
    @bp.plan
    def mine():
        return bp.count([det])

    with pytest.warns(PlanNotRun) as caught:
        mine()
    assert len(caught) == 1


def test_a_plan_remembers_its_call_and_can_be_made_once_more(det):
    plan = bpp.inject_md_wrapper(bp.count([det], num=2), {"sample": "Si"})
    call = call_of(plan)
    assert call.can_be_repeated
    assert (call.function, call.args[1], call.kwargs) == (bpp.inject_md_wrapper, {"sample": "Si"}, {})
    assert call_of(call.args[0])[:3] == (bp.count, ([det],), {"num": 2})
    again = call.repeat()
    assert next(again).command == next(plan).command == "stage"
    again.close()
    plan.close()


def test_a_plan_that_uses_something_up_cannot_be_made_once_more(det):
    def bare():
        yield Msg("null")

    for plan in (bpp.run_wrapper(bare()), bp.count(iter([det]))):
        assert not call_of(plan).can_be_repeated
        plan.close()
    assert call_of(bare()) is None


# ---- yield in place of yield from ----------------------------------------------------------------


def yields_a_plan():
    yield bps.mv("th", 3)


def yields_a_stub():
    yield bps.checkpoint()


def yields_nothing():
    yield None


WRONG = [
    (yields_a_plan, "in yields_a_plan: write `yield from mv(...)`, not `yield mv(...)`"),
    (yields_a_stub, "in yields_a_stub: write `yield from checkpoint(...)`, not `yield checkpoint(...)`"),
    (yields_nothing, "in yields_nothing: None was yielded, which is no message"),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
@pytest.mark.parametrize("wrap", [lambda plan: plan, bpp.run_wrapper, bpp.stub_wrapper])
def test_yield_in_place_of_yield_from_says_what_to_write_with_file_and_line(make, message, wrap):
    line = make.__code__.co_firstlineno + 1
    expected = f"test_unrun_plan_guard.py, line {line}, {message}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        core = VirtualWorld().run(wrap(make()))
        assert str(core.error).startswith(expected)
        (problem,) = rehearse(wrap(make())).problems
        assert str(problem).startswith(expected)


def test_a_plan_may_catch_it_and_go_on():
    def plan():
        with pytest.raises(PlanError):
            yield bps.checkpoint()
        return (yield from bps.null())

    assert VirtualWorld().run(plan()).error is None


# ---- a plan that is used once more ---------------------------------------------------------------------


def test_a_plan_of_ours_can_be_run_again(world, det):
    plan = bp.count([det], num=2)
    for _ in range(3):
        world.run(plan)
    assert world.names().count("stop") == 3
    assert len(world.events()) == 6


def test_a_final_plan_that_is_used_twice_is_done_twice(world, det):
    shutter = VirtualMotor(world, "shutter")
    close = bps.mv(shutter, 1)
    for _ in range(2):
        world.run(bpp.finalize_wrapper(bp.count([det]), close))
    assert shutter.log.count("set") == 2


def test_a_final_plan_of_two_plans_that_are_made_before_either_runs_is_done_twice(world, det):
    shutter = VirtualMotor(world, "shutter")
    close = bps.mv(shutter, 1)
    plans = [bpp.finalize_wrapper(bp.count([det]), close) for _ in range(2)]
    for plan in plans:
        world.run(plan)
    assert shutter.log.count("set") == 2


def ones_own():
    yield Msg("null")


def test_a_generator_that_was_run_already_is_refused_with_what_to_write(world):
    plan = ones_own()
    world.run(plan)
    with pytest.raises(PlanError, match=r"ones_own\(...\) has been run already: call ones_own\(...\) again"):
        world.run(plan)


def test_a_final_plan_that_was_run_already_is_an_error_of_the_plan_and_not_silence(world, det):
    final = ones_own()
    world.run(bpp.finalize_wrapper(bp.count([det]), final))
    core = world.run(bpp.finalize_wrapper(bp.count([det]), final))
    assert isinstance(core.error, PlanError)
    assert "ones_own(...) has been run already" in str(core.error)


def test_a_plan_that_cannot_be_made_again_is_refused_the_second_time(world, det):
    plan = bpp.run_wrapper(iter([Msg("null")]))
    world.run(plan)
    with pytest.raises(PlanError, match="has been run already"):
        world.run(plan)
