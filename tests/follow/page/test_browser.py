"""The page in a real browser: what a person sees of a scan, a grid, a picture, past runs; on a telephone, at night."""

from __future__ import annotations

import numpy as np
import pytest
from watch_browser import CHROMIUM, DRIVER, browser, prefer, resize, wait_until
from watch_page import write

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="there is no chromium: apt install chromium-driver")

POINTS = "document.querySelectorAll('#points tbody tr').length"
STATE = "document.getElementById('state').textContent"


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def see(driver):
    """Open a page, wide and light; at the end nothing must have gone wrong in it."""

    def see(page):
        resize(driver, 1200)
        prefer(driver, "light")
        driver.get(page.url)
        return driver

    yield see
    errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    driver.get("about:blank")
    allowed = ("401", "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "net::ERR_")
    assert [error for error in errors if not any(word in error for word in allowed)] == []


def text_of(driver, id_):
    return driver.execute_script(f"return document.getElementById('{id_}').innerText")


def has_colours(driver, selector):
    """How many colours a canvas has."""
    script = f"""(() => {{
        const canvas = document.querySelector("{selector}");
        if (!canvas || !canvas.width) return 0;
        const {{ data }} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
    }})()"""
    return wait_until(driver, script)


def test_one_who_comes_late_sees_the_scan_and_what_comes(serve, journal, log, scan, see):
    documents = scan(21)
    log.add("opened", operator="anna", host="bl7")
    log.add("plan", command="scan det th 0 20 21")
    write(journal, documents[:12])
    driver = see(serve())
    wait_until(driver, f"{POINTS} === 10")
    assert text_of(driver, "state") == "running"
    assert text_of(driver, "texts").startswith("point 10 of 21")
    write(journal, documents[12:])
    log.add("ended", status="success")
    wait_until(driver, f"{POINTS} === 21 && {STATE} === 'idle'")
    assert text_of(driver, "end").startswith("scan 1: success, 21 points")
    assert "det: max 400" in text_of(driver, "peaks")
    assert has_colours(driver, "#plot canvas") > 3


def test_it_says_why_a_scan_waits(serve, log, see):
    log.add("opened", operator="anna")
    log.add("plan", command="scan det th 0 20 21")
    driver = see(serve())
    log.add("suspended", reasons=["ring.current: 0 mA is below 80 mA"])
    wait_until(driver, f"{STATE} === 'suspended'")
    assert text_of(driver, "why") == "ring.current: 0 mA is below 80 mA"


def test_it_says_why_a_scan_has_failed(serve, journal, scan, see):
    *documents, (_, stop) = scan(4)
    write(journal, [*documents, ("stop", stop | {"exit_status": "fail", "reason": "th: 95 deg is above the limit"})])
    driver = see(serve())
    wait_until(driver, f"{POINTS} === 4")
    assert text_of(driver, "end").startswith("scan 1: fail, 4 points")
    assert text_of(driver, "end").endswith(": th: 95 deg is above the limit")


def test_it_finds_the_server_again_after_that_was_started_anew(serve, journal, scan, see):
    page = serve()
    driver = see(page)
    wait_until(driver, f"{STATE} === 'no console'")
    page.stop()
    wait_until(driver, f"{STATE} === 'no connection'")
    write(journal, scan(7))
    page.start()
    wait_until(driver, f"{POINTS} === 7 && {STATE} !== 'no connection'")


def test_a_wrong_token_is_said_and_the_right_one_opens_the_page(serve, journal, scan, see):
    write(journal, scan(7))
    driver = see(serve(token="s3cret"))
    for token, shown in (("wrong", "!document.getElementById('wrong').hidden"), ("s3cret", f"{POINTS} === 7")):
        wait_until(driver, "!document.getElementById('door').hidden")
        driver.find_element("id", "token").send_keys(token + "\n")
        wait_until(driver, shown)
    assert "s3cret" not in driver.current_url
    driver.execute_script("sessionStorage.clear()")


def test_it_fits_a_telephone(serve, journal, log, make_run, see):
    log.add("opened", operator="anna")
    log.add("typed", line="scan " + "a_detector_with_a_long_name " * 5)
    motors = ["a_motor_with_a_long_name", "another_motor_with_a_name"]
    write(journal, make_run(motors, ["det"], [(1.0, 2.0, 3.0)] * 4, command="scan " + "x" * 80))
    driver = see(serve())
    resize(driver, 360, 740)
    wait_until(driver, f"{POINTS} === 4")
    script = "return [...document.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > 360)"
    within = " && !each.closest('.scroll')).map((each) => each.outerHTML.slice(0, 80))"
    assert driver.execute_script(script[:-1] + within) == []
    assert driver.execute_script("return document.documentElement.scrollWidth") == 360


def test_it_is_dark_where_that_is_preferred(serve, journal, scan, see):
    write(journal, scan(5))
    driver = see(serve())
    wait_until(driver, f"{POINTS} === 5")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = driver.execute_script(f"return {ground}")
    prefer(driver, "dark")
    wait_until(driver, f"{ground} !== '{light}'")
    assert light == "rgb(243, 245, 248)"
    assert driver.execute_script(f"return {ground}") == "rgb(16, 19, 24)"


def test_a_grid_is_seen(serve, journal, make_run, see):
    rows = [(float(y), float(x), 10.0 * y + x) for y in range(4) for x in range(5)]
    arguments = {"args": ["y", 0, 3, 4, "x", 0, 4, 5]}
    write(journal, make_run(["y", "x"], ["det"], rows, shape=[4, 5], extents=[[0, 3], [0, 4]], plan_args=arguments))
    driver = see(serve())
    assert has_colours(driver, "#plot .plane > canvas") >= 15


def test_a_picture_is_seen(serve, journal, make_run, see, folder):
    import h5py

    path = folder / "cam.h5"
    with h5py.File(path, "w") as file:
        file["entry/data"] = np.arange(2 * 8 * 9).reshape(2, 8, 9)
    start, descriptor, *_ = make_run([], ["det"], [(1.0,)])
    keys = {"cam_image": {"source": "cam", "dtype": "array", "shape": [1, 8, 9], "external": "STREAM:"}}
    descriptor = ("descriptor", descriptor[1] | {"data_keys": keys, "object_keys": {"cam": ["cam_image"]}, "hints": {}})
    run = {"uid": "r", "run_start": start[1]["uid"], "data_key": "cam_image", "mimetype": "application/x-hdf5"}
    parameters = {"dataset": "/entry/data", "chunk_shape": [1, 8, 9]}
    resource = run | {"uri": f"file://localhost{path}", "parameters": parameters}
    ranges = {"indices": {"start": 0, "stop": 2}, "seq_nums": {"start": 1, "stop": 3}}
    datum = {"uid": "r/0", "stream_resource": "r", "descriptor": descriptor[1]["uid"], **ranges}
    write(journal, [start, descriptor, ("stream_resource", resource), ("stream_datum", datum)])
    driver = see(serve())
    assert has_colours(driver, "#picture .plane > canvas") > 50
    assert text_of(driver, "picture-title").startswith("cam_image, point 2: 9 x 8 pixels, 72 to 143")


def test_past_runs_are_found_laid_over_each_other_and_divided(serve, journal, make_run, see):
    for sample in ("LaB6", "CeO2", "CeO2"):
        write(journal, make_run(["th"], ["det", "i0"], [(i, 10.0 + i * i, 2.0) for i in range(5)], sample=sample))
    driver = see(serve())
    wait_until(driver, "document.querySelectorAll('#runs input').length === 3")
    driver.find_element("id", "words").send_keys("CeO2")
    wait_until(driver, "document.querySelectorAll('#runs input').length === 2")
    for box in driver.find_elements("css selector", "#runs input"):
        box.click()
    wait_until(driver, "document.getElementById('title').textContent === '#3, #2'")
    wait_until(driver, "document.querySelector('#plot .u-legend').innerText.includes('#2 det')")
    driver.execute_script(
        "for (const [id, value] of [['value', 'det'], ['divisor', 'i0']]) { const select = document.getElementById(id);"
        "select.value = value; select.dispatchEvent(new Event('change')); }"
    )
    wait_until(driver, "document.querySelector('#plot .u-legend').innerText.includes('det/i0')")
    driver.find_element("id", "back").click()
    wait_until(driver, "document.getElementById('back').hidden")
