"""Look at the built site as a reader would, with headless Chromium, on a desktop and on a phone.

Every page is opened at two widths. Reported are links and anchors that lead nowhere within the
site, images that do not show, errors in the console (whatever a page wants from another host is
one), pages that scroll sideways, and a search box that does not find an estimator. The exit code is
0 where nothing is wrong, 1 where something is, and 2 where there is no browser or no site.
"""

import argparse
import shutil
import sys
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urldefrag

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

WIDTHS = {"desktop": 1280, "phone": 390}
HEIGHT = 900
PATIENCE = 30  # seconds
WANTED = "FusedGridSearchCV"

# Resolves when fonts and images have come, and mathematics has been set.
READY = """
const done = arguments[0];
const images = [...document.images];
images.forEach(image => image.loading = "eager");
const shown = images.map(image => image.complete || new Promise(resolve => {
    image.addEventListener("load", resolve); image.addEventListener("error", resolve);
}));
Promise.all([document.fonts.ready, window.MathJax?.startup?.promise, ...shown]).then(() => done());
"""
LOOK = """
const root = document.documentElement;
const text = document.querySelector("article") ?? document.body;
const scrolls = it => it !== text && it !== null
    && (/auto|scroll|hidden/.test(getComputedStyle(it).overflowX) || scrolls(it.parentElement));
const isCut = it => it.offsetParent && !scrolls(it)
    && it.getBoundingClientRect().right > root.clientWidth + 1;
return {
    links: [...document.querySelectorAll("a[href]")].map(link => link.href),
    names: [...document.querySelectorAll("[id], a[name]")].map(it => it.id || it.name),
    images: document.images.length,
    missing: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
    width: root.scrollWidth, room: root.clientWidth,
    cut: [...text.querySelectorAll("*")].filter(isCut).map(it => it.textContent.slice(0, 60)),
    height: Math.max(root.scrollHeight, document.body.scrollHeight),
};
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, format, *args):
        """Write nothing."""


@contextmanager
def served(folder):
    """The address of a folder that is served as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def browser(chromium, driver):
    """Chromium without a window, which reaches nothing but this machine."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    # A container's root has no sandbox, and often little shared memory.
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    chrome.set_script_timeout(PATIENCE)
    try:
        yield chrome
    finally:
        chrome.quit()


def set_size(chrome, width, height=HEIGHT):
    """Give the page some room; a window could not be as narrow as a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def look_at(chrome, address):
    """What a page holds, and what is wrong with it by itself."""
    chrome.get(address)
    faults = []
    try:
        chrome.execute_async_script(READY)
    except TimeoutException:
        faults.append(f"is not ready after {PATIENCE} seconds")
    page = chrome.execute_script(LOOK)
    faults += [f"the image {image} does not show" for image in page["missing"]]
    for entry in chrome.get_log("browser"):
        if entry["level"] == "SEVERE":
            faults.append(f"in the console: {entry['message']}")
    if page["width"] > page["room"]:
        faults.append(f"scrolls sideways: {page['width']} pixels wide")
    faults += [f"goes beyond the edge: {text!r}" for text in page["cut"][:3]]
    return page, faults


def take_picture(chrome, width, height, path):
    """Write a picture of the whole page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    set_size(chrome, width, max(height, HEIGHT))
    chrome.save_screenshot(str(path))
    set_size(chrome, width)


def broken_links(pages, folder, site):
    """Links within the site whose page or anchor is not there, by page."""
    for name, page in pages.items():
        for link in sorted(set(page["links"])):
            address, anchor = urldefrag(link)
            if not address.startswith(site):
                continue
            target = unquote(address.removeprefix(site).partition("?")[0]) or "index.html"
            if not (folder / target).is_file():
                yield name, f"the link to {target} leads nowhere"
            elif anchor and target in pages and unquote(anchor) not in pages[target]["names"]:
                yield name, f"the link to {target}#{anchor} has no such anchor"


def search_faults(chrome, site):
    """What is wrong with the search box."""
    try:
        found = search(chrome, site, WANTED)
    except WebDriverException as error:
        return [f"the search box does not work: {type(error).__name__}"]
    if any(f".{WANTED}.html" in address for address in found):
        return []
    return [f"the search box does not find {WANTED}, but {found}"]


def search(chrome, site, text):
    """Addresses that the search box finds."""
    set_size(chrome, WIDTHS["desktop"])
    chrome.get(site)
    wait = WebDriverWait(chrome, PATIENCE)
    chrome.find_element(By.CSS_SELECTOR, ".search-button").click()
    field = wait.until(lambda c: next(filter(displayed, c.find_elements(By.NAME, "q")), None))
    field.send_keys(text)
    field.submit()
    summary = (By.CSS_SELECTOR, ".search-summary")  # Sphinx writes it when the search has ended
    wait.until(lambda c: any(it.text for it in c.find_elements(*summary)))
    links = chrome.find_elements(By.CSS_SELECTOR, "#search-results li a")
    return [link.get_attribute("href") for link in links]


def displayed(element):
    """Whether a reader sees it."""
    return element.is_displayed()


def check(folder, chrome, site, screenshots):
    """What is wrong with the site, as lines, and what has been looked at."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    names = [name for name in names if not name.startswith("_static/")]
    pages, faults = {}, []
    for kind, width in WIDTHS.items():
        set_size(chrome, width)
        for name in names:
            page, of_page = look_at(chrome, site + name)
            faults += [f"{name}, {kind}: {fault}" for fault in of_page]
            pages.setdefault(name, page)
            if screenshots:
                path = screenshots / kind / Path(name).with_suffix(".png")
                take_picture(chrome, width, page["height"], path)
    faults += [f"{name}: {fault}" for name, fault in broken_links(pages, folder, site)]
    faults += search_faults(chrome, site)
    n_links, n_images = (
        sum(len(page["links"]) for page in pages.values()),
        sum(page["images"] for page in pages.values()),
    )
    looked_at = f"{len(pages)} pages, {n_links} links, {n_images} images, {len(WIDTHS)} widths"
    return faults, looked_at


def main():
    """Check the site that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(__file__).parent / "_build" / "html"
    parser.add_argument("folder", nargs="?", type=Path, default=built, help="the built site")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="write a picture of each")
    options = parser.parse_args()
    if not (options.folder / "index.html").is_file():
        parser.error(f"there is no site in {options.folder}: build it first")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        parser.error("needs Chromium and its driver: apt-get install chromium chromium-driver")
    with served(options.folder) as site, browser(chromium, driver) as chrome:
        faults, looked_at = check(options.folder, chrome, site, options.screenshots)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{looked_at}: {len(faults)} faults" if faults else f"{looked_at}: nothing is wrong")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
