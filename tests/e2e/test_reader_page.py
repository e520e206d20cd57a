"""The reader's page in Chromium: a text is pasted, composed, followed, and heard.

Music is of two kinds: generated tones at addresses of their own, which the browser really plays, and
YouTube's clips, for which a stand-in answers in place of YouTube's script and notes what it is told.
"""

import re
import shutil
import textwrap
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, expect, sync_playwright

from ambiance.affect import FACETS
from ambiance.client import Client
from ambiance.clip_input import ClipInput
from ambiance.soundtrack_results import Cue
from pages import Reading, serving_page
from tones import GONE, tones

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None:
    pytest.skip("needs Debian's package chromium", allow_module_level=True)

# Without these it asks its makers' servers at every start.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
]
expect.set_options(timeout=20_000)
STAND_IN = (Path(__file__).parents[1] / "youtube_stand_in.js").read_text(encoding="utf-8")

GRIEF = (
    "They buried my father on a grey morning. My mother could not stop weeping. I held her cold hand "
    "and there was nothing left to say. The house was empty when we came home, and I cried until the "
    "night came. His coat still hung behind the door. I put my face into it and wept for him, and for "
    "all that I had never told him, and no one came. In the morning the grief was there before I "
    "woke, heavy as a stone on my heart."
)
JOY = (
    "And then the band struck up and everybody danced! We laughed, we sang, we threw our hats into "
    "the air. It was the happiest day of that summer, and the children ran shrieking with delight "
    "through the crowd. Grandmother danced with the mayor, the barrels were rolled out, and the cake "
    "was as tall as a man! Nobody wanted to go home. We cheered for the bride, we cheered for the "
    "cook, and we were so happy that it hurt."
)
FEAR = (
    "Something moved in the dark cellar. I froze on the stairs. A cold breath touched my neck, and "
    "slowly, behind me, the door began to close by itself. I was too terrified to scream, and the "
    "steps came nearer. The candle went out. In the blackness something scratched along the wall, "
    "closer and closer, and I knew that it had no face, and that it had been waiting for me. A hand, "
    "cold as the grave, closed on my wrist."
)
INSTRUMENTAL = {"vocal": 0.1, "speech": 0.1, "low_quality": 0.1}
STORY = f"{GRIEF}\n\n{JOY}\n\n{FEAR}"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    with ExitStack() as stack:
        yield stack.enter_context(serving_page(tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def tone_address() -> Iterator[str]:
    with tones() as address:
        yield address


@pytest.fixture(scope="module")
def songs(serving: Reading, tone_address: str) -> str:
    """An index of tones, three for each facet."""
    with Client(serving.target, music_target=serving.target) as client:
        client.create_index("tones")
        client.upsert_clips(tone_clips(tone_address), index="tones")
    return "tones"


def tone_clips(address: str, gone: Collection[str] = ()) -> list[ClipInput]:
    """For each facet three tones, of which some are gone."""
    clips = []
    for i, facet in enumerate(FACETS):
        for j in range(3):
            clip_id = f"{facet}-{j}"
            path = f"{GONE}-{facet}" if clip_id in gone else f"{200 + 40 * i + 10 * j}.wav"
            scores = {name: 0.9 - 0.01 * j if name == facet else 0.05 for name in FACETS}
            named = {"title": f"{facet} {j}", "artist": "Nobody", "uri": f"{address}/{path}"}
            clips.append(ClipInput(clip_id, facets=scores, traits=INSTRUMENTAL, **named))
    return clips


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, serving: Reading) -> Iterator[Page]:
    """A new visitor's page, which must not write an error to its console."""
    context = browser.new_context(base_url=serving.address, viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), list[str]()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if _is_error(message) else None)
    page.set_default_timeout(20_000)
    yield page
    context.close()
    assert not said


def _is_error(message: ConsoleMessage) -> bool:
    """Chromium also tells of every answer that isn't 200, which tests bring about."""
    return message.type == "error" and "Failed to load resource" not in message.text


def compose(page: Page, text: str, *, at: str = "/") -> None:
    page.goto(at)
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Compose and read").click()
    expect(page.locator("[data-cue]").first).to_be_visible()
    expect(page.get_by_text("Composing")).to_have_count(0)


def open_settings(page: Page) -> None:
    page.goto("/")
    page.get_by_text("Pace, mood, memory").click()


def until(page: Page, condition: str) -> None:
    """Wait until JavaScript holds. Playwright's own wait evaluates strings, as the page forbids."""
    end = monotonic() + 20
    while not page.evaluate(condition):
        assert monotonic() < end, f"never held: {condition}"
        page.wait_for_timeout(30)


