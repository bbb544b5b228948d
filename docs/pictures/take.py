"""Takes the pictures of README.md and docs/tour.md: the demo, as `aggregator serve` shows it, in headless Chromium.

python docs/pictures/take.py [NAME...]
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent


class Picture(NamedTuple):
    """What is to be seen: the page, how large the window is, and by which light."""

    path: str
    width: int
    height: int
    scheme: str = "light"


PICTURES = {
    "topics": Picture("/-/pingbacks", 900, 330),
    "desk": Picture("/-/pingbacks/forced-repatriation", 1000, 760),
    "phone": Picture("/-/pingbacks/forced-repatriation?language=ja", 400, 800, "dark"),
    "story": Picture("/-/stories/3", 1100, 900),
    "coverage": Picture("/-/coverage", 1220, 600, "dark"),
    "article": Picture("/mentions/articles/10", 1100, 640),
    "search": Picture("/mentions/articles?_search=強制遣返", 1100, 860),
    "sources": Picture("/-/sources", 1000, 560),
}


def main() -> None:
    wanted = sys.argv[1:] or list(PICTURES)
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "aggregator", "-q", "demo", str(demo)], check=True, stdout=subprocess.DEVNULL
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "aggregator", "serve", "--db", str(demo / "mentions.db"), "--port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            _await(f"http://127.0.0.1:{port}")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for name in wanted:
                    path, width, height, scheme = PICTURES[name]
                    size = {"width": width, "height": height}
                    page = browser.new_page(viewport=size, color_scheme=scheme)
                    page.goto(f"http://127.0.0.1:{port}{path}")
                    page.screenshot(path=HERE / f"{name}.png")
                    page.close()
            server.terminate()


def _await(address: str) -> None:
    for _ in range(100):
        try:
            urlopen(address, timeout=1).close()
        except URLError:
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()
