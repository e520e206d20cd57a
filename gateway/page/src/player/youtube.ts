// A clip of a YouTube video, through YouTube's IFrame player. Its script is loaded when the first clip plays, and
// never before the reader has consented.

import type { Clip } from "../contract";
import { Unplayable, watch, type Voice } from "./voice";

const SCRIPT = "https://www.youtube.com/iframe_api";
const PATIENCE_MS = 12_000; // for the script, and for a video to begin
const LOOK_MS = 200;
// Of the player's onError: no such video, removed or private, not to be shown on other sites.
const DEAD = new Set([2, 100, 101, 150]);

let script: Promise<void> | null = null;

function loadScript(): Promise<void> {
  script ??= new Promise<void>((resolve, reject) => {
    const element = document.createElement("script");
    const fail = () => {
      script = null; // the next clip tries again
      element.remove();
      reject(new Unplayable("YouTube can't be reached.", false));
    };
    element.src = SCRIPT;
    element.onerror = fail;
    const patience = window.setTimeout(fail, PATIENCE_MS);
    (window as { onYouTubeIframeAPIReady?: () => void }).onYouTubeIframeAPIReady = () => {
      window.clearTimeout(patience);
      resolve();
    };
    document.head.append(element);
  });
  return script;
}

export class YouTubeVoice implements Voice {
  readonly element = document.createElement("div");
  private making: Promise<YT.Player> | null = null;
  private player: YT.Player | null = null;
  private looking = 0;
  private volume = 1;
  private giveUp: () => void = () => undefined; // on what is loading, as another clip is to play
  private onState: (state: YT.PlayerState) => void = () => undefined;
  private onError: (code: number) => void = () => undefined;

  async play(clip: Clip, onEnding: () => void): Promise<void> {
    this.giveUp();
    let isLatest = true;
    this.giveUp = () => (isLatest = false);
    await loadScript();
    const player = await this.create();
    if (!isLatest) return;
    const start = clip.startSeconds;
    const begun = new Promise<void>((resolve, reject) => {
      const patience = window.setTimeout(() => reject(new Unplayable("The video doesn't begin.", false)), PATIENCE_MS);
      this.giveUp = () => {
        isLatest = false;
        window.clearTimeout(patience);
        resolve();
      };
      this.onState = (state) => {
        if (state === YT.PlayerState.PLAYING) {
          window.clearTimeout(patience);
          resolve();
        } else if (state === YT.PlayerState.ENDED) player.seekTo(start, true);
      };
      this.onError = (code) => {
        window.clearTimeout(patience);
        reject(new Unplayable("The video can't be played here.", DEAD.has(code)));
      };
    });
    player.setVolume(100 * this.volume);
    player.loadVideoById({ videoId: clip.youtubeId, startSeconds: start });
    await begun;
    if (!isLatest) return;
    window.clearInterval(this.looking);
    const look = watch(start, onEnding, () => player.seekTo(start, true));
    this.looking = window.setInterval(() => {
      look(player.getCurrentTime(), clip.endSeconds > start ? clip.endSeconds : Infinity);
    }, LOOK_MS);
  }

  pause(): void {
    this.player?.pauseVideo();
  }

  resume(): void {
    this.player?.playVideo();
  }

  setVolume(volume: number): void {
    this.volume = volume;
    this.player?.setVolume?.(100 * volume);
  }

  stop(): void {
    window.clearInterval(this.looking);
    this.onState = this.onError = () => undefined;
    this.player?.stopVideo?.();
  }

  private create(): Promise<YT.Player> {
    return (this.making ??= new Promise((resolve) => {
      const place = document.createElement("div");
      this.element.append(place);
      const player = new YT.Player(place, {
        width: "100%",
        height: "100%",
        host: "https://www.youtube-nocookie.com",
        playerVars: { controls: 0, disablekb: 1, playsinline: 1, rel: 0, origin: location.origin },
        events: {
          onReady: () => {
            player.getIframe().title = "Music from YouTube";
            player.getIframe().tabIndex = -1;
            this.player = player;
            resolve(player);
          },
          onStateChange: ({ data }) => this.onState(data),
          onError: ({ data }) => this.onError(data),
        },
      });
    }));
  }
}
