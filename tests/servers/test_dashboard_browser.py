"""The page as a person meets it: in Chromium, with a mouse, a keyboard, a phone, in the dark."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

sys.path.append(str(Path(__file__).parents[1] / "pipelines"))

from page_ledger import TOKEN, key_of, page_of, write_ledger
from sample_ledger import a_run, ago, completed, launcher_beat

from batchio.ledger import Ledger

_WAIT_S = 30


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("no Chromium: install chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("headless=new", "disable-dev-shm-usage", "window-size=1280,900"):
        options.add_argument(f"--{argument}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # root may not have one
    with webdriver.Chrome(options, Service(driver)) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_ledger(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def pages(ledger: str) -> Iterator[dict[str, str]]:
    with page_of(ledger) as client:
        root, key = str(client.base_url).rstrip("/"), key_of(client)
        runs, unit = f"{root}/ledgers/{key}/runs", f"{root}/ledgers/{key}/units/radar?unit="
        yield {
            "runs": f"{root}/",
            "first": f"{runs}/first",
            "second": f"{runs}/second",
            "failed": f"{unit}cut-2",
            "pictured": f"{unit}pictured",
            "volumes": f"{root}/volumes",
            "comparison": f"{root}/compare?a={key}/first&b={key}/second",
            "unknown": f"{root}/nowhere",
        }


def colours(browser: WebDriver, scheme: str) -> str:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    script = "return getComputedStyle(document.body).backgroundColor"
    return str(browser.execute_script(script))


def complaints(browser: WebDriver) -> list[Any]:
    """What the console has to say, but for answers that are errors on purpose."""
    log: list[dict[str, Any]] = browser.get_log("browser")
    return [entry for entry in log if "404" not in entry["message"]]


def wait_for(browser: WebDriver, text: str) -> None:
    def shown(browser: WebDriver) -> bool:
        return text in browser.find_element(By.TAG_NAME, "main").text

    wait = WebDriverWait(browser, _WAIT_S, 0.2, [StaleElementReferenceException])
    wait.until(shown, f"{text!r} is not shown")


def test_no_page_makes_the_browser_complain(browser: WebDriver, pages: dict[str, str]) -> None:
    for url in pages.values():
        browser.get(url)
        assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    assert complaints(browser) == []


def test_nothing_is_wider_than_a_phone(browser: WebDriver, pages: dict[str, str]) -> None:
    phone = {"width": 360, "height": 780, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        for name, url in pages.items():
            browser.get(url)
            script = "return [document.documentElement.scrollWidth, innerWidth]"
            assert browser.execute_script(script) == [360, 360], name
            outside = browser.execute_script(
                "return [...document.querySelectorAll('.card *')].filter(e => !e.closest('.unseen')"
                " && !e.closest('thead') && e.getBoundingClientRect().right > innerWidth)"
                ".map(e => e.outerHTML.slice(0, 80))"
            )
            assert outside == [], name
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_is_dark_where_that_is_wished(browser: WebDriver, pages: dict[str, str]) -> None:
    browser.get(pages["runs"])
    assert colours(browser, "light") == "rgb(245, 246, 244)"
    assert colours(browser, "dark") == "rgb(18, 23, 26)"
    colours(browser, "light")


def test_pictures_are_seen(browser: WebDriver, pages: dict[str, str]) -> None:
    browser.get(pages["pictured"])
    width = "return document.querySelector('figure img').naturalWidth"
    WebDriverWait(browser, _WAIT_S).until(lambda b: b.execute_script(width) == 40)
    browser.get_log("browser")  # others are refused


def test_the_keyboard_reaches_all_in_the_order_of_the_page(
    browser: WebDriver, pages: dict[str, str]
) -> None:
    browser.get(pages["first"])
    reached = []
    for _ in range(14):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        element = browser.switch_to.active_element
        reached.append(element.get_attribute("name") or element.text.split("\n")[0])
        assert (
            browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
            != "none"
        )
    start = ["Skip to the content", "Headrace", "Runs", "Volumes", "Compare", "Runs"]
    assert reached[:6] == start
    assert reached[6:9] == ["121 completed", "4 failed", "2 incomplete"]
    assert reached[-3:] == ["status", "text", "Show"]


def test_the_skip_link_leads_to_the_content(browser: WebDriver, pages: dict[str, str]) -> None:
    browser.get(pages["runs"])
    browser.switch_to.active_element.send_keys(Keys.TAB)
    browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "content"


def test_every_field_and_table_has_a_name(browser: WebDriver, pages: dict[str, str]) -> None:
    unnamed = """
        const named = e => e.labels?.length || e.ariaLabel;
        return [
          ...[...document.querySelectorAll("input, select")].filter(e => !named(e)),
          ...[...document.querySelectorAll("table")].filter(e => !e.caption),
          ...[...document.querySelectorAll("th")].filter(e => !e.scope),
          ...[...document.querySelectorAll("img")].filter(e => !e.hasAttribute("alt")),
          ...[...document.querySelectorAll("progress")].filter(e => !named(e)),
        ].map(e => e.outerHTML)"""
    for url in pages.values():
        browser.get(url)
        assert browser.execute_script(unnamed) == []


def test_a_run_at_work_is_seen_without_reloading(browser: WebDriver, tmp_path: Path) -> None:
    run = a_run("live", started=ago(10))
    with page_of(write_ledger(tmp_path, units=1)) as client:
        browser.get(str(client.base_url))
        browser.execute_script("window.loaded = 'once'")
        with closing(Ledger(f"sqlite:///{tmp_path}/ledger.db")) as ledger:
            ledger.start_run(run)
            ledger.record(run, [completed("one")])
            counters = {"found": 5, "units": 5, "todo": 5, "discovered": 1}
            ledger.beat("live", run.host, [launcher_beat(**counters)])
            wait_for(browser, "20.0 %")
            link = browser.find_element(By.CSS_SELECTOR, "#live h2 a[href$='/runs/live']")
            browser.execute_script("arguments[0].focus()", link)
            ledger.record(run, [completed("two"), completed("three")])
            wait_for(browser, "60.0 %")
            focused = browser.switch_to.active_element.get_attribute("href")
            assert focused is not None
            assert focused.endswith("/runs/live")
            assert browser.execute_script("return window.loaded") == "once"
    wait_for(browser, "No contact with the server")
    browser.get_log("browser")  # it says so too


def test_without_scripts_the_page_is_whole(browser: WebDriver, pages: dict[str, str]) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages["first"])
        browser.find_element(By.NAME, "text").send_keys("cut-", Keys.ENTER)
        wait_for(browser, "has 3 bytes of 500")
        browser.find_element(By.LINK_TEXT, "cut-3").click()
        wait_for(browser, "Next action")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_token_is_given_once(browser: WebDriver, ledger: str) -> None:
    with page_of(ledger, token=TOKEN) as client:
        browser.get(str(client.base_url))
        field = browser.find_element(By.NAME, "token")
        field.send_keys("wrong", Keys.ENTER)
        wait_for(browser, "That is not the token.")
        browser.find_element(By.NAME, "token").send_keys(TOKEN, Keys.ENTER)
        wait_for(browser, "The latest runs")
        browser.find_element(By.LINK_TEXT, "Volumes").click()
        wait_for(browser, "Radar volumes")
    browser.get_log("browser")
