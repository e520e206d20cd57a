// Stands in for YouTube's IFrame script: plays nothing, and notes in `window.told` what it is told.
window.told = [];
let failFirst = FAIL_FIRST;
let players = 0;
window.YT = {
  PlayerState: { ENDED: 0, PLAYING: 1, PAUSED: 2 },
  Player: class {
    constructor(place, { events }) {
      this.events = events;
      this.number = players++;
      this.frame = document.createElement("iframe");
      place.replaceWith(this.frame);
      setTimeout(() => events.onReady({ target: this }), 10);
    }
    getIframe() {
      return this.frame;
    }
    loadVideoById(loaded) {
      window.told.push({ loaded, player: this.number });
      setTimeout(() => {
        if (failFirst) {
          const data = failFirst;
          failFirst = 0;
          this.events.onError({ data });
        } else this.events.onStateChange({ data: 1 });
      }, BEGINS_MS);
    }
    getCurrentTime() {
      return 0;
    }
    seekTo() {}
    setVolume(volume) {
      window.told.push({ volume });
    }
    playVideo() {}
    pauseVideo() {}
    stopVideo() {
      window.told.push({ stopped: true, player: this.number });
    }
  },
};
setTimeout(() => window.onYouTubeIframeAPIReady(), 10);
