"""Write the pictures of the watch page in the documentation: ``python docs/watch_screens.py [FOLDER]``.

Scans are typed at the demo beamline in a real terminal; the page beside it is looked at with chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from terminal import Terminal  # noqa: E402  # the tests type at it too
from watch_browser import browser, prefer, resize, wait_until  # noqa: E402

PORT = 8041
WIDE = (1180, 860)
POINTS = "document.querySelectorAll('#points tbody tr').length"
STATE = "document.getElementById('state').textContent"


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as profile:
        terminal = Terminal(Path(data), (), 5.0)
        words = [sys.executable, "-m", "beamshell", "watch", "--page", f"--port={PORT}", f"--data={data}"]
        page = subprocess.Popen(words)
        try:
            terminal.wait_for_prompt()
            with browser(Path(profile)) as driver:
                Camera(terminal, driver, folder).take_all()
        finally:
            page.terminate()
            page.wait()
            terminal.close()


class Camera:
    """Types at the terminal, and takes pictures of the page.

    Args:
        terminal: at the demo beamline.
        driver: the browser.
        folder: for the pictures.
    """

    def __init__(self, terminal: Terminal, driver: Any, folder: Path) -> None:
        self.terminal, self.driver, self.folder = terminal, driver, folder

    def take_all(self) -> None:
        """Take the pictures of the page."""
        terminal, driver = self.terminal, self.driver
        resize(driver, *WIDE)
        prefer(driver, "light")
        wait_for_page(driver)
        terminal.do("newsample LaB6")
        terminal.do("mov th 95")
        terminal.do("scan det th -1 1 41 0.05")
        start = terminal.begin("scan det th -0.4 1 31 0.5")
        wait_until(driver, f"{POINTS} > 19 && {POINTS} < 31 && document.querySelectorAll('#runs input').length === 2")
        self.take("watch-scan")
        terminal.wait_for_prompt(start - 1)
        start = terminal.begin("grid cam samx -2 2 9 samy -2 2 7")
        wait_until(driver, f"{POINTS} > 40 && !document.getElementById('picture').hidden")
        prefer(driver, "dark")
        self.take("watch-grid")
        terminal.wait_for_prompt(start - 1)
        start = terminal.begin("scan det th -1 1 21 0.5")
        wait_until(driver, f"{POINTS} > 12 && {POINTS} < 21")
        terminal.press_twice(start)
        wait_until(driver, f"{STATE} === 'paused'")
        resize(driver, 360, 740)
        self.take("watch-telephone")
        terminal.do("abort")
        prefer(driver, "light")
        resize(driver, *WIDE)
        driver.find_element("id", "words").send_keys("LaB6 success")
        wait_until(driver, "document.querySelectorAll('#runs input').length === 3")
        for box in driver.find_elements("css selector", "#runs input")[1:]:
            box.click()
        wait_until(driver, "document.getElementById('title').textContent === '#2, #1'")
        self.take("watch-past")

    def take(self, name: str) -> None:
        """Write what the page shows, when it has drawn that."""
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        picture = Image.open(BytesIO(self.driver.get_screenshot_as_png())).convert("RGB")
        picture.quantize(256).save(self.folder / f"{name}.png", optimize=True)
        print(f"{name}.png")


def wait_for_page(driver: Any) -> None:
    """Open the page, once it is served."""
    from selenium.common.exceptions import WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    def is_open(_: Any) -> bool:
        driver.get(f"http://127.0.0.1:{PORT}/")
        return True

    WebDriverWait(driver, 60, ignored_exceptions=[WebDriverException]).until(is_open)
    wait_until(driver, "document.body.dataset.live === 'yes'")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "screens")
