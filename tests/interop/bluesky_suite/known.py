"""Which of bluesky's own tests fail on our engine, and which are left out: for each reason, the tests.

A test is named by its file and function, and by its parameters where only some of them fail. The tables in
docs/explanations/bluesky-tests.md are made from this.
"""

from __future__ import annotations

_SPIRALS = ("spiral", "rel_spiral", "spiral_fermat", "rel_spiral_fermat")
_DRAWN_SPIRALS = [
    f"test_simple_api.py::{test}[{flag}-{plan}-args{number}-kwargs{number}]"
    for flag in (False, True)
    for test, first in (("test_plans", 13), ("test_plans_motors_no_hints", 4))
    for number, plan in enumerate(_SPIRALS, first)
]

FAILING = {
    "looks into bluesky's engine: private attributes and threads": (
        "test_callbacks.py::test_unknown_cb_raises",
        "test_new_examples.py::test_custom_stream_name",
        "test_run_engine.py::test_dispatcher_unsubscribe_all",
        "test_run_engine.py::test_panic_trap",
        "test_run_engine.py::test_print_commands",
        "test_run_engine.py::test_reset",
        "test_run_engine.py::test_sideband_cancel",
        "test_run_engine.py::test_thread_name",
        "test_run_engine.py::test_unsubscribe",
    ),
    "wants a running event loop in the code of a plan: ours runs plans in the thread that called it": (
        "test_event_loop_funcs.py::test_in_bluesky_event_loop",
        "test_ramp_plan.py::test_ramp",
        "test_ramp_plan.py::test_timeout",
        "test_run_engine.py::test_wait_returns_based_on_watch_raises",
        "test_run_engine.py::test_wait_when_one_status_returns_raises",
        "test_run_engine.py::test_wait_with_planstub_coroutine",
        "test_run_engine.py::test_wait_with_planstub_status",
        "test_run_engine.py::test_wait_with_planstub_timeout",
        "test_run_engine.py::test_watch_finished_before_set_return_when_set_finishes",
        "test_utils.py::test_async_input_does_not_block_event_loop",
    ),
    "compares the words or the class of an error": (
        "test_external_assets_and_paging.py::test_many_collectables_fails",
        "test_external_assets_and_paging.py::test_new_style_with_steam_name_requires_pre_declare",
        "test_external_assets_and_paging.py::test_predeclare_requires_stream_name",
    ),
    "wants an error for what ours can do: collect without a declared stream, keys that two streams or devices share": (
        "test_devices.py::test_overlapping_raise[False-different_obj_same_names]",
        "test_devices.py::test_overlapping_raise[True-different_obj_same_names]",
        "test_external_assets_and_paging.py::test_new_collect_needs_predeclare",
        "test_external_assets_and_paging.py::"
        "test_new_style_with_no_stream_name_and_no_pre_declare_does_not_try_and_make_a_stream",
        "test_external_assets_and_paging.py::test_same_key_in_multiple_streams_fails",
    ),
    "wants an error for a parameter of older versions, or for metadata of another kind than usual": (
        "test_examples.py::test_sample_md_dict_requirement",
        "test_external_assets_and_paging.py::test_collect_stream_true_raises",
        "test_run_engine.py::test_old_subscribe",
        "test_run_engine.py::test_raise_if_interrupted_deprecation",
    ),
    "a value of another type than described: ours emits a new descriptor first": (
        "test_callbacks.py::test_all",
        "test_multi_runs.py::test_multirun_smoke",
        "test_multi_runs.py::test_multirun_smoke_nested",
    ),
    "a subscriber that raises: ours reports it, and the plan goes on": (
        "test_callbacks.py::test_raising_ignored_or_not",
        "test_run_engine.py::test_failing_describe_callback",
    ),
    "compares the messages of a suspension, which are the engine's own": (
        "test_run_engine.py::test_unrewindable_det_suspend",
    ),
    "compares the messages of a suspension by a suspender of bluesky, or the checkpoint where a pause in it comes": (
        "test_suspenders.py::test_deferred_pause_from_suspend",
        "test_suspenders.py::test_pause_from_suspend",
        "test_suspenders.py::test_pre_suspend_plan",
        "test_suspenders.py::test_pretripped",
    ),
    "Ctrl+C in a suspension: ours goes from suspending to pausing": (
        "test_run_engine.py::test_sigint_during_suspender_active",
    ),
    "configure inside an open event: ours does it": ("test_examples.py::test_illegal_sequences",),
    "another plan while one is paused: ours runs it": ("test_run_engine.py::test_running_from_paused_state_raises",),
    "wants bluesky's versions in RE.md; ours puts its own into each start document": (
        "test_metadata.py::test_blueskyversion",
        "test_metadata.py::test_eventmodelversion",
        "test_metadata.py::test_ophydversion",
    ),
    "wants a deep copy of the metadata": ("test_metadata.py::test_md_mormalizer",),
    "compares the class of an error: ours names the device that read nothing in a PlanError": (
        "test_run_engine.py::test_broken_read_exception",
    ),
    "its status has no `done`, or counts how often that is asked": (
        "test_flyer.py::test_collect_while_completing_plan_trivial_case",
        "test_seq_num_indices_in_sync.py::test_changing_stream_resource_after_stream_datum_emitted",
        "test_seq_num_indices_in_sync.py::test_flyscan_with_mismatched_indices",
        "test_seq_num_indices_in_sync.py::test_flyscan_with_stream_datum_pause",
    ),
}
"""Tests that must fail; one of them that passes makes the run fail."""

NOT_RUN = {
    "presses Ctrl+C at times that bluesky's own handler counts, or that race with the end of the plan": (
        "test_run_engine.py::test_sigint_many_hits_cb",
        "test_run_engine.py::test_sigint_many_hits_panic",
        "test_run_engine.py::test_sigint_many_hits_pln",
        "test_run_engine.py::test_sigint_three_hits",
        "test_run_engine.py::test_single_sigint_interrupt_no_checkpoint",
        "test_run_engine.py::test_single_sigint_no_carry_over",
    ),
    "times two presses of Ctrl+C to a tenth of a second, which are one press on a busy machine": (
        "test_examples.py::test_abort",
        "test_examples.py::test_pause_abort",
        "test_examples.py::test_pause_resume",
    ),
    "counts on more than a tenth of a second for a plan that ours ends in less, and on less than one": (
        "test_suspenders.py::test_unresumable_suspend_fail",
    ),
    "a status that fails in a thread while the plan ends: either may come first": (
        "test_run_engine.py::test_abs_set_fails",
    ),
    "asks for a suspension that may be over before the plan goes on: ours then does not suspend": (
        "test_run_engine.py::test_exception_cascade_REside",
        "test_run_engine.py::test_exception_cascade_planside",
        "test_run_engine.py::test_invalid_generator",
    ),
    "draws for half a minute": (
        "test_bec.py::test_many_grids",
        "test_callbacks.py::test_in_plan_qt_callback",
        *_DRAWN_SPIRALS,
    ),
    "needs packages that nothing else here needs, and tests a callback of bluesky or its tracing": (
        "test_tiled_writer.py",
        "test_tracing.py",
        "test_zmq.py",
        "test_zmq_proxy_cli.py",
    ),
}
"""Tests that are left out: functions, or whole files."""

FAILS = {test: reason for reason, tests in FAILING.items() for test in tests}
LEFT_OUT = {test: reason for reason, tests in NOT_RUN.items() for test in tests}
