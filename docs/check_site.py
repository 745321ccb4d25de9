"""Check the built site in headless Chromium, in the widths of a desktop and of a phone.

The checks are: links and anchors within the site exist, images load, the console has no errors
(requests to other hosts are errors), no page scrolls sideways, code, tables and formulas do not
scroll on a desktop, and the search box finds an estimator. The exit code is 0 without faults, 1
with faults, and 2 if the browser or the site is missing.
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
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

WIDTHS = {"desktop": 1280, "phone": 390}
HEIGHT = 900
TIMEOUT = 30  # seconds
SEARCHED_NAME = "FusedGridSearchCV"

# Resolves when fonts and images are loaded and the formulas are typeset.
WAIT_UNTIL_READY = """
const done = arguments[0];
const images = [...document.images];
images.forEach(image => image.loading = "eager");
const loaded = images.map(image => image.complete || new Promise(resolve => {
    image.addEventListener("load", resolve); image.addEventListener("error", resolve);
}));
Promise.all([document.fonts.ready, window.MathJax?.startup?.promise, ...loaded]).then(() => done());
"""
READ_PAGE = """
const root = document.documentElement;
const text = document.querySelector("article") ?? document.body;
const scrolls = it => it !== text && it !== null
    && (/auto|scroll|hidden/.test(getComputedStyle(it).overflowX) || scrolls(it.parentElement));
const tables = ".pst-scrollable-table-container";
const blocks = text.querySelectorAll(`pre, div.math mjx-container, ${tables}`);
const isCut = it => it.offsetParent && !scrolls(it)
    && it.getBoundingClientRect().right > root.clientWidth + 1;
return {
    links: [...document.querySelectorAll("a[href]")].map(link => link.href),
    names: [...document.querySelectorAll("[id], a[name]")].map(it => it.id || it.name),
    images: document.images.length,
    missing: [...document.images].filter(image => !image.naturalWidth).map(image => image.src),
    width: root.scrollWidth, window_width: root.clientWidth,
    cut: [...text.querySelectorAll("*")].filter(isCut).map(it => it.textContent.slice(0, 60)),
    scrolling: [...blocks].filter(it => it.scrollWidth > it.clientWidth + 1)
        .map(it => it.textContent.trim().slice(0, 60)),
    height: Math.max(root.scrollHeight, document.body.scrollHeight),
};
"""


class QuietHandler(SimpleHTTPRequestHandler):
    """Serve files without logging requests."""

    def log_message(self, format, *args):
        """Log nothing."""


@contextmanager
def serve(folder):
    """Serve a folder on this machine and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@contextmanager
def start_browser(chromium, driver):
    """Start headless Chromium without access to other hosts, and yield its driver."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    # A container's root has no sandbox, and often little shared memory.
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{argument}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options, webdriver.ChromeService(driver))
    chrome.set_script_timeout(TIMEOUT)
    try:
        yield chrome
    finally:
        chrome.quit()


def set_size(chrome, width, height=HEIGHT):
    """Set the size of the page; the window itself cannot be as narrow as a phone."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def read_page(chrome, address):
    """Return the links, names and images of a page, and its faults."""
    chrome.get(address)
    faults = []
    try:
        chrome.execute_async_script(WAIT_UNTIL_READY)
    except TimeoutException:
        faults.append(f"is not loaded after {TIMEOUT} seconds")
    page = chrome.execute_script(READ_PAGE)
    faults += [f"the image {image} does not load" for image in page["missing"]]
    for entry in chrome.get_log("browser"):
        if entry["level"] == "SEVERE":
            faults.append(f"error in the console: {entry['message']}")
    if page["width"] > page["window_width"]:
        faults.append(f"scrolls sideways: {page['width']} pixels wide")
    faults += [f"exceeds the page: {text!r}" for text in page["cut"][:3]]
    return page, faults


def save_screenshot(chrome, width, height, path):
    """Save an image of the whole page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    set_size(chrome, width, max(height, HEIGHT))
    chrome.save_screenshot(str(path))
    set_size(chrome, width)


def find_broken_links(pages, folder, site):
    """Yield page and fault for each link within the site whose page or anchor is missing."""
    for name, page in pages.items():
        for link in sorted(set(page["links"])):
            address, anchor = urldefrag(link)
            if not address.startswith(site):
                continue
            target = unquote(address.removeprefix(site).partition("?")[0]) or "index.html"
            if not (folder / target).is_file():
                yield name, f"links to {target}, which does not exist"
            elif anchor and target in pages and unquote(anchor) not in pages[target]["names"]:
                yield name, f"links to {target}#{anchor}, an anchor that does not exist"


def check_search_box(chrome, site):
    """Return the faults of the search box."""
    try:
        found = search(chrome, site, SEARCHED_NAME)
    except WebDriverException as error:
        return [f"the search box fails with {type(error).__name__}"]
    if any(f".{SEARCHED_NAME}.html" in address for address in found):
        return []
    return [f"the search box finds {found} for {SEARCHED_NAME}"]


def search(chrome, site, text):
    """Return the addresses that the search box finds."""
    set_size(chrome, WIDTHS["desktop"])
    chrome.get(site)
    wait = WebDriverWait(chrome, TIMEOUT)
    chrome.find_element(By.CSS_SELECTOR, ".search-button").click()
    field = wait.until(
        lambda c: next(filter(WebElement.is_displayed, c.find_elements(By.NAME, "q")), None)
    )
    field.send_keys(text)
    field.submit()
    summary = (By.CSS_SELECTOR, ".search-summary")  # written when the search has ended
    wait.until(lambda c: any(it.text for it in c.find_elements(*summary)))
    links = chrome.find_elements(By.CSS_SELECTOR, "#search-results li a")
    return [link.get_attribute("href") for link in links]


def check(folder, chrome, site, screenshots):
    """Return the faults of the site, and a summary of what was checked."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    names = [name for name in names if not name.startswith("_static/")]
    pages, faults = {}, []
    for kind, width in WIDTHS.items():
        set_size(chrome, width)
        for name in names:
            page, page_faults = read_page(chrome, site + name)
            if kind == "desktop":
                page_faults += [f"wider than its column: {text!r}" for text in page["scrolling"]]
            faults += [f"{name}, {kind}: {fault}" for fault in page_faults]
            pages.setdefault(name, page)
            if screenshots:
                path = screenshots / kind / Path(name).with_suffix(".png")
                save_screenshot(chrome, width, page["height"], path)
    faults += [f"{name}: {fault}" for name, fault in find_broken_links(pages, folder, site)]
    faults += check_search_box(chrome, site)
    n_links, n_images = (
        sum(len(page["links"]) for page in pages.values()),
        sum(page["images"] for page in pages.values()),
    )
    summary = f"{len(pages)} pages, {n_links} links, {n_images} images, {len(WIDTHS)} widths"
    return faults, summary


def main():
    """Check the site in the folder from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    built = Path(__file__).parent / "_build" / "html"
    parser.add_argument("folder", nargs="?", type=Path, default=built, help="the built site")
    parser.add_argument(
        "--screenshots", type=Path, metavar="DIR", help="save an image of every page"
    )
    options = parser.parse_args()
    if not (options.folder / "index.html").is_file():
        parser.error(f"no site in {options.folder}: build it first")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        parser.error("Chromium or its driver is missing: apt-get install chromium chromium-driver")
    with serve(options.folder) as site, start_browser(chromium, driver) as chrome:
        faults, summary = check(options.folder, chrome, site, options.screenshots)
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{summary}: {len(faults)} faults" if faults else f"{summary}: no faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
