// The window over the toy world, in a real browser: built once, served on loopback, opened as often as wanted.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";
import { build, preview } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BROWSER = process.env.CHROMIUM ?? "/usr/bin/chromium";
// The machine may have no way out: a browser that looks for one only waits.
const ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Whether this machine has the browser. */
export const browserIsHere = existsSync(BROWSER);

/** Builds and serves the window, and starts the browser. */
export async function world() {
  process.env.VITE_FAKE = "1";
  const outDir = await mkdtemp(join(tmpdir(), "loopstart-window-"));
  const shape = { root: ROOT, logLevel: "warn", build: { outDir, emptyOutDir: true } };
  await build(shape);
  const server = await preview({ ...shape, preview: { host: "127.0.0.1", port: 0 } });
  const base = server.resolvedUrls.local[0];
  const browser = await chromium.launch({ executablePath: BROWSER, args: ARGS });
  return {
    base,
    browser,
    async end() {
      await browser.close();
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
  };
}

/** A window of that world; what it complains of is gathered in `complaints`. */
export async function open({ base, browser }, { url, size = { width: 1280, height: 800 }, language = "pt-BR", scheme = "light", contrast = "no-preference" }) {
  const context = await browser.newContext({ viewport: size, locale: language, colorScheme: scheme, contrast, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(base + url);
  await page.waitForSelector("main[aria-busy=false]");
  return { page, complaints, close: () => context.close() };
}

/** The names of all pages, as the sidebar has them. */
export async function pageNames(world) {
  const { page, close } = await open(world, { url: "?scene=lively#overview" });
  const names = await page.$$eval("[data-page]", (entries) => entries.map((entry) => entry.dataset.page));
  await close();
  return names;
}
