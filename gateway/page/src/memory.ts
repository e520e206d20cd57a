// What a reader asked to remember on this device. The browser may keep nothing, and what it kept may be of another
// version of the page: what isn't as it should be counts as not remembered.

import type { Clip } from "./contract";

const PLACE = "ambiance";

export type Consent = "unasked" | "given" | "refused";

export interface Lists {
  heard: Clip[]; // the last first
  disliked: Clip[]; // the last last
  forgotten: number; // when the reader last had them forgotten, in milliseconds of Unix time; 0 for never
}

export interface Memory extends Lists {
  pace: number;
  intensity: number;
  vocals: boolean;
  volume: number;
  consent: Consent;
}

const within = (least: number, most: number) => (value: unknown) => typeof value === "number" && value >= least && value <= most;

const isClip = (value: unknown) => {
  const clip = value as Clip | null;
  return typeof clip?.id === "string" && typeof clip.youtubeId === "string" && Array.isArray(clip.labels);
};

const areClips = (value: unknown) => Array.isArray(value) && value.every(isClip);

const CHECKS: Record<keyof Memory, (value: unknown) => boolean> = {
  pace: within(60, 1000),
  intensity: within(0, 2),
  vocals: (value) => typeof value === "boolean",
  volume: within(0, 1),
  heard: areClips,
  disliked: areClips,
  forgotten: within(0, Infinity),
  consent: (value) => value === "unasked" || value === "given" || value === "refused",
};

/** What is remembered, as far as it can be told; null if nothing is to be. */
export function recalled(): Partial<Memory> | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "null");
    if (typeof kept !== "object" || kept === null) return null;
    return Object.fromEntries(Object.entries(kept).filter(([name, value]) => CHECKS[name as keyof Memory]?.(value)));
  } catch {
    return null; // it isn't JSON, or the browser lets no page keep anything
  }
}

/** What two tabs know: all of it, or what is known since one of them had the rest forgotten. */
export function merged(mine: Lists, kept: Partial<Lists>): Lists {
  const forgotten = kept.forgotten ?? 0;
  const [heard, disliked] = [kept.heard ?? [], kept.disliked ?? []];
  if (mine.forgotten > forgotten) return mine;
  if (forgotten > mine.forgotten) return { heard, disliked, forgotten };
  return { heard: [...unknown(mine.heard, heard), ...heard], disliked: [...disliked, ...unknown(mine.disliked, disliked)], forgotten };
}

function unknown(clips: Clip[], known: Clip[]): Clip[] {
  const ids = new Set(known.map(({ id }) => id));
  return clips.filter(({ id }) => !ids.has(id));
}

/** Call back whenever another tab has changed what is remembered. */
export function onChange(callback: () => void): void {
  window.addEventListener("storage", ({ key }) => {
    if (key === PLACE || key === null) callback(); // null: all was cleared
  });
}

/** Remember this, or forget all; returns whether the browser did. */
export function keep(memory: Memory | null): boolean {
  try {
    if (memory) localStorage.setItem(PLACE, JSON.stringify(memory));
    else localStorage.removeItem(PLACE);
    return true;
  } catch {
    return false;
  }
}
