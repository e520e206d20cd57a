// One source of music. The deck owns two and fades from one to the other.

import type { Clip } from "../contract";

export interface Voice {
  /** Element that shows it; empty for one that is only heard. */
  readonly element: HTMLElement;
  /** Begin a clip at its start; again from there at its end, until it is stopped. Rejects if it can't be played. */
  play(clip: Clip): Promise<void>;
  pause(): void;
  resume(): void;
  /** 0 to 1. */
  setVolume(volume: number): void;
  stop(): void;
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
