// What plays, why, and what can be done about it.

import { useEffect, useRef } from "preact/hooks";
import type { Neighbor } from "../contract";
import { needsYouTube } from "../player/voice";
import * as state from "../state";
import { clipAddress, clipTitle } from "../words";
import { another, KEYS } from "./keys";
import { MoodMap } from "./map";

export function Panel() {
  const open = state.opened.value;
  return (
    <aside class={open ? "panel open" : "panel"} aria-label="Music">
      <Controls />
      <button type="button" class="more quiet" aria-expanded={open} onClick={() => (state.opened.value = !open)}>
        {open ? "Less" : "More"}
      </button>
      <Screens hidden={state.consent.value !== "given"} />
      <Strip />
      <div class="details">
        <Now />
        <Following />
        <MoodMap />
        <Heard />
        <details class="keys">
          <summary>Keys</summary>
          <dl>
            {KEYS.map(([key, what]) => (
              <div>
                <dt>{key}</dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </details>
      </div>
    </aside>
  );
}

function Controls() {
  const playing = state.playing.value;
  return (
    <div class="controls">
      <button type="button" class="main" onClick={() => (playing ? state.pause() : state.play())} disabled={!state.cues.value.length}>
        {playing ? "Pause" : "Play"}
      </button>
      <button type="button" aria-pressed={state.muted.value} onClick={() => (state.muted.value = !state.muted.value)}>
        {state.muted.value ? "Unmute" : "Mute"}
      </button>
      <input
        type="range"
        aria-label="Volume"
        min={0}
        max={1}
        step={0.05}
        value={state.volume}
        onInput={(event) => (state.volume.value = Number(event.currentTarget.value))}
      />
    </div>
  );
}

function Now() {
  const cue = state.cue.value;
  const next = cue && state.chosen(cue);
  const asks = next && needsYouTube(next.clip) && state.consent.value !== "given";
  return (
    <section class="now">
      <h2>Now</h2>
      {asks && <Consent />}
      <div aria-live="polite">
        {state.notice.value && <p class="notice">{state.notice}</p>}
        {next ? <Playing hit={next} /> : <p class="title">{cue ? "Silence" : "…"}</p>}
        {cue && <p class="why">{cue.why}</p>}
      </div>
      {cue && (
        <div class="row">
          <button type="button" onClick={another} disabled={!state.others(cue).length}>
            Another
          </button>
          <button type="button" onClick={state.dislike} disabled={!next}>
            Less like this
          </button>
        </div>
      )}
      {cue && state.others(cue).length > 0 && (
        <details class="others">
          <summary>Also fits</summary>
          <ul>
            {state.others(cue).map((hit) => (
              <li>
                <button type="button" class="quiet" onClick={() => state.replace(hit)}>
                  {clipTitle(hit.clip)}
                </button>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

/** What a phone says of the music while the rest is closed. */
function Strip() {
  const cue = state.cue.value;
  const next = cue && state.chosen(cue);
  return <p class="strip">{state.notice.value || (next ? clipTitle(next.clip) : cue ? "Silence" : "")}</p>;
}

function Playing({ hit }: { hit: Neighbor }) {
  const address = clipAddress(hit.clip);
  const why = hit.why.map(({ facet }) => facet).join(", ");
  return (
    <>
      <p class="title">{clipTitle(hit.clip)}</p>
      <p class="small">
        {why}
        {why && address && " · "}
        {address && (
          <a href={address} target="_blank" rel="noopener noreferrer">
            {hit.clip.youtubeId ? "on YouTube" : "where it is from"}
          </a>
        )}
      </p>
    </>
  );
}

function Consent() {
  const question = useRef<HTMLButtonElement>(null);
  const asked = state.asked.value;
  useEffect(() => {
    if (asked) question.current?.focus();
  }, [asked]);
  if (state.consent.value === "refused") {
    return (
      <p class="small">
        Without YouTube this clip stays silent.{" "}
        <button type="button" class="quiet" onClick={agree}>
          Allow YouTube
        </button>
      </p>
    );
  }
  return (
    <div class={asked ? "consent asked" : "consent"}>
      <p>
        This music plays from YouTube. YouTube then learns your address and which clips you hear, and may set cookies. It never gets
        your text.
      </p>
      <div class="row">
        <button type="button" class="main" ref={question} onClick={agree}>
          Allow YouTube
        </button>
        <button type="button" onClick={refuse}>
          Read without it
        </button>
      </div>
    </div>
  );
}

function refuse(): void {
  state.consent.value = "refused";
  state.asked.value = 0;
}

function agree(): void {
  state.consent.value = "given";
  state.asked.value = 0;
  state.opened.value = false;
  state.play();
}

/** The videos' places: YouTube's terms want a playing video to be seen. */
function Screens({ hidden }: { hidden: boolean }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    place.current!.append(...state.deck.elements);
  }, []);
  return <div class="screens" ref={place} hidden={hidden} />;
}

function Following() {
  const pace = state.follow.value === "pace";
  return (
    <section class="following">
      <h2>Follow</h2>
      <div class="row" role="group" aria-label="What the music follows">
        <button type="button" aria-pressed={!pace} onClick={() => (state.follow.value = "scroll")}>
          My scrolling
        </button>
        <button
          type="button"
          aria-pressed={pace}
          onClick={() => {
            state.follow.value = "pace";
            state.running.value = true;
          }}
        >
          {state.pace} words a minute
        </button>
        {pace && (
          <button type="button" aria-pressed={state.running.value} onClick={() => (state.running.value = !state.running.value)}>
            {state.running.value ? "Hold" : "Go on"}
          </button>
        )}
      </div>
    </section>
  );
}

function Heard() {
  const [heard, disliked] = [state.heard.value, state.disliked.value];
  if (!heard.length && !disliked.length) return null;
  return (
    <details class="heard">
      <summary>Heard ({heard.length})</summary>
      <ul>
        {heard.map((clip) => {
          const address = clipAddress(clip);
          const isDisliked = disliked.some(({ id }) => id === clip.id);
          return (
            <li class={isDisliked ? "disliked" : ""}>
              {address ? (
                <a href={address} target="_blank" rel="noopener noreferrer">
                  {clipTitle(clip)}
                </a>
              ) : (
                clipTitle(clip)
              )}
            </li>
          );
        })}
      </ul>
      <button type="button" class="quiet" onClick={state.forget}>
        Forget all this
      </button>
    </details>
  );
}
