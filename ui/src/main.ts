import { mount } from "svelte";

import { open, startBackend } from "./lib/ipc/start";
import { repairLanguage } from "./lib/language";
import { theme } from "./lib/state/theme.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/choices.css";

/** How long the mark alone is shown at most. */
const PATIENCE_MS = 500;

// The first of the stations of the start; the others are in the App.
performance.mark("started");
repairLanguage();
// Before anything is painted, so that nothing flashes in other colours.
document.documentElement.dataset.theme = theme.name;

const backend = startBackend();
// The program looks for the answer while the window is still being read.
const opening = open(backend);
const asked = Promise.allSettled([opening]);
const target = document.getElementById("app");
const { default: App } = await import("./App.svelte");
// Everything is painted once, with the ports in it; a program that takes longer is shown waiting.
await Promise.race([asked, new Promise((late) => setTimeout(late, PATIENCE_MS))]);
if (target) {
  target.replaceChildren();
  mount(App, { target, props: { backend, opening } });
}
