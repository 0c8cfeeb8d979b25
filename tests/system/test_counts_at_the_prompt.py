"""Long counts at the prompt: what Ctrl+C does to them and says of them, and values that are computed from counts."""

from __future__ import annotations

import re

from terminal import Terminal


def test_one_press_ends_a_bare_count_and_shows_what_was_counted_until_then(console: Terminal) -> None:
    all_of_them = "Stopped: the count of cam, mca, scaler was cut short. The engine is idle."
    for attempt in range(20):  # a press may come before all have begun: the next comes a little later
        start = console.begin("ct scaler mca cam ring 1e6")
        console.wait_for("no run, about", start)
        console.sleep(0.02 * attempt)
        console.press_ctrl_c()
        console.wait_for_prompt(start)
        text = console.text(start)
        if all_of_them in text:
            break
    assert all_of_them in text
    assert re.search(r"Cut short after [\d.]+ m?s\. No value: cam\.", text)
    assert re.search(r"scaler_I0 +\d+ counts", text)
    assert re.search(r"mca_Fe +\d+ counts", text)
    assert re.search(r"ring +[\d.]+ mA", text)
    assert "cam_total" not in text
    assert not console.state
    assert console.do("scaler.count_time.get()") == "1.0"
    console.do("ct scaler mca 0.5")


def test_a_paused_count_ends_with_abort_and_the_next_count_is_whole(console: Terminal) -> None:
    start = console.begin("regions scaler th 0:0.001:0.001:0.1 0.002:0.003:0.001:1000")
    console.wait_for_point(2, start)  # then two that count 1000 s
    console.press_twice(start)
    assert console.state == "PAUSED"
    assert "aborted" in console.do("abort")
    assert console.do("scaler.count_time.get()") == "1.0"
    clock = re.search(r"scaler_clock +(\d+)", console.do("ct scaler 0.5"))
    assert clock is not None
    assert clock[1] == "5000000"


def test_a_value_computed_from_counts_is_counted_anew_at_each_point(console: Terminal) -> None:
    console.do("mov mono.energy 8.9")
    console.do("scan mu mono.energy 8.9 9.1 5 0.2")
    values = [float(doc["data"]["mu"]) for name, doc in console.runs[-1] if name == "event" and "mu" in doc["data"]]
    assert len(set(values)) == len(values) == 5
    assert max(values) - min(values) > 0.5  # the foil's edge lies between
    console.do("mov mono.energy 8.979")
    assert console.do("ct scaler.I0 0.2").startswith("scaler_I0")
