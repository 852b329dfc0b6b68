// Scrolls through a hundred thousand calls of the toy world and prints how long frames took: node tools/scroll.mjs
import { open, world } from "./world.mjs";

const ROW_PX = 40;
/** The scrolled list. */
const LIST = "[role=grid]";

/** How the list is scrolled: not at all, which the others stand against; as a wheel does it, as a fling does it, and as the bar dragged from end to end. */
const WAYS = [
  { name: "at rest", frames: 120, step: () => 0 },
  { name: "wheel, 3 rows a frame", frames: 240, step: () => 3 * ROW_PX },
  { name: "fling, 40 rows a frame", frames: 240, step: () => 40 * ROW_PX },
  { name: "bar, end to end", frames: 240, step: (height) => height / 240 },
  { name: "jumps anywhere", frames: 60, step: (height, frame) => (((frame * 7919) % 97) - (((frame - 1) * 7919) % 97)) * (height / 97) },
];

/** In the window: scrolls frame by frame, and tells what each frame took and how many of the rows were still being fetched. */
async function scroll({ selector, frames, deltas }) {
  const list = document.querySelector(selector);
  const bones = () => list.querySelectorAll("[role=gridcell][aria-busy=true]").length;
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
    seen += list.querySelectorAll("[role=row]").length;
    bare += bones();
  }
  const rested = performance.now();
  while (bones() > 0 && performance.now() - rested < 5000) await new Promise(requestAnimationFrame);
  return { times, bare, seen, settled_ms: performance.now() - rested };
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

const here = await world();
try {
  const { page } = await open(here, { url: "?scene=lively#calls" });
  await page.waitForSelector("#call-row-5");
  const height = await page.$eval(LIST, (list) => list.scrollHeight - list.clientHeight);
  console.log(`rows: ${Math.round(height / ROW_PX)}`);
  for (const { name, frames, step } of WAYS) {
    const deltas = Array.from({ length: frames }, (_, frame) => step(height, frame + 1));
    const { times, bare, seen, settled_ms } = await page.evaluate(scroll, { selector: LIST, frames, deltas });
    const sorted = times.toSorted((a, b) => a - b);
    const [middle, most, worst] = [0.5, 0.95, 1].map((share) => at(sorted, share).toFixed(1));
    console.log(`${name}: frame p50 ${middle} p95 ${most} max ${worst} ms; ${bare} of ${seen} rows seen as skeletons; whole ${settled_ms.toFixed(0)} ms after`);
  }
} finally {
  await here.end();
}
