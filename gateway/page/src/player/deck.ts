// Two voices of each kind, of which one plays and the other fades in: what the reader hears.

import type { Clip } from "../contract";
import { AudioVoice } from "./audio";
import { needsYouTube, type Voice } from "./voice";
import { YouTubeVoice } from "./youtube";

const STEP_MS = 50;
/** A clip's end fades into its start: a passage is longer than most clips. */
const REPEAT_FADE_S = 1.5;

export class Deck {
  private readonly videos: [Voice, Voice] = [new YouTubeVoice(), new YouTubeVoice()];
  private readonly sounds: [Voice, Voice] = [new AudioVoice(), new AudioVoice()];
  private heard: Voice | null = null;
  private readonly levels = new Map<Voice, number>(); // 0 to 1, before the reader's volume
  private readonly fades = new Map<Voice, number>();
  private volume = 0.7;
  private turn = 0; // of the newest call of `change`: an older one that is still loading gives up
  private loading: Voice | null = null; // the voice of that call
  private paused = false;

  /** Elements for the page to show; the place of a video must be visible, YouTube's terms ask for it. */
  get elements(): HTMLElement[] {
    return this.videos.map((voice) => voice.element);
  }

  /** Play a clip in place of what plays, fading over some seconds. Rejects with Unplayable. */
  change(clip: Clip, seconds: number): Promise<void> {
    this.paused = false;
    return this.begin(clip, seconds);
  }

  private async begin(clip: Clip, seconds: number): Promise<void> {
    const turn = ++this.turn;
    const pair = needsYouTube(clip) ? this.videos : this.sounds;
    const before = this.heard;
    const next = pair[0] === before ? pair[1] : pair[0];
    this.loading = next;
    window.clearInterval(this.fades.get(next)); // at its end the voice would be stopped
    this.level(next, 0);
    await next.play(clip, () => {
      // not while another is on its way; should it fail, the voice begins again by itself
      if (this.heard === next && this.loading === next) void this.begin(clip, REPEAT_FADE_S).catch(() => undefined);
    });
    if (turn !== this.turn) {
      if (next !== this.heard && next !== this.loading) next.stop();
      return;
    }
    this.heard = next;
    if (this.paused) next.pause();
    for (const voice of this.videos) voice.element.hidden = voice !== next;
    this.fade(next, 1, seconds);
    for (const voice of [...this.videos, ...this.sounds]) if (voice !== next) this.fade(voice, 0, seconds);
  }

  /** Fade to silence. */
  silence(seconds: number): void {
    this.turn++;
    this.heard = this.loading = null;
    for (const voice of this.levels.keys()) this.fade(voice, 0, seconds);
  }

  pause(): void {
    this.paused = true;
    for (const voice of this.levels.keys()) voice.pause();
  }

  resume(): void {
    this.paused = false;
    this.heard?.resume();
  }

  /** 0 to 1. */
  setVolume(volume: number): void {
    this.volume = volume;
    for (const [voice, level] of this.levels) voice.setVolume(level * volume);
  }

  private level(voice: Voice, level: number): void {
    this.levels.set(voice, level);
    voice.setVolume(level * this.volume);
  }

  private fade(voice: Voice, to: number, seconds: number): void {
    window.clearInterval(this.fades.get(voice));
    const from = this.levels.get(voice);
    if (from === undefined || from === to) return;
    const began = performance.now();
    const step = () => {
      const share = seconds > 0 ? Math.min(1, (performance.now() - began) / (1000 * seconds)) : 1;
      // equal power: two pieces in the middle of a fade are as loud as one
      const shaped = to > from ? Math.sin((share * Math.PI) / 2) : 1 - Math.cos((share * Math.PI) / 2);
      this.level(voice, from + (to - from) * shaped);
      if (share < 1) return;
      window.clearInterval(this.fades.get(voice));
      if (to === 0) voice.stop();
    };
    this.fades.set(voice, window.setInterval(step, STEP_MS));
    step();
  }
}
