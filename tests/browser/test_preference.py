"""The page of a study in Chromium: three judges at once, keys, going on by the link, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from core.preference.judging import Judging
from core.preference.results import results_of
from core.preference.trials import DAMAGED, trials_of
from tests.browser.conftest import serve
from tests.browser.editor import Server
from tests.browser.test_accessibility import AXE
from tests.core.preference.studies import small_study

OPEN = ".sb-trial[data-open=true]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two methods on two clips: 2 pairs, 1 repeat and 2 traps for each judge."""
    place = tmp_path_factory.mktemp("study")
    small_study(place, clips=2)
    return place / "study"


@pytest.fixture(scope="module")
def study_server(folder: Path) -> Iterator[Server]:
    yield from serve("app.preference", [str(folder)], folder.parent)


class Judge:
    """One judge's tab."""

    def __init__(self, context: BrowserContext, server: Server, folder: Path) -> None:
        self.context, self.server, self.folder = context, server, folder
        self.complaints: list[str] = []
        self.expected: tuple[str, ...] = ()
        self.page: Page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error in the page: {error}"))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in self.expected):
            self.complaints.append(message.text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.complaints.append(f"leaves the machine: {request.url}")

    def go(self, query: str = "") -> Judge:
        self.page.goto(self.server.url + query)
        return self

    def begin(self) -> Judge:
        self.go()
        self.page.get_by_role("button", name="Begin", exact=True).click()
        return self

    @property
    def name(self) -> str:
        return self.page.url.partition("judge=")[2]

    def sides(self) -> tuple[str, str]:
        """Names of the methods that are shown now, by the number of answers."""
        judging = Judging(self.folder)
        trial = trials_of(judging.study, self.name)[len(judging.votes.of(self.name)) // 2]
        return trial.left, trial.right

    def answer(self, choose: Callable[[str, str], str]) -> None:
        """Answer one question with a key once that is possible, and wait until it is kept."""
        self.page.wait_for_selector(OPEN)
        answers = len(Judging(self.folder).votes.of(self.name))
        with self.page.expect_response("**/votes") as reply:
            self.page.keyboard.press({"left": "ArrowLeft", "right": "ArrowRight"}[choose(*self.sides())])
        assert reply.value.status == 200
        assert len(Judging(self.folder).votes.of(self.name)) == answers + 1

    @property
    def heading(self) -> str:
        return self.page.locator("h2:visible").inner_text()

    def until_asked(self, question: str) -> None:
        """The reply to an answer is here before the page has shown what comes next."""
        self.page.get_by_role("heading", name=question).wait_for()


@pytest.fixture
def open_judge(chromium: Browser, study_server: Server, folder: Path) -> Iterator[Callable[..., Judge]]:
    """Opens tabs; at the end none of them may have logged an error or asked another machine for anything."""
    judges: list[Judge] = []

    def open_tab(size: tuple[int, int] = (1440, 900)) -> Judge:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
        judges.append(Judge(context, study_server, folder))
        return judges[-1]

    yield open_tab
    for judge in judges:
        judge.context.close()
    complaints = [complaint for judge in judges for complaint in judge.complaints]
    assert not complaints, complaints


def prefers_a(left: str, right: str) -> str:
    """An attentive judge: method a, and nothing damaged."""
    rank = {"a": 0, "b": 1, DAMAGED: 2}
    return "left" if rank[left] < rank[right] else "right"


@pytest.mark.slow
def test_three_judges_at_once(open_judge, folder) -> None:
    """Two look, one always takes the left: ten answers each, turn by turn; the blind one is left out."""
    judges = [open_judge().begin() for _ in range(3)]
    choices = [prefers_a, prefers_a, lambda left, right: "left"]
    for _ in range(10):
        for judge, choose in zip(judges, choices, strict=True):
            judge.answer(choose)
    for judge in judges:
        judge.page.get_by_text("All 5 pairs are judged").wait_for()
    assert len({judge.name for judge in judges}) == 3
    judging = Judging(folder)
    votes = [vote for judge in judges for vote in judging.votes.of(judge.name)]
    assert len(votes) == 30
    results = results_of(judging.study, votes)
    assert [bool(judge.flagged) for judge in results.judges] == [False, False, True]
    for answers in results.answers:
        assert (answers.compared[0].share.wins, answers.compared[0].share.votes) == (4, 4)
    assert all(0 < vote.seconds < 600 for vote in votes)


# Pushes the right video ahead while both play; whether it is brought back before they begin again.
BROUGHT_BACK = """() => new Promise((resolve) => {
    const [left, right] = document.querySelectorAll('video');
    const start = left.currentTime;
    right.currentTime = start + 0.25;
    const look = () => {
        if (right.ended || left.currentTime < start) resolve(false);
        else if (Math.abs(right.currentTime - left.currentTime) * 12 < 1) resolve(true);
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})"""


# Resolves once neither video seeks, and what waited for that has run.
SEEKED = """() => new Promise((resolve) => {
    const look = () => {
        if ([...document.querySelectorAll('video')].some((one) => one.seeking)) requestAnimationFrame(look);
        else setTimeout(resolve);
    };
    requestAnimationFrame(look);
})"""


def test_both_videos_are_in_step_and_slow_motion_is_slow(open_judge) -> None:
    judge = open_judge().begin()
    page = judge.page
    page.wait_for_selector(OPEN)
    page.keyboard.press("s")
    assert page.evaluate("document.querySelector('video').playbackRate") == 0.25
    assert page.get_by_role("button", name="Slow motion").get_attribute("aria-pressed") == "true"
    page.keyboard.press("r")
    page.wait_for_function("document.querySelector('video').currentTime < 0.1")
    assert page.evaluate(BROUGHT_BACK)
    page.keyboard.press("s")
    assert page.evaluate("document.querySelector('video').playbackRate") == 1
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play").wait_for()
    assert page.evaluate("[...document.querySelectorAll('video')].every((one) => one.paused)")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Pause").wait_for()
    page.wait_for_function("[...document.querySelectorAll('video')].every((one) => one.currentTime > 0.2)")
    # Also while they are on their way back to the beginning.
    page.keyboard.press("r")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Play").wait_for()
    page.evaluate(SEEKED)
    assert page.evaluate("[...document.querySelectorAll('video')].every((one) => one.paused)")


def test_an_answer_needs_a_look_first_and_can_be_taken_back(open_judge, folder) -> None:
    judge = open_judge().begin()
    page = judge.page
    # Slow, so that the end is not there yet when the key comes.
    page.wait_for_function("!document.querySelector('video').paused")
    page.keyboard.press("r")
    page.keyboard.press("s")
    if page.locator(OPEN).count() == 0:
        assert page.get_by_role("button", name="Left").is_disabled()
    page.keyboard.press("s")
    judge.answer(prefers_a)
    judge.until_asked("Which is steadier?")
    page.keyboard.press("Backspace")
    judge.until_asked("Which looks more real?")
    assert Judging(folder).votes.of(judge.name) == []
    judge.answer(prefers_a)
    judge.answer(prefers_a)
    page.get_by_text("Pair 2 of 5").wait_for()
    page.wait_for_selector(OPEN)
    page.get_by_role("button", name="Take back").click()
    judge.until_asked("Which is steadier?")
    # Of the mouse: the button that was clicked does not keep the space bar.
    page.wait_for_selector(OPEN)
    page.get_by_role("button", name="Right").click()
    page.get_by_text("Pair 2 of 5").wait_for()
    assert [vote.choice for vote in Judging(folder).votes.of(judge.name)][1] == "right"


def test_a_judge_goes_on_by_the_link_in_another_browser(open_judge) -> None:
    judge = open_judge().begin()
    for _ in range(3):
        judge.answer(prefers_a)
    other = open_judge((1024, 768)).go(f"?judge={judge.name}")
    other.page.get_by_text("You have judged 1 of 5 pairs.").wait_for()
    other.page.get_by_role("button", name="Go on").click()
    other.until_asked("Which is steadier?")
    other.answer(prefers_a)
    # The first tab does not know yet: its answer is there already, and it goes on with what the server has.
    judge.expected = ("409",)
    judge.page.wait_for_selector(OPEN)
    judge.page.keyboard.press("ArrowLeft")
    judge.page.get_by_text("Pair 3 of 5").wait_for()
    # This browser knows the judge without the link, too.
    again = other.go()
    again.page.get_by_role("button", name="Go on").wait_for()
    first = judge.name
    again.page.get_by_role("button", name="Begin as someone else").click()
    again.page.get_by_text("Pair 1 of 5").wait_for()
    assert again.name != first


def test_a_wrong_link_and_a_lost_server_are_said(open_judge, folder) -> None:
    judge = open_judge()
    judge.expected = ("404", "Failed to load", "net::")
    judge.go("?judge=nobody")
    judge.page.get_by_text("This is not a link of a judge.").wait_for()
    judge.page.get_by_role("button", name="Begin anew").click()
    judge.page.wait_for_selector(OPEN)
    judge.context.set_offline(True)
    judge.page.keyboard.press("ArrowLeft")
    judge.page.get_by_text("The server cannot be reached.").wait_for()
    assert judge.heading == "Which looks more real?"
    judge.context.set_offline(False)
    judge.page.get_by_role("button", name="Try again").click()
    judge.until_asked("Which is steadier?")
    assert [vote.choice for vote in Judging(folder).votes.of(judge.name)] == ["left"]


@pytest.mark.parametrize("size", [(1440, 900), (1024, 768), (390, 700)])
def test_everything_is_on_the_screen(open_judge, size) -> None:
    judge = open_judge(size).begin()
    judge.page.wait_for_selector(OPEN)
    for name in ("Left", "Right", "Pause", "From the start", "Slow motion", "Take back"):
        box = judge.page.get_by_role("button", name=name, exact=False).first.bounding_box()
        assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0], name
        assert box["y"] >= 0 and box["y"] + box["height"] <= size[1], name
    widths = [
        one["width"]
        for one in judge.page.locator("video").evaluate_all("all => all.map(v => v.getBoundingClientRect().toJSON())")
    ]
    assert widths[0] == widths[1] > 0.4 * size[0] * min(1, (size[1] - 260) * 4 / size[0])


def test_axe_has_nothing_to_say(open_judge) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed")
    judge = open_judge().go()
    judge.page.get_by_role("button", name="Begin", exact=True).wait_for()
    for _ in range(2):
        judge.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = judge.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found] == []
        if judge.page.locator(OPEN).count() == 0:
            judge.page.get_by_role("button", name="Begin", exact=True).click()
            judge.page.wait_for_selector(OPEN)