def sounding(page: Page) -> list[str]:
    """Titles are in the panel; these are the addresses that audio elements play, louder than nothing."""
    addresses: list[str] = page.evaluate(
        "Array.from(window.voices ?? []).filter(v => !v.paused && v.volume > 0.05).map(v => v.currentSrc)"
    )
    return addresses


# The page makes audio elements that aren't in the document.
NOTE_VOICES = """
  window.voices = new Set();
  const make = document.createElement.bind(document);
  document.createElement = (name, ...rest) => {
    const element = make(name, ...rest);
    if (name === "audio") window.voices.add(element);
    return element;
  };
"""


# The network fails once a soundtrack has begun.
BREAK_OFF = """
  const ask = window.fetch;
  window.fetch = async (path, init) => {
    const reply = await ask(path, init);
    if (!String(path).includes("soundtrack")) return reply;
    const from = reply.body.getReader();
    let count = 0;
    const pull = async (to) => {
      const { value } = await from.read();
      if (count++) to.error(new TypeError("network error"));
      else to.enqueue(value);
    };
    return new Response(new ReadableStream({ pull }), { status: 200 });
  };
"""


def test_music_follows_the_text_and_fades_from_clip_to_clip(page: Page, songs: str) -> None:
    page.add_init_script(NOTE_VOICES)
    compose(page, STORY, at=f"/?index={songs}")
    expect(page.locator(".passage.current")).to_contain_text("They buried my father")
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "[...(window.voices ?? [])].some(v => !v.paused && v.currentTime > 0.3)")
    first = page.locator(".now .title").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".passage.current")).to_contain_text("danced")
    expect(page.locator(".now .title")).not_to_have_text(first)
    # for a moment both are heard, then the second alone
    until(page, "[...(window.voices ?? [])].filter(v => !v.paused && v.volume > 0.05).length === 2")
    until(page, "[...(window.voices ?? [])].filter(v => !v.paused).length === 1")
    assert len(sounding(page)) == 1


def test_a_clip_that_is_gone_gives_way_to_the_next_best_and_is_reported(
    page: Page, serving: Reading, tone_address: str
) -> None:
    page.add_init_script(NOTE_VOICES)
    with Client(serving.target, music_target=serving.target) as client:
        client.create_index("going")
        client.upsert_clips(tone_clips(tone_address), index="going")
        parts = client.compose_soundtrack(STORY, index="going")
        chosen = [part.clip.clip.id for part in parts if isinstance(part, Cue) and part.clip]
        client.upsert_clips(tone_clips(tone_address, chosen), index="going")
        compose(page, STORY, at="/?index=going")
        page.get_by_role("button", name="Play", exact=True).click()
        for _ in range(3):
            until(page, "[...(window.voices ?? [])].some(v => !v.paused && v.currentTime > 0.3)")
            page.keyboard.press("ArrowRight")
            page.wait_for_timeout(1_500)
        reported = [each.id for each in client.get_clips(chosen, index="going") if not each.available]
    assert reported
    assert all(GONE not in address for address in sounding(page))


def test_youtube_is_asked_for_nothing_before_the_reader_agrees(page: Page) -> None:
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.url) if _is_foreign(request) else None)
    page.route("https://www.youtube.com/**", _answer)
    compose(page, STORY)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(500)
    assert not asked
    page.get_by_role("button", name="Allow YouTube").click()
    until(page, "window.told?.some(each => each.loaded)")
    loaded = page.evaluate("window.told.find(each => each.loaded).loaded")
    assert loaded["videoId"]
    assert loaded["startSeconds"] >= 0
    assert [url for url in asked if "youtube" in url]


def test_a_video_that_may_not_be_embedded_gives_way(page: Page) -> None:
    page.route("https://www.youtube.com/**", _answer_with_one_failure)
    compose(page, STORY)
    first = page.locator(".now .title").inner_text()
    page.get_by_role("button", name="Allow YouTube").click()
    until(page, "window.told?.filter(each => each.loaded).length >= 2")
    expect(page.locator(".now .title")).not_to_have_text(first)


