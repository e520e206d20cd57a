// How the page names things.

import type { Clip, Cue } from "./contract";

/** Labels that tell nothing of a piece. */
const GENERIC = new Set(["Music", "Musical instrument"]);

/** What a reader would call a clip. */
export function clipTitle(clip: Clip): string {
  const known = clip.metadata;
  if (known?.title) return known.artist ? `${known.title}, ${known.artist}` : known.title;
  const labels = clip.labels.filter((label) => !GENERIC.has(label));
  return labels.slice(0, 3).join(", ") || "Music";
}

/** Where it plays, for people. */
export function clipAddress(clip: Clip): string {
  if (clip.youtubeId) return `https://www.youtube.com/watch?v=${encodeURIComponent(clip.youtubeId)}&t=${Math.floor(clip.startSeconds)}s`;
  return /^https?:\/\//i.test(clip.metadata?.uri ?? "") ? clip.metadata!.uri : "";
}

/** A word or two for the mood of a passage: the facet of music that it asks for most. */
export function moodOf(cue: Cue): string {
  return cue.passage.text.facets[0]?.facet ?? "calm";
}

export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
