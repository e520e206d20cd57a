// The gateway's HTTP face: the only place that the text is ever sent to.

import { createParser } from "eventsource-parser";
import { Refusal, type Clip, type Cue, type SoundtrackEnd, type SoundtrackRequest, type SoundtrackStart } from "./contract";

export interface Listener {
  start(start: SoundtrackStart): void;
  cue(cue: Cue): void;
  end(end: SoundtrackEnd): void;
}

/** Compose a soundtrack; resolves at its end, rejects with a Refusal, or an AbortError once the signal is aborted. */
export async function compose(request: SoundtrackRequest, listener: Listener, signal: AbortSignal): Promise<void> {
  const reply = await send("/v1/soundtrack", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify(request),
    signal,
  });
  let whole = false;
  const parser = createParser({
    onEvent({ event, data }) {
      const message = JSON.parse(data);
      if (event === "start") listener.start(message);
      else if (event === "cue") listener.cue(message);
      else if (event === "end") {
        whole = true;
        listener.end(message);
      } else if (event === "error") throw refusalOf(message);
    },
  });
  const decoder = new TextDecoder();
  const reader = reply.body!.getReader();
  for (;;) {
    const { done, value } = await arrived(reader.read(), signal);
    if (done) break;
    parser.feed(decoder.decode(value, { stream: true }));
  }
  if (!whole) throw new Refusal("UNAVAILABLE", "The gateway stopped before the soundtrack's end.");
}

/** A file's title and text. */
export async function readFile(file: File): Promise<{ title: string; text: string }> {
  const reply = await send(`/v1/texts:read?name=${encodeURIComponent(file.name)}`, {
    method: "POST",
    headers: { "Content-Type": file.type || "application/octet-stream" },
    body: file,
  });
  return arrived(reply.json());
}

/** Some clips of the library, to draw it: ordered by id, which tells nothing of their mood. */
export async function sampleClips(index: string): Promise<Clip[]> {
  const reply = await send(`/v1/clips?pageSize=1000&index=${encodeURIComponent(index)}`, {});
  return (await arrived(reply.json())).clips;
}

/** Tell the library that a clip can't be played. It may keep no such notes: then nothing is lost. */
export async function reportUnavailable(index: string, clipId: string): Promise<void> {
  try {
    await send("/v1/clips:reportUnavailable", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ index, clipIds: [clipId] }),
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

/** What an answer brings, which may break off after its head. */
async function arrived<T>(body: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await body;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal("UNAVAILABLE", "The connection to the gateway broke off.");
  }
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let reply: Response;
  try {
    reply = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refusal("UNAVAILABLE", "The gateway can't be reached.");
  }
  if (reply.ok) return reply;
  const said = await reply.json().catch(() => null);
  throw said ? refusalOf(said) : new Refusal("UNKNOWN", `The gateway answered ${reply.status}.`);
}

function refusalOf(body: { error?: { status?: string; message?: string } }): Refusal {
  return new Refusal(body.error?.status ?? "UNKNOWN", body.error?.message ?? "The gateway gave no reason.");
}