def test_who_changes_clips_quickly_hears_the_last_alone(page: Page) -> None:
    """Of each voice there is one player, and a voice that fades out may be needed again before it has."""
    page.route("https://www.youtube.com/**", _answer_slowly)
    compose(page, STORY)
    page.get_by_role("button", name="Allow YouTube").click()
    for key in ("a", "ArrowRight", "a", "ArrowLeft"):
        page.keyboard.press(key)
    until(page, "window.told?.some(each => each.loaded)")
    page.wait_for_timeout(2_200)
    page.keyboard.press("a")
    page.wait_for_timeout(1_200)  # the voice before fades out for another 0.7 seconds
    page.keyboard.press("a")
    page.wait_for_timeout(1_500)
    assert page.locator(".screens iframe").count() <= 2
    told = page.evaluate("window.told")
    last = max(i for i, each in enumerate(told) if "loaded" in each)
    player = told[last]["player"]
    assert not [each for each in told[last:] if "stopped" in each and each["player"] == player]
    assert page.locator(".notice").count() == 0


def test_offline_it_says_so_and_one_reads_on(page: Page) -> None:
    compose(page, STORY)
    page.route("https://www.youtube.com/**", lambda route: route.abort())
    page.context.set_offline(True)
    expect(page.locator(".notice")).to_contain_text("no network")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".passage.current")).to_contain_text("danced")
    page.get_by_role("button", name="Allow YouTube").click()
    expect(page.locator(".notice")).to_contain_text("Read on")
    page.context.set_offline(False)


def test_the_keyboard_alone_does_everything(page: Page, songs: str) -> None:
    page.goto(f"/?index={songs}")
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.insert_text(STORY)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Compose and read":
            break
    page.keyboard.press("Enter")
    expect(page.locator("[data-cue]").first).to_be_visible()
    expect(page.get_by_text("Composing")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".passage.current")).to_contain_text("danced")
    before = page.locator(".now .title").inner_text()
    page.keyboard.press("a")
    expect(page.locator(".now .title")).not_to_have_text(before)
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Unmute")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_a_clip_fades_into_itself_while_its_passage_lasts(
    page: Page, serving: Reading, tone_address: str
) -> None:
    with Client(serving.target, music_target=serving.target) as client:
        client.create_index("short")
        scores = {name: 0.9 if name == "sad" else 0.05 for name in FACETS}
        ends = {"end_seconds": 5.0, "uri": f"{tone_address}/300.wav"}
        client.upsert_clips([ClipInput("one", facets=scores, traits=INSTRUMENTAL, **ends)], index="short")
    page.add_init_script(NOTE_VOICES)
    compose(page, GRIEF, at="/?index=short")
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "[...(window.voices ?? [])].some(v => !v.paused && v.currentTime > 1)")
    until(page, "[...(window.voices ?? [])].filter(v => !v.paused && v.volume > 0.05).length === 2")
    until(page, "[...(window.voices ?? [])].filter(v => !v.paused).length === 1")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(3_000)
    assert sounding(page) == []


def test_another_goes_round_all_that_fit(page: Page, songs: str) -> None:
    compose(page, STORY, at=f"/?index={songs}")
    heard = list[str]()
    for _ in range(4):
        heard.append(page.locator(".now .title").inner_text())
        page.keyboard.press("a")
        expect(page.locator(".now .title")).not_to_have_text(heard[-1])
    assert len(set(heard)) == 3
    assert heard[3] == heard[0]


