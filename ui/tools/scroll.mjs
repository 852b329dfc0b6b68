// Scrolls through a hundred thousand calls of the toy world and prints how long frames took: node tools/scroll.mjs
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";
import { createServer } from "vite";

const PORT = Number(process.env.SCROLL_PORT ?? 1437);
const ROW_PX = 40;

/** How the list is scrolled: as a wheel does it, as a fling does it, and as the bar dragged from end to end. */
const WAYS = [
  { name: "wheel, 3 rows a frame", frames: 240, step: () => 3 * ROW_PX },
  { name: "fling, 40 rows a frame", frames: 240, step: () => 40 * ROW_PX },
  { name: "bar, end to end", frames: 240, step: (height) => height / 240 },
  { name: "jumps anywhere", frames: 60, step: (height, frame) => ((frame * 7919) % 97) * (height / 97) - ((frame - 1) * 7919 % 97) * (height / 97) },
];

/** In the window: scrolls frame by frame, and tells what each frame took and how many of the seen rows were still being fetched. */
async function scroll({ frames, deltas }) {
  const list = document.querySelector("[role=grid] [role=rowgroup] + * > [role=rowgroup], [role=grid] .rows > [role=rowgroup]");
  list.scrollTop = 0;
  await new Promise((next) => setTimeout(next, 300));
  const times = [];
  let bare = 0;
  let seen = 0;
  let before = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < frames; frame += 1) {
    list.scrollTop += deltas[frame];
    const now = await new Promise(requestAnimationFrame);
    times.push(now - before);
    before = now;
    const rows = list.querySelectorAll("[role=row]");
    seen += rows.length;
    bare += list.querySelectorAll("[role=row] .bone:first-child").length > 0 ? list.querySelectorAll("[role=gridcell][aria-busy=true]").length : 0;
  }
  const began = performance.now();
  while (list.querySelector("[aria-busy=true]") && performance.now() - began < 5000) await new Promise(requestAnimationFrame);
  return { times, bare, seen, settled: performance.now() - began };
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

process.env.VITE_FAKE = "1";
const root = fileURLToPath(new URL("..", import.meta.url));
const server = await createServer({ root, server: { port: PORT, strictPort: true }, logLevel: "warn" });
await server.listen();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(`http://localhost:${PORT}/?scene=lively#calls`);
  await page.waitForSelector("#call-row-5");
  const height = await page.$eval("[role=grid] .rows > [role=rowgroup]", (list) => list.scrollHeight - list.clientHeight);
  console.log(`rows: ${Math.round(height / ROW_PX)}`);
  for (const { name, frames, step } of WAYS) {
    const deltas = Array.from({ length: frames }, (_, frame) => step(height, frame + 1));
    const { times, bare, seen, settled } = await page.evaluate(scroll, { frames, deltas });
    const sorted = times.toSorted((a, b) => a - b);
    const figures = [0.5, 0.95, 1].map((share) => at(sorted, share).toFixed(1));
    console.log(`${name}: frame p50 ${figures[0]} p95 ${figures[1]} max ${figures[2]} ms; ${bare} of ${seen} rows skeletons; filled ${settled.toFixed(0)} ms after`);
  }
} finally {
  await browser.close();
  await server.close();
}
