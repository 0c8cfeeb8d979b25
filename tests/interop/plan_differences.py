"""Where our plans differ from bluesky's on purpose: by place, and why.

The page docs/explanations/deviations.md is made from this.
"""

START = {
    "plan_pattern": "points are made by our own functions",
    "plan_pattern_module": "the same",
    "plan_pattern_args": "the same",
    "extents": "ours are those of the points visited, absolute, and there for every plan; theirs are the arguments",
    "snake_axes": "a grid of lists says `snaking`, axis by axis, as any other grid does",
}
"""Keys of the start document that are not compared."""

ONLY_HERE = {
    "extents": "every plan that knows its points says where they are",
    "plan_pattern": "spirals and lists say how their points were made as well",
    "plan_pattern_module": "the same",
    "plan_pattern_args": "the same",
    "num_intervals": "wherever the number of points is known",
    "num_points": "wherever it is known",
    "snaking": "a grid of lists says it as any other grid does",
    "plan_name": "a fly scan says that it is one",
    "plan_args": "the same",
    "flyers": "the same",
    "motors": "tweak says what it moves",
    "detectors": "tweak says what it counts",
}
"""Keys of the start document that theirs does not have."""

PLAN_ARGS = {
    "any": {"per_step": "None is None, not the word 'None'"},
    "count": {"delay": "no delay is None, not 0"},
    "grid_scan": {"args": "a grid's snaking is in `snaking`; theirs adds it to the arguments"},
    "rel_grid_scan": {"args": "the same"},
    "scan_nd": {"cycler": "the points themselves, by motor's name, not the text of an object"},
    "rel_spiral": dict.fromkeys(("x_start", "y_start"), "a spiral around where the motors are is given no centre"),
    "rel_spiral_fermat": dict.fromkeys(("x_start", "y_start"), "the same"),
    "rel_spiral_square": dict.fromkeys(("x_center", "y_center"), "the same"),
}
"""Keys of `plan_args`, by plan."""

BEHAVIOUR = {
    "points that are refused": "checked against the limits before anything moves, and the message names the point",
    "relative plans": "motors that were not moved are not sent back",
    "adaptive_scan downwards": "a step too large is taken back; theirs goes on in the wrong direction",
    "adaptive_scan": "the motor is triggered with the detectors",
    "tune_centroid": "every pass has all its points (theirs may lose the last by rounding), a centroid outside of the "
    "range is not gone to, and a signal of 0 everywhere is an error instead of silence",
    "spiral_fermat with dr_y": "the region is as high as asked; theirs shrinks with dr_y / dr",
    "spiral_square of one column or row": "works; theirs divides by 0",
    "count with a delay": "there is none after the last reading; too few delays are an error only when they run out",
    "fly": "all flyers fly together, and the start document names the plan and the flyers",
    "tweak": "what a motor refuses is told in the next question; the run goes on",
    "ramp_plan": "`go_plan` need not return a status: whatever it began is waited for, also after a pause",
    "order of motors": "as they were given; theirs sorts or not, by plan",
    "a decorator that is given a plan": "is an error at once: a plan can be run only once, and the second time its "
    "clean-up would be missing; theirs finds that for `finalize_decorator` alone, when the plan runs",
    "pause_for_debug": "what failed is not sent again on resume, and an abort does not pause",
}
"""What they do."""

RENAMED = {"obj": "device", "objs": "devices", "time": "seconds", "msg_proc": "change or insert", "wrapper": "wrapped"}
"""Parameters of stubs and preprocessors that come first, and are given by place."""

DEFAULTS = {
    "count.delay": "no delay is None, not 0",
    "repeat.delay": "the same",
    "SupplementalData.baseline": "nothing is an empty list, not None",
    "SupplementalData.monitors": "the same",
    "SupplementalData.flyers": "the same",
}
"""Default values."""

NOT_HERE = {
    "plans.derive_default_hints": "a part of their plans, not a plan; ours is `plans.start_metadata.together_hints`",
}
"""Public names of theirs that are missing."""