def test_a_phone_shows_what_must_be_seen_and_asks_before_it_plays(browser: Browser, serving: Reading) -> None:
    context = browser.new_context(base_url=serving.address, viewport={"width": 375, "height": 700})
    page = context.new_page()
    compose(page, f"I can't go on. Tonight I am going to kill myself. {GRIEF}")
    expect(page.get_by_role("note")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Allow YouTube")).to_be_hidden()
    strip = page.locator(".strip")
    expect(strip).to_have_text(page.locator(".now .title").text_content() or "")
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Allow YouTube")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    page.route("https://www.youtube.com/**", _answer)
    page.get_by_role("button", name="Allow YouTube").click()
    # closed again, it shows the video, as YouTube's terms ask, and what becomes of the music
    expect(page.locator(".now")).to_be_hidden()
    expect(page.locator(".screens iframe").first).to_be_in_viewport()
    context.set_offline(True)
    expect(strip).to_contain_text("no network")
    context.close()


def test_play_leads_to_the_question_that_stands_before_it(page: Page) -> None:
    compose(page, STORY)
    page.get_by_role("button", name="Play", exact=True).click()
    expect(page.get_by_role("button", name="Allow YouTube")).to_be_focused()


WRAPPED = textwrap.fill(GRIEF, 72)
VERSE = "\n".join(sentence for sentence in GRIEF.replace(", ", ".").split("."))


@pytest.mark.parametrize(("text", "wrapped"), [(WRAPPED, True), (VERSE, False)])
def test_lines_that_were_broken_to_fit_a_page_run_on(
    page: Page, songs: str, text: str, wrapped: bool
) -> None:
    compose(page, text, at=f"/?index={songs}")
    lines = "getComputedStyle(document.querySelector('.prose p')).whiteSpaceCollapse"
    assert page.evaluate(lines) == ("collapse" if wrapped else "preserve-breaks")


def test_back_leads_to_the_text_that_was_read(page: Page, songs: str) -> None:
    compose(page, STORY, at=f"/?index={songs}")
    page.go_back()
    expect(page.get_by_label("Text", exact=True)).to_have_value(STORY)
    page.get_by_role("button", name="Compose and read").click()
    page.get_by_role("button", name="Another text").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value(STORY)


def test_less_like_this_composes_the_rest_anew(page: Page, songs: str) -> None:
    compose(page, STORY, at=f"/?index={songs}")
    page.keyboard.press("ArrowRight")
    before = page.locator(".now .title").inner_text()
    with page.expect_request("**/v1/soundtrack") as asked:
        page.get_by_role("button", name="Less like this").click()
    sent = asked.value.post_data_json or {}
    assert len(sent["decisions"]) == 1
    assert len(sent["options"]["filter"]["withoutClipIds"]) == 1
    expect(page.locator(".now .title")).not_to_have_text(before)


def test_whatever_a_text_holds_is_shown_as_text(page: Page, songs: str) -> None:
    evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> <b>We wept at the grave.</b> '
    compose(page, evil + GRIEF, at=f"/?index={songs}")
    expect(page.locator("#prose")).to_contain_text('<img src=x onerror="window.pwned=1">')
    assert page.evaluate("window.pwned") is None
    assert page.locator("#prose img").count() == 0


def test_an_address_that_is_none_is_no_fault_of_the_page(page: Page, serving: Reading) -> None:
    with Client(serving.target, music_target=serving.target) as client:
        client.create_index("broken")
        scores = dict.fromkeys(FACETS, 0.5)
        addresses = ["http://[", "javascript:window.pwned=1", "https://%zz/x.mp3"]
        named = [{"title": "<b>Song</b>", "artist": "<img src=x>", "uri": each} for each in addresses]
        clips = [
            ClipInput(f"broken-{i}", facets=scores, traits=INSTRUMENTAL, **each)
            for i, each in enumerate(named)
        ]
        client.upsert_clips(clips, index="broken")
    compose(page, STORY, at="/?index=broken")
    expect(page.locator(".now .title")).to_have_text("<b>Song</b>, <img src=x>")
    for key in (" ", "a", "a"):
        page.keyboard.press(key)
    assert page.locator("a[href^='javascript:']").count() == 0
    assert page.evaluate("window.pwned") is None


@pytest.mark.parametrize(
    "kept",
    [
        "localStorage.setItem('ambiance', '{}')",
        """localStorage.setItem('ambiance', '{"pace": "x", "heard": [null], "disliked": 5, "volume": 9}')""",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })",
    ],
)
def test_a_memory_that_cannot_be_read_counts_as_none(page: Page, kept: str) -> None:
    page.add_init_script(kept)
    compose(page, STORY)
    expect(page.locator(".now .title")).not_to_be_empty()


def test_a_browser_that_keeps_nothing_is_told_of(page: Page) -> None:
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full') }")
    open_settings(page)
    page.get_by_label("Remember").click()
    expect(page.get_by_role("alert")).to_contain_text("remembers nothing")
    expect(page.get_by_label("Remember")).not_to_be_checked()


def test_a_tab_that_remembers_nothing_leaves_what_another_does(page: Page) -> None:
    open_settings(page)
    with page.context.new_page() as other:
        open_settings(other)
        page.get_by_label("Remember").click()
        other.get_by_label("Singing").click()
    assert page.evaluate("JSON.parse(localStorage.getItem('ambiance')).pace") == 230


