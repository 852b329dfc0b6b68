import { mount } from "svelte";

import App from "./App.svelte";
import { startBackend } from "./lib/ipc/start";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/choices.css";

const target = document.getElementById("app");
if (target) mount(App, { target, props: { backend: startBackend() } });
