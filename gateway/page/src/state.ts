// What the page knows, as signals, and what can be done to it. Nothing here touches the document.

import { batch, computed, signal } from "@preact/signals";
import { Refusal, type Clip, type Cue, type Decision, type Neighbor, type SoundtrackRequest } from "./contract";
import { compose, readFile, reportUnavailable, sampleClips } from "./gateway";
import { keep, merged, recalled, type Consent, type Memory } from "./memory";
import { Deck } from "./player/deck";
import { Unplayable, needsYouTube } from "./player/voice";
import { Positions } from "./text";

export type Follow = "scroll" | "pace";

/** Seconds between two looks of the pace at the clock. */
const TICK_MS = 250;
const QUICK_FADE_S = 1;
/** Of a filter, by the gateway's limits. */
const MOST_IDS = 1000;
const MOST_HEARD = 200;

// what is asked for
export const index = new URLSearchParams(location.search).get("index") ?? ""; // of one's own catalogue: /?index=songs
export const title = signal("");
export const text = signal("");
export const pace = signal(230);
export const intensity = signal(1);
export const vocals = signal(false);
export const firstMood = signal("");
export const lastMood = signal("");
export const onlyUnheard = signal(false);

// what came back
export const cues = signal<Cue[]>([]);
export const composing = signal(false);
export const duration = signal(0);
export const characters = signal(0);
export const trouble = signal("");
export const reading = signal(false);
export const positions = computed(() => new Positions(text.value));

// where the reader is
export const current = signal(0);
export const follow = signal<Follow>("scroll");
export const moment = signal(0); // seconds of reading since the start of the text
export const running = signal(false); // whether the pace goes on

// what is heard
export const playing = signal(false);
export const consent = signal<Consent>("unasked");
export const volume = signal(0.7);
export const muted = signal(false);
export const nowPlaying = signal<Neighbor | null>(null);
export const notice = signal("");
export const asked = signal(0); // how often the reader has wanted to hear what they must agree to first
export const opened = signal(false); // whether a phone shows more than the player's buttons
export const heard = signal<Clip[]>([]);
export const disliked = signal<Clip[]>([]);
export const remembers = signal(false);
const forgotten = signal(0); // when the lists were last forgotten, see memory.ts
const replaced = signal<Record<number, Neighbor>>({}); // by the number of the cue: what the reader put in place
const dead = signal<Set<string>>(new Set());

export const library = signal<Clip[]>([]);
export const deck = new Deck();

export const cue = computed<Cue | undefined>(() => cues.value[current.value]);

/** What plays to a cue: what the reader put there, else the first of its clips that isn't known to be dead. */
export function chosen(of: Cue): Neighbor | undefined {
  const own = replaced.value[of.number];
  const candidates = [...(own ? [own] : []), ...(of.clip ? [of.clip, ...of.alternates] : [])];
  return candidates.find(({ clip }) => !dead.value.has(clip.id));
}

/** Others for a cue: those that come after what plays, the better first, and then round again. */
export function others(of: Cue): Neighbor[] {
  const ring = (of.clip ? [of.clip, ...of.alternates] : []).filter(({ clip }) => !dead.value.has(clip.id));
  const at = ring.findIndex(({ clip }) => clip.id === chosen(of)?.clip.id);
  return at < 0 ? ring : [...ring.slice(at + 1), ...ring.slice(0, at)];
}

/** What the text services want a reader to see, each once. */
export const notices = computed<string[]>(() => [
  ...new Set(cues.value.flatMap(({ passage }) => passage.text.notices.map(({ text }) => text))),
]);

let abort: AbortController | null = null;

