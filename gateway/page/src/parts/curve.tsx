// The mood along the text: valence and arousal as two lines, with names at the peaks. A click goes there.

import { curveMonotoneX, line } from "d3-shape";
import { computed } from "@preact/signals";
import type { Cue } from "../contract";
import * as state from "../state";
import { clock, moodOf } from "../words";

const WIDTH = 1000;
const HEIGHT = 100;
/** Peaks nearer to each other than this share of the text would write over each other. */
const APART = 0.11;
const MOST_PEAKS = 8;

interface Point {
  at: number; // share of the text, 0 to 1
  valence: number;
  arousal: number;
}

const points = computed<Point[]>(() => {
  const characters = state.characters.value || 1;
  const found = state.cues.value.flatMap((cue) =>
    cue.passage.curve.map(({ start, vad }) => ({ at: Number(start) / characters, valence: vad.valence, arousal: vad.arousal })),
  );
  const last = state.cues.value.at(-1);
  // the last sentence has its mood to its end
  return last && found.length ? [...found, { ...found.at(-1)!, at: Number(last.passage.end) / characters }] : found;
});

/** Share of the text at which a cue's passage starts. */
const startOf = (cue: Cue) => Number(cue.passage.start) / (state.characters.value || 1);
const middleOf = (cue: Cue) => (Number(cue.passage.start) + Number(cue.passage.end)) / 2 / (state.characters.value || 1);

interface Peak {
  cue: Cue;
  at: number;
}

/** Passages that stand out of those around them, the farthest first, and far enough from each other to be named. */
const peaks = computed<Peak[]>(() => {
  const cues = state.cues.value;
  if (!cues.length) return [];
  const mean = (axis: "valence" | "arousal") => cues.reduce((sum, cue) => sum + cue.passage.text.vad[axis], 0) / cues.length;
  const [valence, arousal] = [mean("valence"), mean("arousal")];
  const farness = ({ passage: { text } }: Cue) => Math.hypot(text.vad.valence - valence, text.vad.arousal - arousal);
  const found: Peak[] = [];
  for (const cue of [...cues].sort((a, b) => farness(b) - farness(a))) {
    const at = middleOf(cue);
    if (found.length < MOST_PEAKS && found.every((peak) => Math.abs(peak.at - at) >= APART)) found.push({ cue, at });
  }
  return found;
});

/** The least and the most that is drawn: of the whole scale, texts take the middle. */
const range = computed<[number, number]>(() => {
  let [least, most] = [0.4, 0.6];
  for (const { valence, arousal } of points.value) {
    least = Math.min(least, valence, arousal);
    most = Math.max(most, valence, arousal);
  }
  const margin = 0.08 * (most - least);
  return [least - margin, most + margin];
});

const path = (of: "valence" | "arousal") =>
  computed(
    () =>
      line<Point>()
        .x((point) => WIDTH * point.at)
        .y((point) => (HEIGHT * (range.value[1] - point[of])) / (range.value[1] - range.value[0]))
        .curve(curveMonotoneX)(points.value) ?? "",
  );
const valencePath = path("valence");
const arousalPath = path("arousal");

function passageAt(share: number): number {
  const cues = state.cues.value;
  const after = cues.findIndex((cue) => startOf(cue) > share);
  return after < 0 ? cues.length - 1 : Math.max(0, after - 1);
}

/** Arrows go from passage to passage. */
function step(event: KeyboardEvent): void {
  const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  state.go(state.current.value + by);
}

export function Curve() {
  const now = state.cue.value;
  const cues = state.cues.value;
  const from = now ? startOf(now) : 0;
  const till = now ? Number(now.passage.end) / (state.characters.value || 1) : 0;
  return (
    <section class="curve" aria-label="Mood along the text">
      <div
        class="plot"
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          state.go(passageAt((event.clientX - box.left) / box.width));
        }}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <rect class="here" x={WIDTH * from} y={0} width={Math.max(2, WIDTH * (till - from))} height={HEIGHT} />
          <path class="valence" d={valencePath} />
          <path class="arousal" d={arousalPath} />
        </svg>
        {peaks.value.map(({ cue, at }) => (
          <span class="peak" style={{ left: `${Math.min(95, Math.max(5, 100 * at))}%` }} aria-hidden="true">
            {moodOf(cue)}
          </span>
        ))}
      </div>
      <input
        class="place"
        type="range"
        aria-label="Place in the text"
        aria-valuetext={now ? `Passage ${now.number + 1} of ${cues.length}, ${moodOf(now)}` : "nothing yet"}
        min={0}
        max={1}
        step="any"
        value={from}
        disabled={cues.length < 2}
        onInput={(event) => state.go(passageAt(Number(event.currentTarget.value)))}
        onKeyDown={step}
      />
      <div class="legend">
        <span class="valence">pleasant</span>
        <span class="arousal">excited</span>
        <span>
          {clock(state.follow.value === "pace" ? state.moment.value : (now?.startSeconds ?? 0))} / {clock(state.duration.value)}
        </span>
      </div>
    </section>
  );
}
