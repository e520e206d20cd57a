// The text itself. Passages are marked within its own paragraphs, and the one being read is highlighted.

import { computed, effect } from "@preact/signals";
import { memo } from "preact/compat";
import { useEffect, useMemo } from "preact/hooks";
import type { Cue } from "../contract";
import * as state from "../state";
import { isHardWrapped, paragraphs, type Paragraph } from "../text";
import { moodOf } from "../words";

/** Where on the screen one reads, as a share of its height from the top. */
const READING_LINE = 0.38;

interface Span {
  start: number; // UTF-16 units
  end: number;
  cue: Cue;
}

const spans = computed<Span[]>(() => {
  const units = state.positions.value;
  return state.cues.value.map((cue) => ({ start: units.unit(Number(cue.passage.start)), end: units.unit(Number(cue.passage.end)), cue }));
});

export function Prose() {
  const text = state.text.value;
  const layout = useMemo(() => paragraphs(text), [text]);
  const wrapped = useMemo(() => isHardWrapped(text), [text]);
  useEffect(() => followScroll(), []);
  useEffect(() => effect(showCurrent), []);
  useEffect(() => effect(keepUp), []);
  const all = spans.value;
  let first = 0;
  return (
    <article class={wrapped ? "prose wrapped" : "prose"} lang="">
      {layout.map((paragraph) => {
        while (first < all.length && all[first]!.end <= paragraph.start) first++;
        const mine: Span[] = [];
        for (let i = first; i < all.length && all[i]!.start < paragraph.end; i++) mine.push(all[i]!);
        return <Block key={paragraph.start} paragraph={paragraph} spans={mine} text={text} />;
      })}
    </article>
  );
}

const same = (a: Span[], b: Span[]) => a.length === b.length && a.every((span, i) => span.start === b[i]!.start && span.end === b[i]!.end && span.cue.number === b[i]!.cue.number);

const Block = memo(
  function Block({ paragraph, spans, text }: { paragraph: Paragraph; spans: Span[]; text: string }) {
    const parts = [];
    let at = paragraph.start;
    for (const span of spans) {
      const end = Math.min(span.end, paragraph.end);
      if (span.start > at) parts.push(text.slice(at, span.start));
      at = Math.max(at, span.start);
      parts.push(<Marked cue={span.cue} begins={span.start >= paragraph.start} words={text.slice(at, end)} />);
      at = end;
    }
    if (at < paragraph.end) parts.push(text.slice(at, paragraph.end));
    // `unicode-bidi: plaintext` would do as `dir`; Chromium then takes time that is quadratic in a paragraph's lines
    return paragraph.heading ? <h2 dir="auto">{parts}</h2> : <p dir="auto">{parts}</p>;
  },
  (before, after) => before.paragraph === after.paragraph && before.text === after.text && same(before.spans, after.spans),
);

function Marked({ cue, begins, words }: { cue: Cue; begins: boolean; words: string }) {
  const number = cue.number;
  const isCurrent = useMemo(() => computed(() => (state.current.value === number ? "passage current" : "passage")), [number]);
  return (
    <span class={isCurrent} data-cue={number}>
      {begins && (
        <button type="button" class="mark" onClick={() => state.go(number)} aria-label={`Passage ${number + 1}, ${moodOf(cue)}: go to it`}>
          ♪
        </button>
      )}
      {words}
    </span>
  );
}

let scrolling = 0; // until when the page itself scrolls, which isn't the reader's doing

/** Bring the current passage into view, where it isn't. */
function showCurrent(): void {
  const number = state.current.value;
  const element = document.querySelector(`[data-cue="${number}"]`);
  if (!element) return;
  const { top } = element.getBoundingClientRect();
  const height = window.innerHeight;
  const isRead = passageAt() === number;
  if (isRead || (state.follow.value === "pace" && top > 0.15 * height && top < 0.6 * height)) return;
  scrollBy(top - (READING_LINE - 0.06) * height);
}

/** At a pace, keep the line that is read in sight within a passage, too, if it is taller than the screen. */
function keepUp(): void {
  const [moment, cue] = [state.moment.value, state.cue.value];
  if (!cue || state.follow.value !== "pace" || !state.running.value || performance.now() < scrolling) return;
  const parts = document.querySelectorAll(`[data-cue="${cue.number}"]`);
  if (!parts.length) return;
  const top = parts[0]!.getBoundingClientRect().top;
  const bottom = parts[parts.length - 1]!.getBoundingClientRect().bottom;
  const read = top + ((bottom - top) * (moment - cue.startSeconds)) / (cue.durationSeconds || 1);
  if (read > 0.7 * window.innerHeight) scrollBy(read - READING_LINE * window.innerHeight);
}

function scrollBy(distance: number): void {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrolling = performance.now() + (calm ? 200 : 1200);
  window.scrollTo({ top: window.scrollY + distance, behavior: calm ? "auto" : "smooth" });
}

function followScroll(): () => void {
  let asked = 0;
  const look = () => {
    asked = 0;
    if (performance.now() < scrolling) return;
    const number = passageAt();
    if (number !== null && number !== state.current.value) state.go(number);
  };
  const onScroll = () => {
    if (!asked) asked = window.setTimeout(look, 120);
  };
  window.addEventListener("scroll", onScroll, { passive: true });
  return () => window.removeEventListener("scroll", onScroll);
}

/** Number of the passage at the reading line; the first or last where the text ends before it. */
function passageAt(): number | null {
  const line = READING_LINE * window.innerHeight;
  const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 4;
  const marked = document.querySelectorAll<HTMLElement>("[data-cue]");
  if (!marked.length) return null;
  if (window.scrollY < 4) return 0;
  if (atEnd) return Number(marked[marked.length - 1]!.dataset.cue);
  // the last that starts above the line: they stand in the order of the text
  let low = 0;
  let high = marked.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (marked[middle]!.getBoundingClientRect().top <= line) low = middle;
    else high = middle - 1;
  }
  return Number(marked[low]!.dataset.cue);
}
