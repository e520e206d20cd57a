import { useEffect } from "preact/hooks";
import * as state from "../state";
import { Desk } from "./desk";
import { keys } from "./keys";
import { Reader } from "./reader";

export function Page() {
  useEffect(() => {
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, []);
  return state.reading.value ? <Reader /> : <Desk />;
}
