// A WebDriver client of forty lines, and the program's window behind it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const BINARY = process.env.LOOPSTART_BINARY ?? `${ROOT}target/debug/loopstart`;
const SHOTS = `${ROOT}screenshots/`;
const photograph = promisify(execFile);
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** A display of our own, where none is given. */
export async function display(number) {
  if (process.env.E2E_DISPLAY) return { name: process.env.E2E_DISPLAY, end: () => {} };
  const name = `:${number}`;
  const server = spawn("Xvfb", [name, "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: "ignore" });
  await pause(700);
  return { name, end: () => server.kill() };
}

/** A WebDriver whose windows live on that display and read that environment. */
export async function driver(port, environment) {
  const env = { ...process.env, ...environment, TAURI_AUTOMATION: "true", TAURI_WEBVIEW_AUTOMATION: "true", WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
  const child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: ["ignore", "inherit", "inherit"] });
  const base = `http://127.0.0.1:${port}`;
  for (let tries = 0; ; tries += 1) {
    const ready = await fetch(`${base}/status`).then((answer) => answer.ok, () => false);
    if (ready) break;
    if (tries > 100) throw new Error("WebKitWebDriver does not answer");
    await pause(50);
  }
  return {
    open: () => open(base, env.DISPLAY),
    async end() {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function open(base, screen) {
  const call = async (method, path, body) => {
    const answer = await fetch(base + path, { method, body: method === "POST" ? JSON.stringify(body ?? {}) : undefined, signal: AbortSignal.timeout(15_000) }).catch((error) => {
      throw new Error(`${method} ${path}: ${error.message}`);
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${value.error}: ${value.message}`);
    return value;
  };
  const capabilities = { alwaysMatch: { browserName: "wry", "webkitgtk:browserOptions": { binary: BINARY, args: [] } } };
  const { sessionId } = await call("POST", "/session", { capabilities });
  const at = `/session/${sessionId}`;
  const find = async (css) => (await call("POST", `${at}/element`, { using: "css selector", value: css }))[ELEMENT];
  const run = (script, ...args) => call("POST", `${at}/execute/sync`, { script, args });
  const window = {
    run,
    /** Waits until the script answers something true, and answers it. */
    async until(what, script, ...args) {
      const end = Date.now() + 20_000;
      for (;;) {
        const value = await run(script, ...args);
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
        await pause(40);
      }
    },
    click: async (css) => call("POST", `${at}/element/${await find(css)}/click`),
    async type(css, text) {
      const element = await find(css);
      await call("POST", `${at}/element/${element}/clear`);
      await call("POST", `${at}/element/${element}/value`, { text });
    },
    text: (css) => run("return document.querySelector(arguments[0])?.textContent ?? null", css),
    value: (css) => run("return document.querySelector(arguments[0])?.value ?? null", css),
    /** Photographs the display; WebDriver's own photograph sometimes never comes. */
    async shoot(name) {
      await mkdir(SHOTS, { recursive: true });
      await photograph("import", ["-display", screen, "-window", "root", `${SHOTS}${name}.png`]);
    },
    close: () => call("DELETE", at),
  };
  await window.until("the first picture is painted", "return document.querySelector('main[aria-busy=false]') !== null");
  return window;
}
