// The reading view: the text, its mood curve, and what plays.

import { useEffect } from "preact/hooks";
import * as state from "../state";
import { Curve } from "./curve";
import { Panel } from "./panel";
import { Prose } from "./prose";

export function Reader() {
  useEffect(() => window.scrollTo(0, 0), []);
  const count = state.cues.value.length;
  return (
    <div class="reader">
      <a class="skip" href="#prose">
        Skip to the text
      </a>
      <header>
        <button type="button" class="quiet" onClick={() => history.back()}>
          ← Another text
        </button>
        <h1>{state.title.value || "Your text"}</h1>
        <span class="progress" role="status">
          {state.composing.value && "Composing… "}
          {count === 1 ? "1 passage" : `${count} passages`}
        </span>
      </header>
      <Curve />
      {state.notices.value.map((notice) => (
        <p class="care" role="note">
          {notice}
        </p>
      ))}
      {state.trouble.value && (
        <p class="trouble" role="alert">
          {state.trouble}
        </p>
      )}
      <main id="prose" tabIndex={-1}>
        <Prose />
      </main>
      <Panel />
    </div>
  );
}
