// Calls Ambiance from Node.js: node call.js [GATEWAY MUSIC], else `make serve` or `make up`.
// The protos are read as they are; nothing is generated.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

const here = dirname(fileURLToPath(import.meta.url));
const gateway = process.argv[2] ?? "localhost:50051";
const music = process.argv[3] ?? "localhost:50053";
const chapter = readFileSync(join(here, "..", "chapter.txt"), "utf8");

const definitions = loadSync(
  ["ambiance/match/v1/match_service.proto", "ambiance/music/v1/music_index_service.proto"],
  {
    includeDirs: [join(here, "..", "..", "..", "protos")],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);
const { ambiance } = grpc.loadPackageDefinition(definitions);
const insecure = grpc.credentials.createInsecure();
const matches = new ambiance.match.v1.MatchService(gateway, insecure);
const index = new ambiance.music.v1.MusicIndexService(music, insecure);

const within = (seconds) => ({ deadline: Date.now() + 1000 * seconds });
const call = (client, method, request) =>
  promisify(client[method].bind(client))(request, within(10));

console.log("match");
const wanted = { text: "We won! What a wonderful night", options: { k: 3 } };
const { match } = await call(matches, "matchText", wanted);
for (const { clip, why } of match.neighbors) {
  const facets = why.map(({ facet, score }) => `${facet} ${Math.round(100 * score)}%`);
  console.log(`  ${clip.id}  ${facets.join(", ")}`);
}

console.log("soundtrack");
const characters = [...chapter]; // what offsets count; JavaScript's strings count UTF-16
const parts = matches.composeSoundtrack({ text: chapter }, within(120));
for await (const { part, cue } of parts) {
  if (part !== "cue") continue; // the first part tells of the whole, and so does the last
  const passage = characters.slice(cue.passage.start, cue.passage.end).join("");
  const words = passage.trim().split(/\s+/).slice(0, 4);
  const seconds = cue.startSeconds.toFixed(0).padStart(3);
  console.log(`  ${seconds} s  ${cue.clip?.clip.id ?? "silence"}  ${words.join(" ")} …`);
}

console.log("labels");
const { labels } = await call(index, "listLabels", { prefix: "Rock" });
for (const { name, clipCount } of labels) {
  console.log(`  ${name}  ${clipCount} clips`);
}

console.log("a wrong request");
try {
  await call(matches, "matchText", { text: "We won!", options: { k: 5000 } });
} catch (error) {
  // the same as a google.rpc.Status: error.metadata.get("grpc-status-details-bin")
  console.log(`  ${grpc.status[error.code]} ${error.details}`);
}

matches.close();
index.close();
