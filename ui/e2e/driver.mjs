// A WebDriver client of forty lines, and the program's window behind it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const BINARY = process.env.LOOPSTART_BINARY ?? `${ROOT}target/debug/loopstart`;
const SHOTS = `${ROOT}screenshots/`;
const photograph = promisify(execFile);
/** Keys that are no letters (WebDriver §17.4.2). */
const KEYS = { Control: "\uE009", Escape: "\uE00C", Enter: "\uE007" };
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** A display of our own, where none is given. */
export async function display(number) {
  if (process.env.E2E_DISPLAY) return { name: process.env.E2E_DISPLAY, end: () => {} };
  const name = `:${number}`;
  const server = spawn("Xvfb", [name, "-screen", "0", "1280x800x24", "-nolisten", "tcp"], { stdio: "ignore" });
  for (let tries = 0; !(await access(`/tmp/.X11-unix/X${number}`).then(() => true, () => false)); tries += 1) {
    if (tries > 200) throw new Error("Xvfb does not answer");
    await pause(50);
  }
  return { name, end: () => server.kill() };
}

/** Every WebDriver that was started; each leads a group of processes with its windows in it. */
const drivers = new Set();

// A test that failed half way left its windows open: they end with it, instead of keeping whoever started it waiting.
process.on("exit", () => drivers.forEach(endGroup));
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

function endGroup(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // All of it ended already.
  }
}

/** A WebDriver whose windows live on that display and read that environment. */
export async function driver(port, environment) {
  const env = { ...process.env, ...environment, TAURI_AUTOMATION: "true", TAURI_WEBVIEW_AUTOMATION: "true", WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
  const child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], { env, stdio: ["ignore", "inherit", "inherit"], detached: true });
  drivers.add(child);
  child.unref();
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
      const ended = once(child, "exit");
      child.ref();
      if (child.exitCode === null && child.signalCode === null && child.kill()) await ended;
      endGroup(child);
      drivers.delete(child);
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
        if (Date.now() > end) {
          await window.shoot("window-waited-in-vain");
          throw new Error(`waited in vain until ${what}`);
        }
        await pause(40);
      }
    },
    click: async (css) => call("POST", `${at}/element/${await find(css)}/click`),
    /** Clicks what ends the program: it may be gone before the driver could answer, and whether it is gone is asked elsewhere. */
    async clickLast(css) {
      const element = await find(css);
      await call("POST", `${at}/element/${element}/click`).catch(() => {});
    },
    async type(css, text) {
      const element = await find(css);
      await call("POST", `${at}/element/${element}/clear`);
      await call("POST", `${at}/element/${element}/value`, { text });
    },
    /** Presses keys at once, where the focus is. */
    async key(...names) {
      const keys = names.map((name) => KEYS[name] ?? name);
      const down = keys.map((value) => ({ type: "keyDown", value }));
      const up = keys.reverse().map((value) => ({ type: "keyUp", value }));
      await call("POST", `${at}/actions`, { actions: [{ type: "key", id: "keyboard", actions: [...down, ...up] }] });
    },
    text: (css) => run("return document.querySelector(arguments[0])?.textContent ?? null", css),
    value: (css) => run("return document.querySelector(arguments[0])?.value ?? null", css),
    /** Photographs the display; WebDriver's own photograph sometimes never comes. */
    async shoot(name) {
      await mkdir(SHOTS, { recursive: true });
      await photograph("import", ["-display", screen, "-window", "root", `${SHOTS}${name}.png`]);
    },
    /** What went wrong in the page since it opened. */
    complaints: () => run("return window.__complaints"),
    close: () => call("DELETE", at),
  };
  await run(
    `window.__complaints = [];
     const complain = (what) => window.__complaints.push(String(what?.stack ?? what?.message ?? what));
     addEventListener("error", (event) => complain(event.error ?? event.message));
     addEventListener("unhandledrejection", (event) => complain(event.reason));
     console.error = complain;`,
  );
  await window.until("the first picture is painted", "return document.querySelector('main[aria-busy=false]') !== null");
  return window;
}
