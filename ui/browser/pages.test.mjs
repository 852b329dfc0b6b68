// Every page of the window in a real browser, in every theme: what axe finds, what cannot be reached by keyboard, what sticks out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { browserIsHere, open, pageNames, world } from "../tools/world.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const THEMES = [
  { scheme: "light" },
  { scheme: "dark" },
  { scheme: "light", contrast: "more" },
  { scheme: "dark", contrast: "more" },
];
const SCENES = ["lively", "trouble"];
const SIZES = [
  { width: 880, height: 600 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const LANGUAGES = ["pt-BR", "en", "es"];

/** For all tests here: how long they may take, and why they are skipped where they are. */
const RUN = { timeout: 600_000, skip: browserIsHere ? false : "Chromium is not installed here" };

/** More presses of Tab than any page has stops. */
const MOST_STOPS = 400;

let here;
let pages;

before(async () => {
  if (!browserIsHere) return;
  here = await world();
  pages = await pageNames(here);
  assert.ok(pages.includes("overview") && pages.length > 1, `pages: ${pages}`);
});

after(() => here?.end());

/** Opens the window once for each view, goes through all pages in it, and gathers what `look` finds wrong on each. */
async function everywhere(views, look) {
  const found = [];
  for (const view of views) {
    const { page, complaints, close } = await open(here, { ...view, url: `?scene=${view.scene}` });
    for (const name of pages) {
      await page.click(`[data-page=${name}]`);
      await page.waitForSelector(`[data-page=${name}][aria-current=page]`);
      await page.waitForSelector("main[aria-busy=false]");
      const where = [name, view.scene, view.language].filter(Boolean).join(" ");
      found.push(...(await look(page)).map((problem) => `${where}: ${problem}`));
    }
    found.push(...complaints.map((complaint) => `the browser complains: ${complaint}`));
    await close();
  }
  assert.deepEqual(found, []);
}

test("axe finds nothing serious, on any page, in any theme", RUN, async () => {
  await everywhere(SCENES.map((scene) => ({ scene })), seriousInEveryTheme);
});

/** What axe finds that is serious, in each theme. */
async function seriousInEveryTheme(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.addScriptTag({ content: AXE });
  const found = [];
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme.scheme, contrast: theme.contrast ?? "no-preference" });
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    const told = serious.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
    found.push(...told.map((problem) => `${theme.scheme} ${theme.contrast ?? ""}: ${problem}`));
  }
  return found;
}

test("everything that can be pressed or filled in is reached by Tab, and shows that it has the focus", RUN, async () => {
  await everywhere([{ scene: "lively" }], async (page) => {
    await page.evaluate(() => document.activeElement?.blur());
    const wanted = await page.evaluate(markStops);
    const { reached, unseen } = await walk(page);
    const missed = wanted.filter(({ id }) => !reached.has(id)).map(({ what }) => `Tab does not reach ${what}`);
    return [...missed, ...unseen.map((what) => `the focus cannot be seen on ${what}`)];
  });
});

test("nothing sticks out of the window, in any language or size", RUN, async () => {
  await everywhere(LANGUAGES.map((language) => ({ scene: "trouble", language })), async (page) => {
    const found = [];
    for (const size of SIZES) {
      await page.setViewportSize(size);
      found.push(...(await page.evaluate(stickingOut)).map((problem) => `${size.width}: ${problem}`));
    }
    return found;
  });
});

test("every card has room for what it says, in any language and size, with any number of ports", RUN, async () => {
  const found = [];
  for (const language of LANGUAGES) {
    for (const scene of ["lively", "eight", "many", "full"]) {
      const { page, close } = await open(here, { url: `?scene=${scene}#overview`, language });
      // The calls of earlier runs come a moment after the cards.
      await page.waitForSelector("[data-port] button.link");
      for (const size of SIZES) {
        await page.setViewportSize(size);
        found.push(...(await page.evaluate(overflowing)).map((problem) => `${scene} ${language} ${size.width}: ${problem}`));
      }
      await close();
    }
  }
  assert.deepEqual(found, []);
});