def test_tabs_remember_what_each_of_them_heard_and_disliked(page: Page, songs: str) -> None:
    def lists() -> list[int]:
        kept = "JSON.parse(localStorage.getItem('ambiance'))"
        counts: list[int] = page.evaluate(f"[{kept}.heard.length, {kept}.disliked.length]")
        return counts

    open_settings(page)
    page.get_by_label("Remember").click()
    with page.context.new_page() as other:
        for tab, passage in ((page, 0), (other, 1)):
            compose(tab, STORY, at=f"/?index={songs}")
            for _ in range(passage):
                tab.keyboard.press("ArrowRight")
            tab.get_by_role("button", name="Play", exact=True).click()
            expect(tab.locator(".heard summary")).to_be_visible()
            tab.get_by_role("button", name="Less like this").click()
        # each was asked for with what the other knew, and both know all
        until(page, "JSON.parse(localStorage.getItem('ambiance')).disliked.length === 2")
        heard = [re.findall(r"\d+", tab.locator(".heard summary").inner_text()) for tab in (page, other)]
        assert heard[0] == heard[1] == [str(lists()[0])]
        page.locator(".heard summary").click()
        page.get_by_role("button", name="Pause").click()
        other.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Forget all this").click()
        expect(other.locator(".heard")).to_have_count(0)
        assert lists() == [0, 0]
        # neither brings back what the other had forgotten
        other.keyboard.press("m")
        other.get_by_role("button", name="Less like this").click()
        expect(page.locator(".heard")).to_be_visible()
        assert lists() == [0, 1]


def test_a_tab_forgets_with_another(page: Page) -> None:
    open_settings(page)
    with page.context.new_page() as other:
        open_settings(other)
        page.get_by_label("Remember").click()
        expect(other.get_by_label("Remember")).to_be_checked()
        other.get_by_label("Remember").click()
        expect(page.get_by_label("Remember")).not_to_be_checked()
    page.get_by_label("Singing").click()
    assert page.evaluate("localStorage.getItem('ambiance')") is None


def test_each_paragraph_has_its_own_direction_and_an_endless_word_is_whole(page: Page, songs: str) -> None:
    hebrew, endless = "\u05d4\u05d5\u05d0 \u05d1\u05db\u05d4 \u05d1\u05dc\u05d9\u05dc\u05d4.", "a" * 20_000
    compose(page, f"{GRIEF}\n\n{hebrew}\n\n{endless}", at=f"/?index={songs}")
    assert page.evaluate(
        "[...document.querySelectorAll('.prose p')].map(p => getComputedStyle(p).direction)"
    ) == [
        "ltr",
        "rtl",
        "ltr",
    ]
    assert page.evaluate("document.querySelectorAll('.prose p')[2].textContent.replace('♪', '')") == endless
    # Chromium lays out `plaintext` in time that is quadratic in a block's lines: 30 s for a megabyte
    assert page.evaluate("getComputedStyle(document.querySelector('.prose p')).unicodeBidi") != "plaintext"


def test_a_stream_that_breaks_off_is_told_of(page: Page) -> None:
    page.add_init_script(BREAK_OFF)
    page.goto("/")
    page.get_by_label("Text", exact=True).fill(STORY)
    page.get_by_role("button", name="Compose and read").click()
    expect(page.get_by_role("alert")).to_contain_text("broke off")
    expect(page.get_by_text("Composing")).to_have_count(0)


def test_a_refusal_is_told_in_the_gateways_own_words(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Text", exact=True).fill("\x07 bell")
    page.get_by_role("button", name="Compose and read").click()
    expect(page.get_by_role("alert")).to_contain_text("control character")


def test_a_file_is_opened(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "story.txt"
    file.write_bytes("Ein Müller weint.".encode("utf-16"))
    page.goto("/")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_label("Text", exact=True)).to_have_value("Ein Müller weint.")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    browser: Browser, serving: Reading, width: int, scheme: str
) -> None:
    context = browser.new_context(
        base_url=serving.address,
        viewport={"width": width, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto("/")
    assert _violations(page) == []
    compose(page, STORY)
    if width < 500:
        page.get_by_role("button", name="More").click()
    assert _violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def _violations(page: Page) -> list[str]:
    return [each["id"] for each in Axe().run(page).response["violations"]]


def _is_foreign(request: Request) -> bool:
    return "127.0.0.1" not in request.url and not request.url.startswith("data:")


def _answer(route: Route) -> None:
    _stand_in(route)


def _answer_with_one_failure(route: Route) -> None:
    _stand_in(route, fails=150)


def _answer_slowly(route: Route) -> None:
    _stand_in(route, begins_ms=900)


def _stand_in(route: Route, *, fails: int = 0, begins_ms: int = 20) -> None:
    body = STAND_IN.replace("FAIL_FIRST", str(fails)).replace("BEGINS_MS", str(begins_ms))
    route.fulfill(body=body, content_type="text/javascript")