/** Compose anew for the text that is there. `kept`: the first passages, which stay with what was heard to them. */
export async function start(kept: Decision[] = []): Promise<void> {
  const before = cues.value.slice(0, kept.length);
  abort?.abort();
  const mine = (abort = new AbortController());
  batch(() => {
    trouble.value = notice.value = "";
    composing.value = true;
    if (!kept.length) {
      cues.value = [];
      current.value = 0;
      moment.value = 0;
    }
  });
  const request: SoundtrackRequest = {
    text: text.value,
    options: {
      index,
      filter: {
        withoutClipIds: withoutClips(),
        withoutYoutubeIds: [...new Set(disliked.value.map(({ youtubeId }) => youtubeId).filter(Boolean))].slice(-MOST_IDS),
      },
    },
    wordsPerMinute: pace.value,
    allowVocals: vocals.value,
    intensity: intensity.value,
    firstMood: firstMood.value,
    lastMood: lastMood.value,
    decisions: kept,
  };
  let fresh: Cue[] = [];
  let waiting = false;
  const show = () => {
    waiting = false;
    if (abort !== mine) return;
    // while it is composed anew what came before stays in view behind what is there already
    cues.value = kept.length && composing.value ? [...fresh, ...cues.value.slice(fresh.length)] : [...fresh];
  };
  try {
    await compose(
      request,
      {
        start(said) {
          batch(() => {
            duration.value = said.durationSeconds;
            characters.value = Number(said.characterCount);
            reading.value = true;
          });
        },
        cue(said) {
          fresh.push(before[said.number] ?? said); // told of a decision alone, it would lose its alternates and its why
          if (!waiting) {
            waiting = true;
            window.setTimeout(show, fresh.length < 3 ? 0 : 150); // a novel's cues come by the hundred
          }
        },
        end(said) {
          duration.value = said.durationSeconds;
        },
      },
      mine.signal,
    );
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!(error instanceof Refusal)) throw error;
    trouble.value = error.message;
  }
  if (abort !== mine) return;
  composing.value = false;
  show();
}

/** Ids of clips that may not play: what isn't liked and, if the reader wants news only, what was heard. */
function withoutClips(): string[] {
  const without = disliked.value.filter(({ youtubeId }) => !youtubeId).slice(-MOST_IDS);
  const known = onlyUnheard.value ? [...without, ...heard.value] : without;
  return known.slice(0, MOST_IDS).map(({ id }) => id);
}

/** Leave the text and go back to the first page. */
export function leave(): void {
  abort?.abort();
  stopMusic();
  batch(() => {
    reading.value = composing.value = running.value = false;
    cues.value = [];
    replaced.value = {};
    trouble.value = notice.value = "";
  });
}

