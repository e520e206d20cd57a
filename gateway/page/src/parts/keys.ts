// What keys do while one reads.

import * as state from "../state";

/** Key, what it does, for people. */
export const KEYS: readonly [string, string][] = [
  ["Space", "play or pause"],
  ["← →", "passage before or after"],
  ["M", "mute"],
  ["A", "another clip"],
  ["L", "less like this"],
];

export function keys(event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  if (!state.reading.value || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, textarea, select, dialog")) return;
  if (event.key === " " && target.closest("button, a, summary")) return;
  const act = actionOf(event.key);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(key: string): (() => void) | undefined {
  switch (key) {
    case " ":
      return () => (state.playing.value ? state.pause() : state.play());
    case "ArrowRight":
      return () => state.go(state.current.value + 1);
    case "ArrowLeft":
      return () => state.go(state.current.value - 1);
    case "m":
    case "M":
      return () => (state.muted.value = !state.muted.value);
    case "a":
    case "A":
      return another;
    case "l":
    case "L":
      return state.dislike;
  }
  return undefined;
}

/** The next of what else fits. */
export function another(): void {
  const next = state.cue.value && state.others(state.cue.value)[0];
  if (next) state.replace(next);
}
