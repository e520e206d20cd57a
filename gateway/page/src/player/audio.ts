// Music at an address of its own, through the browser's audio element.

import type { Clip } from "../contract";
import { Unplayable, audioAddress, watch, type Voice } from "./voice";

const LOOK_MS = 100;

export class AudioVoice implements Voice {
  readonly element = document.createElement("audio");
  private looking = 0;

  constructor() {
    this.element.preload = "auto";
  }

  async play(clip: Clip, onEnding: () => void): Promise<void> {
    this.stop();
    this.element.src = audioAddress(clip)!;
    await this.loaded();
    const start = clip.startSeconds || 0;
    this.element.currentTime = start;
    const look = watch(start, onEnding, () => {
      this.element.currentTime = start;
      if (this.element.ended) void this.element.play();
    });
    this.looking = window.setInterval(() => {
      const { duration, currentTime } = this.element;
      look(currentTime, (clip.endSeconds > start ? Math.min(clip.endSeconds, duration) : duration) - LOOK_MS / 2000);
    }, LOOK_MS);
    try {
      await this.element.play();
    } catch (error) {
      throw new Unplayable((error as Error).message, false);
    }
  }

  pause(): void {
    this.element.pause();
  }

  resume(): void {
    void this.element.play().catch(() => undefined);
  }

  setVolume(volume: number): void {
    this.element.volume = volume;
  }

  stop(): void {
    window.clearInterval(this.looking);
    this.element.pause();
    this.element.removeAttribute("src");
  }

  private loaded(): Promise<void> {
    return new Promise((resolve, reject) => {
      const element = this.element;
      element.onloadedmetadata = () => resolve();
      element.onerror = () => {
        // a file that isn't there and a network that isn't look alike: the browser's word decides
        reject(new Unplayable("The address doesn't play.", navigator.onLine));
      };
    });
  }
}
