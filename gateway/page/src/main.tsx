import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import { onChange } from "./memory";
import { Page } from "./parts/page";
import * as state from "./state";
import "./style.css";

state.recall();
render(<Page />, document.getElementById("page")!);

// the music follows the passage
effect(() => {
  const cue = state.cue.value;
  if (!cue || !state.playing.value) return;
  const seconds = cue.transition === "TRANSITION_CUT" ? 0.3 : Math.max(cue.transitionSeconds, 1);
  void untracked(() => state.hear(seconds)); // another clip to the same passage fades as whoever asks for it says
});
effect(() => state.deck.setVolume(state.muted.value ? 0 : state.volume.value));
effect(() => state.remember());
onChange(state.recall); // in another tab
effect(() => {
  document.title = state.reading.value && state.title.value ? `${state.title.value} – Ambiance` : "Ambiance";
});
state.keepPace();
// the browser's Back leads from reading to the text, as the button does
effect(() => {
  if (state.reading.value) history.pushState(null, "");
});
window.addEventListener("popstate", state.leave);
window.addEventListener("online", () => {
  state.notice.value = "";
  void state.hear(1);
});
window.addEventListener("offline", () => {
  state.notice.value = "There is no network. Read on; the music comes back when it can.";
});
