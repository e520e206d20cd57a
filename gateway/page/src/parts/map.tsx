// The library by mood: pleasant to the right, excited above. The passage and its clips stand in it.

import { useEffect, useRef } from "preact/hooks";
import type { Clip } from "../contract";
import * as state from "../state";
import { clipTitle } from "../words";

const SIZE = 240; // CSS pixels
const EDGE = 10;

/** What is drawn of both axes, 0 to 1: hardly a text or clip lies outside. */
const [LEAST, MOST] = [0.05, 0.95];

const place = (value: number) =>
  EDGE + (SIZE - 2 * EDGE) * Math.min(1, Math.max(0, (value - LEAST) / (MOST - LEAST)));

/** What a dot's colour says. */
const KINDS = [
  ["passage", "the passage"],
  ["chosen", "what plays"],
  ["other", "also fits"],
];

export function MoodMap() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const clips = state.library.value;
  useEffect(() => {
    const redraw = () => draw(canvas.current, clips);
    redraw();
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", redraw);
    return () => dark.removeEventListener("change", redraw);
  }, [clips]);
  const cue = state.cue.value;
  if (!clips.length) return null;
  const now = cue && state.chosen(cue);
  const others = cue ? state.others(cue) : [];
  return (
    <section class="map" aria-label="The library by mood">
      <h2>Library</h2>
      <div class="plane" style={{ width: `${SIZE}px`, height: `${SIZE}px` }}>
        <canvas ref={canvas} width={2 * SIZE} height={2 * SIZE} aria-hidden="true" />
        {cue && <Dot kind="passage" title="the passage" at={cue.passage.text.vad} />}
        {others.map(({ clip }) => (
          <Dot kind="other" title={clipTitle(clip)} at={clip.vad} onClick={() => state.replace(others.find((hit) => hit.clip === clip)!)} />
        ))}
        {now && <Dot kind="chosen" title={`${clipTitle(now.clip)}, which plays`} at={now.clip.vad} />}
        <span class="axis right">pleasant</span>
        <span class="axis top">excited</span>
      </div>
      <p class="small legend-of-map">
        {KINDS.map(([kind, what]) => (
          <span>
            <span class={`key ${kind}`} /> {what}
          </span>
        ))}
      </p>
    </section>
  );
}

function Dot({ kind, title, at, onClick }: { kind: string; title: string; at: { valence: number; arousal: number }; onClick?: () => void }) {
  const style = { left: `${place(at.valence)}px`, top: `${place(1 - at.arousal)}px` };
  if (onClick) return <button type="button" class={`dot ${kind}`} style={style} title={title} aria-label={`Play ${title}`} onClick={onClick} />;
  return <span class={`dot ${kind}`} style={style} title={title} />;
}

function draw(canvas: HTMLCanvasElement | null, clips: Clip[]): void {
  const context = canvas?.getContext("2d");
  if (!canvas || !context) return;
  context.setTransform(2, 0, 0, 2, 0, 0);
  context.clearRect(0, 0, SIZE, SIZE);
  context.fillStyle = getComputedStyle(canvas).color;
  context.globalAlpha = 0.35;
  for (const { vad } of clips) {
    context.beginPath();
    context.arc(place(vad.valence), place(1 - vad.arousal), 1.5, 0, 2 * Math.PI);
    context.fill();
  }
}
