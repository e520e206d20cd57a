// What the gateway sends, in protobuf's JSON mapping: as far as the page reads it. 64-bit integers come as strings.

export interface Vad {
  valence: number;
  arousal: number;
  dominance: number;
}

export interface FacetScore {
  facet: string;
  score: number;
}

export interface Clip {
  id: string;
  youtubeId: string;
  startSeconds: number;
  endSeconds: number;
  labels: string[];
  vad: Vad;
  facets: FacetScore[];
  metadata?: { title: string; artist: string; album: string; uri: string; thumbnailUri: string };
}

export interface Neighbor {
  clip: Clip;
  distance: number;
  why: FacetScore[];
}

export interface Passage {
  start: string;
  end: string;
  wordCount: number;
  text: { emotions: { emotion: string; score: number }[]; vad: Vad; facets: { facet: string; weight: number }[]; notices: { text: string }[] };
  curve: { start: string; vad: Vad }[];
}

export interface Cue {
  number: number;
  passage: Passage;
  clip?: Neighbor;
  alternates: Neighbor[];
  startSeconds: number;
  durationSeconds: number;
  transition: "TRANSITION_HOLD" | "TRANSITION_FADE" | "TRANSITION_CUT" | string;
  transitionSeconds: number;
  reason: string;
  why: string;
}

export interface SoundtrackStart {
  characterCount: string;
  wordCount: string;
  durationSeconds: number;
}

export interface SoundtrackEnd {
  cueCount: number;
  durationSeconds: number;
}

export interface Decision {
  start: number;
  end: number;
  clipId?: string;
  silent?: true;
}

export interface SoundtrackRequest {
  text: string;
  options: { index: string; filter: { withoutClipIds: string[]; withoutYoutubeIds: string[] } };
  wordsPerMinute: number;
  allowVocals: boolean;
  intensity: number;
  firstMood: string;
  lastMood: string;
  decisions: Decision[];
}

/** Moods that a clip may be asked to have. */
export const MOODS = ["happy", "funny", "sad", "tender", "exciting", "angry", "scary"];

/** A refusal of the gateway, in its own sentence. */
export class Refusal extends Error {
  constructor(
    readonly status: string,
    message: string,
  ) {
    super(message);
  }
}
