import { mount } from "svelte";

import App from "./App.svelte";
import { startBackend } from "./lib/ipc/start";
import { repairLanguage } from "./lib/language";
import { theme } from "./lib/state/theme.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/choices.css";

repairLanguage();
// Before anything is painted, so that nothing flashes in other colours.
document.documentElement.dataset.theme = theme.name;

const target = document.getElementById("app");
if (target) {
  target.replaceChildren();
  mount(App, { target, props: { backend: startBackend() } });
}