test("the test of a line profile, when it is over: axe finds nothing serious, and nothing sticks out or scrolls sideways", RUN, async () => {
  const found = [];
  for (const language of LANGUAGES) {
    const { page, close } = await open(here, { url: "?scene=trouble#lines", language });
    await page.focus("[data-phase] .button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-phase=done]");
    for (const size of SIZES) {
      await page.setViewportSize(size);
      const problems = await page.evaluate(stickingOut);
      const sideways = await page.evaluate(() => {
        const boxes = [...document.querySelectorAll(".page-body, .page-body table")];
        return boxes.filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => `${box.className} is ${box.scrollWidth} px wide in ${box.clientWidth}`);
      });
      const over = await page.evaluate(cutCells);
      found.push(...[...problems, ...sideways, ...over].map((problem) => `${language} ${size.width}: ${problem}`));
    }
    found.push(...(await seriousInEveryTheme(page)).map((problem) => `${language} ${problem}`));
    await close();
  }
  assert.deepEqual(found, []);
});

/** Cells that say more than their column has room for. Runs in the page. */
function cutCells() {
  const cells = [...document.querySelectorAll("td:not([aria-hidden]), th")].filter((cell) => cell.checkVisibility());
  return cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => `"${cell.textContent.trim().slice(0, 40)}" is wider than its column`);
}

/** Gives each control that a person should reach a number, and answers them. Runs in the page. */
function markStops() {
  const controls = document.querySelectorAll("button, input, select, textarea, a[href], summary, [tabindex='0']");
  const stops = [...controls].filter((control) => {
    const composite = control.closest("[role=radiogroup], [role=tablist], [role=toolbar], [role=listbox], [role=grid], [role=slider]");
    // Inside these, arrows move; one stop for all of them is the rule (WAI-ARIA practices).
    const roving = composite && control.tabIndex < 0;
    return control.checkVisibility({ visibilityProperty: true }) && !control.disabled && !roving && control.getAttribute("aria-hidden") !== "true";
  });
  return stops.map((control, index) => {
    control.dataset.stop = String(index);
    return { id: String(index), what: `${control.tagName.toLowerCase()} "${(control.getAttribute("aria-label") ?? control.textContent ?? "").trim().slice(0, 40)}"` };
  });
}

/** Presses Tab until the focus has gone round: past the end of the page it begins at its top. */
async function walk(page) {
  const reached = new Set();
  let rounds = 0;
  const unseen = [];
  for (let press = 0; press < MOST_STOPS; press += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const active = document.activeElement;
      if (!active || active === document.body) return null;
      const shows = (element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return (outlineStyle !== "none" && outlineWidth !== "0px") || boxShadow !== "none";
      };
      return { id: active.dataset.stop ?? null, seen: shows(active) || (active.parentElement !== null && shows(active.parentElement)), what: active.outerHTML.slice(0, 80) };
    });
    if (stop === null) {
      rounds += 1;
      if (rounds > 2) break;
      continue;
    }
    if (stop.id !== null && reached.has(stop.id)) break;
    if (stop.id !== null) reached.add(stop.id);
    if (!stop.seen) unseen.push(stop.what);
  }
  return { reached, unseen };
}

/** What lies beyond the window's edge without a way to scroll to it. Runs in the page. */
function stickingOut() {
  const problems = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`the page is ${root.scrollWidth} px wide`);
  const scrolls = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth) return true;
    }
    return false;
  };
  for (const element of document.querySelectorAll("button, input, h1, h2, h3, p, label, dd, dt, td, th")) {
    const { left, right, width } = element.getBoundingClientRect();
    if (width > 1 && element.checkVisibility() && (right > innerWidth + 1 || left < -1) && !scrolls(element)) {
      problems.push(`${element.tagName.toLowerCase()} "${element.textContent.trim().slice(0, 40)}" ends at ${Math.round(right)} of ${innerWidth}`);
    }
  }
  return problems;
}

/** Parts of the cards that say more than they have room for. Runs in the page. */
function overflowing() {
  const parts = [...document.querySelectorAll("[data-port] > *")];
  const over = parts.filter((part) => part.scrollHeight > part.clientHeight + 1);
  return over.map((part) => `port ${part.parentElement.dataset.port}, ${part.className.split(" ")[0]}: ${part.scrollHeight} px in ${part.clientHeight}: "${part.textContent.trim().slice(0, 60)}"`);
}
