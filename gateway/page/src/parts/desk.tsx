// The first page: a text is pasted, opened or chosen.

import type { Signal } from "@preact/signals";
import { MOODS } from "../contract";
import * as state from "../state";
import { samples } from "../samples";
import { loadLibrary, open, start } from "../state";

const FILES = ".txt,.text,.md,.html,.htm,.xhtml,.epub,text/plain,text/html,application/epub+zip";

function compose(event: Event): void {
  event.preventDefault();
  if (!state.text.value.trim()) {
    state.trouble.value = "There is no text yet: paste one, open a file, or take a sample.";
    return;
  }
  void loadLibrary();
  void start();
}

function take(title: string, text: string): void {
  state.title.value = title;
  state.text.value = text;
  state.trouble.value = "";
}

export function Desk() {
  const drop = (event: DragEvent) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    void open(file);
  };
  return (
    <main class="desk" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <h1>Ambiance</h1>
      <p class="lead">Music that follows what you read.</p>
      <form onSubmit={compose}>
        <label for="title">Title</label>
        <input
          id="title"
          value={state.title}
          onInput={(event) => (state.title.value = event.currentTarget.value)}
          placeholder="Optional"
          autocomplete="off"
        />
        <label for="text">Text</label>
        <textarea
          id="text"
          rows={9}
          value={state.text}
          placeholder="Paste a chapter here, or drop a file."
          onInput={(event) => (state.text.value = event.currentTarget.value)}
        />
        <div class="row">
          <label class="button file">
            Open a file
            <input
              type="file"
              accept={FILES}
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) void open(file);
                event.currentTarget.value = "";
              }}
            />
          </label>
          <span>or take a sample:</span>
          <div class="samples">
            {samples.map((sample) => (
              <button type="button" class="quiet" onClick={() => take(sample.title, sample.text)}>
                {sample.title}
              </button>
            ))}
          </div>
        </div>
        <Settings />
        <p class="trouble" role="alert">
          {state.trouble}
        </p>
        <button type="submit" class="main" disabled={state.composing.value}>
          {state.composing.value ? "Listening for it…" : "Compose and read"}
        </button>
      </form>
      <p class="small">
        The text goes to this Ambiance server alone and isn't kept. Clips of the released library play from YouTube, after you
        agree.
      </p>
    </main>
  );
}

function Settings() {
  return (
    <details class="settings">
      <summary>Pace, mood, memory</summary>
      <label>
        Pace
        <input
          type="range"
          min={100}
          max={500}
          step={10}
          value={state.pace}
          onInput={(event) => (state.pace.value = Number(event.currentTarget.value))}
        />
        <output>{state.pace} words a minute</output>
      </label>
      <label>
        Intensity
        <input
          type="range"
          min={0.2}
          max={1.6}
          step={0.1}
          value={state.intensity}
          onInput={(event) => (state.intensity.value = Number(event.currentTarget.value))}
        />
        <output>{state.intensity.value === 1 ? "as the text" : state.intensity.value < 1 ? "calmer" : "stronger"}</output>
      </label>
      <MoodChoice label="Begin with" of={state.firstMood} />
      <MoodChoice label="End with" of={state.lastMood} />
      <label class="check">
        <input
          type="checkbox"
          checked={state.vocals.value}
          onChange={(event) => (state.vocals.value = event.currentTarget.checked)}
        />
        Singing is welcome
      </label>
      {state.heard.value.length > 0 && (
        <label class="check">
          <input
            type="checkbox"
            checked={state.onlyUnheard.value}
            onChange={(event) => (state.onlyUnheard.value = event.currentTarget.checked)}
          />
          Nothing that I heard already
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={state.remembers.value}
          onChange={(event) => (state.remembers.value = event.currentTarget.checked)}
        />
        Remember my settings and what I heard, on this device
      </label>
    </details>
  );
}

function MoodChoice({ label, of }: { label: string; of: Signal<string> }) {
  return (
    <label>
      {label}
      <select value={of.value} onChange={(event) => (of.value = event.currentTarget.value)}>
        <option value="">the text's mood</option>
        {MOODS.map((mood) => (
          <option value={mood}>{mood} music</option>
        ))}
      </select>
    </label>
  );
}