/** Take a file's text for the next soundtrack. */
export async function open(file: File): Promise<void> {
  trouble.value = "";
  try {
    const read = await readFile(file);
    batch(() => {
      title.value = read.title;
      text.value = read.text;
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    trouble.value = error.message;
  }
}

export async function loadLibrary(): Promise<void> {
  try {
    library.value = await sampleClips(index);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // without it there is no map, and nothing else is missing
  }
}

/** Go to a passage. */
export function go(number: number): void {
  const there = cues.value[number];
  if (!there) return;
  batch(() => {
    current.value = number;
    moment.value = there.startSeconds;
  });
}

/** Put another clip in place, at once. */
export function replace(by: Neighbor): void {
  const now = cue.value;
  if (!now) return;
  replaced.value = { ...replaced.value, [now.number]: by };
  void hear(QUICK_FADE_S);
}

/** Never again something like what plays; passages that were heard stay as they were, and all others change. */
export function dislike(): void {
  const now = cue.value;
  const clip = now && chosen(now)?.clip;
  if (!clip) return;
  disliked.value = [...disliked.value, clip];
  const kept = cues.value.slice(0, now.number).map((each): Decision => {
    const span = { start: Number(each.passage.start), end: Number(each.passage.end) };
    const stays = chosen(each);
    return stays && !isDisliked(stays.clip) ? { ...span, clipId: stays.clip.id } : { ...span, silent: true };
  });
  // passages from here on are others then, whatever their numbers
  replaced.value = Object.fromEntries(Object.entries(replaced.value).filter(([number]) => Number(number) < now.number));
  void start(kept);
}

const isDisliked = (clip: Clip) =>
  disliked.value.some(({ id, youtubeId }) => id === clip.id || (youtubeId !== "" && youtubeId === clip.youtubeId));

export function play(): void {
  const there = cue.value && chosen(cue.value);
  if (there && needsYouTube(there.clip) && consent.value !== "given") {
    batch(() => {
      consent.value = "unasked";
      asked.value++;
      opened.value = true; // on a phone the question is else behind a button
    });
    return;
  }
  playing.value = true;
  if (there && nowPlaying.value?.clip.id === there.clip.id) deck.resume();
  else void hear(QUICK_FADE_S);
}

export function pause(): void {
  playing.value = false;
  deck.pause();
}

export function stopMusic(): void {
  playing.value = false;
  nowPlaying.value = null;
  deck.silence(0.2);
}

/** Play what the current passage asks for, unless it plays already. */
export async function hear(seconds: number): Promise<void> {
  const now = cue.value;
  if (!playing.value || !now) return;
  const next = chosen(now);
  if (!next) {
    nowPlaying.value = null;
    deck.silence(seconds || QUICK_FADE_S);
    return;
  }
  if (nowPlaying.value?.clip.id === next.clip.id) return;
  if (needsYouTube(next.clip) && consent.value !== "given") return;
  nowPlaying.value = next;
  try {
    await deck.change(next.clip, seconds);
    if (nowPlaying.value !== next) return;
    if (navigator.onLine) notice.value = ""; // else it says that there is no network
    if (!heard.value.some(({ id }) => id === next.clip.id)) heard.value = [next.clip, ...heard.value];
  } catch (error) {
    if (!(error instanceof Unplayable)) throw error;
    if (nowPlaying.value === next) await missing(next.clip, error);
  }
}

async function missing(clip: Clip, error: Unplayable): Promise<void> {
  nowPlaying.value = null;
  if (!error.dead) {
    notice.value = `${error.message} Read on; the music comes back when it can.`;
    return;
  }
  notice.value = "A clip is gone from where it was; here is the next best.";
  dead.value = new Set([...dead.value, clip.id]);
  void reportUnavailable(index, clip.id);
  await hear(QUICK_FADE_S);
}

/** Go on with the pace: returns what ends it. */
export function keepPace(): () => void {
  let before = performance.now();
  const ticking = window.setInterval(() => {
    const now = performance.now();
    const passed = (now - before) / 1000;
    before = now;
    if (follow.value !== "pace" || !running.value) return;
    const next = Math.min(moment.value + passed, duration.value);
    moment.value = next;
    const at = cues.value.findIndex((each) => next < each.startSeconds + each.durationSeconds);
    if (at >= 0 && at !== current.value) current.value = at;
    if (next >= duration.value && !composing.value) running.value = false;
  }, TICK_MS);
  return () => window.clearInterval(ticking);
}

/** Take over what the reader asked to remember on this device, here or in another tab, and forget with it. */
export function recall(): void {
  const memory = recalled();
  if (!memory) {
    remembers.value = false;
    return;
  }
  const lists = merged({ heard: heard.value, disliked: disliked.value, forgotten: forgotten.value }, memory);
  batch(() => {
    remembers.value = true;
    pace.value = memory.pace ?? pace.value;
    intensity.value = memory.intensity ?? intensity.value;
    vocals.value = memory.vocals ?? vocals.value;
    volume.value = memory.volume ?? volume.value;
    heard.value = lists.heard;
    disliked.value = lists.disliked;
    forgotten.value = lists.forgotten;
    consent.value = memory.consent ?? consent.value;
  });
}

/** Remember what there is to, beside what other tabs have added meanwhile. */
export function remember(): void {
  if (!remembers.value) {
    keep(null);
    return;
  }
  const lists = merged({ heard: heard.value, disliked: disliked.value, forgotten: forgotten.value }, recalled() ?? {});
  const memory: Memory = {
    pace: pace.value,
    intensity: intensity.value,
    vocals: vocals.value,
    volume: volume.value,
    ...lists,
    heard: lists.heard.slice(0, MOST_HEARD),
    consent: consent.value,
  };
  if (!keep(memory)) {
    remembers.value = false;
    trouble.value = "This browser remembers nothing for this page.";
  }
}

/** Forget what was heard and what isn't liked, in every tab. */
export function forget(): void {
  batch(() => {
    heard.value = disliked.value = [];
    forgotten.value = Math.max(Date.now(), forgotten.value + 1); // the clock may have been put back
  });
}
