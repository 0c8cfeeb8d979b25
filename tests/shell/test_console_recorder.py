"""What a console writes into its log: what is typed and how it ends, what the engine does, what has moved."""

from __future__ import annotations


def entries(prompt, *kinds, after=0.0):
    newest_first = prompt.session.log.newest_first(*kinds, since=after)
    return [(entry.kind, entry.facts) for entry in reversed(list(newest_first))]


def last(prompt, kind):
    return next(prompt.session.log.newest_first(kind)).facts


def test_a_console_says_who_it_is(prompt):
    facts = last(prompt, "opened")
    assert {"operator", "host", "pid", "version", "simulated"} <= facts.keys()


def test_what_is_typed_is_there_with_how_it_ended(prompt, typed):
    typed("mov th 1")
    typed("mov th")
    (one, other) = entries(prompt, "typed")[-2:]
    assert [one[1]["line"], other[1]["line"]] == ["mov th 1", "mov th"]
    (good, bad) = (facts for _, facts in entries(prompt, "answered")[-2:])
    assert good["outcome"] == "ok"
    assert bad["outcome"] == "error"
    assert bad["message"].startswith("mov: ")
    assert [good["cell"], bad["cell"]] == [one[1]["cell"], other[1]["cell"]]


def test_a_move_is_there_with_its_places_and_its_command(prompt, typed):
    typed("mov th 1.5")
    typed("movr th 0.5")
    facts = last(prompt, "moved")
    assert facts["device"] == "th"
    assert facts["target"] == 2.0
    assert facts["command"] == "movr th 0.5"
    assert last(prompt, "moving")["device"] == "th"


def test_the_moves_of_a_scan_are_those_of_its_number(prompt, typed):
    typed("scan det th -1 1 3")
    scan = prompt.session.md.last_scan_id
    assert last(prompt, "moving")["scan"] == scan
    ended = last(prompt, "ended")
    assert ended["scans"] == [scan]
    assert ended["status"] == "success"
    assert not ended["by_person"]


def test_a_plan_typed_in_python_is_there_too(prompt, typed):
    typed("RE(bps.mv(samx, 0.25))")
    assert last(prompt, "moving")["device"] == "samx"
    assert last(prompt, "plan") == {
        "plan": "mv",
        "plan_form": "bps.mv(samx, 0.25)",
        "command": "",
        "operator": prompt.session.operator,
    }


def test_a_pause_and_its_end_are_there(prompt, typed):
    typed("RE(bpp.pchain(bps.mv(th, 1), bps.checkpoint(), bps.pause(), bps.mv(th, 2)))")
    assert last(prompt, "answered")["outcome"] == "paused"
    assert [kind for kind, _ in entries(prompt, "paused", "resumed", "ended")][-1] == "paused"
    typed("abort enough of it")
    ended = last(prompt, "ended")
    assert ended["by_person"]
    assert ended["status"] == "abort"
    assert ended["reason"] == "enough of it"


def test_a_failed_plan_is_there_with_its_reason(prompt, typed):
    typed("RE(bpp.pchain(bps.mv(th, 1), bps.abs_set(1, 2)))")
    assert last(prompt, "answered")["outcome"] == "error"


def test_a_count_time_is_no_move(prompt, typed):
    typed("mov th 0")
    before = len(entries(prompt, "moving"))
    typed("ct det 0.01")
    assert len(entries(prompt, "moving")) == before


def test_each_command_of_a_file_is_there_and_its_moves_are_its_own(prompt, typed, tmp_path):
    (tmp_path / "night.txt").write_text("mov th 0.75\nmov samx 0.5\n")
    typed(f"do {tmp_path / 'night.txt'}")
    steps = [facts for _, facts in entries(prompt, "step")][-2:]
    assert [(facts["line"], facts["place"], facts["note"]) for facts in steps] == [
        ("mov th 0.75", "night.txt:1", "night.txt: 1 of 2"),
        ("mov samx 0.5", "night.txt:2", "night.txt: 2 of 2"),
    ]
    moved = {facts["device"]: facts["command"] for _, facts in entries(prompt, "moved")[-2:]}
    assert moved == {"th": "mov th 0.75", "samx": "mov samx 0.5"}


def test_a_move_behind_a_scan_of_the_same_file_is_none_of_the_scan(prompt, typed, tmp_path):
    (tmp_path / "night.txt").write_text("scan det th -1 1 3\nmov samx 0.25\n")
    typed(f"do {tmp_path / 'night.txt'}")
    for kind in ("moving", "moved"):
        scans = {facts["device"]: facts.get("scan") for _, facts in entries(prompt, kind)[-2:]}
        assert scans == {"th": prompt.session.md.last_scan_id, "samx": None}
    assert last(prompt, "ended")["scans"] == [prompt.session.md.last_scan_id]


def test_an_item_of_the_queue_that_a_person_has_ended_is_called_so(prompt, typed):
    typed("queue clear")
    typed("queue add loopscan 1")
    token = prompt.session.RE.subscribe(lambda *_: prompt.session.RE.request_pause(), "start")
    try:
        typed("queue run")
    finally:
        prompt.session.RE.unsubscribe(token)
    typed("abort sample fell off")
    assert last(prompt, "item") == {"line": "loopscan 1", "state": "ended", "reason": "aborted sample fell off"}
    assert last(prompt, "ended")["by_person"]


def test_the_end_of_the_queue_is_an_entry(prompt, typed):
    typed("queue clear")
    typed("queue add mov th 1")
    typed("queue run")
    assert last(prompt, "queue") == {"states": "1 done"}
