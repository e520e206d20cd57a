// One source of music. The deck owns two and fades from one to the other.

import type { Clip } from "../contract";

export interface Voice {
  /** Element that shows it; empty for one that is only heard. */
  readonly element: HTMLElement;
  /**
   * Begin a clip at its start; again from there at its end, until it is stopped. `onEnding` is called before each end,
   * `LEAD_S` before, of a clip that is long enough for two fades. Rejects if it can't be played.
   */
  play(clip: Clip, onEnding: () => void): Promise<void>;
  pause(): void;
  resume(): void;
  /** 0 to 1. */
  setVolume(volume: number): void;
  stop(): void;
}

/** Seconds before a clip's end at which a voice tells that it comes. */
export const LEAD_S = 2;

/** Watches where a clip is, and returns what takes the next look; `again` goes back to its start. */
export function watch(start: number, onEnding: () => void, again: () => void): (at: number, end: number) => void {
  let told = false;
  return (at, end) => {
    if (at >= end) {
      told = false;
      again();
    } else if (!told && at >= end - LEAD_S && end - start >= 2 * LEAD_S) {
      told = true;
      onEnding();
    }
  };
}

/** Why a clip doesn't play. A dead one never will; another may when the network is back. */
export class Unplayable extends Error {
  constructor(
    message: string,
    readonly dead: boolean,
  ) {
    super(message);
  }
}

/** An address that the browser's own audio element plays; none if the clip has no such address. */
export function audioAddress(clip: Clip): string | null {
  const uri = clip.metadata?.uri ?? "";
  if (!/^https?:\/\//i.test(uri) || !URL.canParse(uri)) return null;
  return /^(www\.|m\.)?(youtube\.com|youtu\.be)$/i.test(new URL(uri).hostname) ? null : uri;
}

/** Whether it needs YouTube's player. */
export const needsYouTube = (clip: Clip): boolean => audioAddress(clip) === null && clip.youtubeId !== "";
