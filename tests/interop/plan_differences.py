"""Where our plans differ from bluesky's on purpose, and why.

The table in docs/explanations/plans-and-bluesky.md is made from this.
"""

_PATTERN = "points are made by our own functions"
_ONLY_FLY = "fly scans have it as other plans do"
_CENTRE = "a spiral around where the motors are has no argument for its centre"
_EMPTY = "no devices are an empty list, not None"
_SNAKING = "snaking is in `snaking`; bluesky adds it to the arguments"

START = {
    "plan_pattern": _PATTERN,
    "plan_pattern_module": _PATTERN,
    "plan_pattern_args": _PATTERN,
    "extents": "every plan has the absolute extents of its points; bluesky has the arguments, in some plans",
    "snake_axes": "a grid of lists has `snaking`, axis by axis, as any other grid",
}
"""Keys of the start document that are not compared."""

ONLY_HERE = {
    "extents": "every plan that knows its points has their extents",
    "plan_pattern": "spirals and lists have it too",
    "plan_pattern_module": "spirals and lists have it too",
    "plan_pattern_args": "spirals and lists have it too",
    "origins": "a plan with distances says from where they count",
    "num_intervals": "all plans have it where the number of points is known",
    "num_points": "all plans have it where it is known",
    "snaking": "a grid of lists has it as any other grid",
    "plan_name": _ONLY_FLY,
    "plan_args": _ONLY_FLY,
    "flyers": "fly scans name their flyers",
    "motors": "tweak names its motor",
    "detectors": "tweak names its detector",
}
"""Keys of the start document that bluesky does not have."""

PLAN_ARGS = {
    "any": {"per_step": "no function is None, not the word 'None'"},
    "count": {"delay": "no delay is None, not 0"},
    "grid_scan": {"args": _SNAKING},
    "rel_grid_scan": {"args": _SNAKING},
    "scan_nd": {"cycler": "the points themselves, by motor's name; bluesky has the text of an object"},
    "rel_spiral": dict.fromkeys(("x_start", "y_start"), _CENTRE),
    "rel_spiral_fermat": dict.fromkeys(("x_start", "y_start"), _CENTRE),
    "rel_spiral_square": dict.fromkeys(("x_center", "y_center"), _CENTRE),
}
"""Keys of `plan_args`, by plan."""

BEHAVIOUR = {
    "points outside the limits": "are refused before anything moves; the message names the point",
    "relative plans": "only motors that were moved are sent back",
    "adaptive_scan downwards": "a step that is too large is taken back; bluesky goes on in the wrong direction",
    "adaptive_scan": "the motor is triggered with the detectors",
    "tune_centroid": "every pass has all its points (bluesky may lose the last one by rounding), it never goes to a "
    "centroid outside the range, the points of all passes make one curve whose background is taken off, and a last "
    "point is measured at the centroid; where a pass or that point does not show the peak, the motor goes back with an "
    "error",
    "spiral_fermat with dr_y": "the region has the height that was asked for; bluesky's shrinks with dr_y / dr",
    "spiral_square of one column or row": "works; bluesky divides by 0",
    "count with a delay": "has no delay after the last reading; too few delays are an error only when they run out",
    "fly": "all flyers fly together, and the start document names the plan and the flyers",
    "tweak": "shows the refusal of a motor in the next question; the run goes on",
    "ramp_plan": "`go_plan` need not return a status: the plan waits for all that it started, also after a pause",
    "order of motors": "is that of the arguments; bluesky sorts them in some plans",
    "a decorator that is given a plan": "raises an error at once: a plan can run only once, and the second time its "
    "clean-up would be missing; bluesky notices it for `finalize_decorator` alone, when the plan runs",
    "pause_for_debug": "on resume the failed message is not sent again, and an abort does not pause",
}
"""What they do."""

RENAMED = {"obj": "device", "objs": "devices", "time": "seconds", "msg_proc": "change or insert", "wrapper": "wrapped"}
"""First parameters of stubs and preprocessors, which are given by position."""

DEFAULTS = {
    "count.delay": "no delay is None, not 0",
    "repeat.delay": "no delay is None, not 0",
    "SupplementalData.baseline": _EMPTY,
    "SupplementalData.monitors": _EMPTY,
    "SupplementalData.flyers": _EMPTY,
}
"""Default values."""

NOT_HERE = {
    "plans.derive_default_hints": "it is a part of bluesky's plans, not a plan; ours is "
    "`plans.start_metadata.together_hints`",
}
"""Public names of bluesky that are missing."""
