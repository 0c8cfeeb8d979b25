def mosaic(columns=2, rows=2):
    yield from bp.grid_scan([det_counts], microscope_y, 0, 1, rows, microscope_x, 0, 1, columns, True)


watch_log = Logbook()


@subs_decorator(watch_log)
def watched(num=3):
    """Reads the counter while the light is monitored."""

    @stage_decorator([det_counts])
    @monitor_during_decorator([light])
    @run_decorator(md={"plan_name": "watched"})
    def inner():
        for _ in range(num):
            yield from bps.checkpoint()
            yield from bps.trigger_and_read([det_counts])

    return (yield from inner())
