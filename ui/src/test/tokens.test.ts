import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");

type Theme = Record<string, string>;

/** The declarations of the block of this selector. */
function block(selector: string): Theme {
  const open = css.indexOf(`${selector} {`);
  expect(open, selector).toBeGreaterThanOrEqual(0);
  const body = css.slice(open, css.indexOf("}", open));
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]));
}

const light = block(":root");
const dark = { ...light, ...block(':root[data-theme="dark"],\n:root[data-theme="contrast-dark"]') };
const more = block(':root[data-theme^="contrast"]');
const moreDark = block('\n\n:root[data-theme="contrast-dark"]');

const THEMES: Record<string, { theme: Theme; words: number; shapes: number }> = {
  light: { theme: light, words: 4.5, shapes: 3 },
  dark: { theme: dark, words: 4.5, shapes: 3 },
  "high contrast, light": { theme: { ...light, ...more }, words: 7, shapes: 4.5 },
  "high contrast, dark": { theme: { ...dark, ...more, ...moreDark }, words: 7, shapes: 4.5 },
};

const HUES = ["idle", "ringing", "dialing", "talking", "guard", "fault"];

function luminance(colour: string): number {
  const figures = /^#([0-9a-f]{6})$/i.exec(colour)?.[1];
  if (figures === undefined) throw new Error(`not a plain colour: ${colour}`);
  const channel = (at: number): number => {
    const value = parseInt(figures.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4);
}

/** Contrast ratio as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [brighter = 0, darker = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (brighter + 0.05) / (darker + 0.05);
}

describe.each(Object.entries(THEMES))("tokens: %s", (_, { theme, words, shapes }) => {
  const colour = (name: string): string => theme[name] ?? "";
  const surfaces = ["canvas", "surface", "raised", "sunken"];

  it.each(surfaces)("words can be read on %s", (surface) => {
    for (const ink of ["ink", "ink-2", "accent"]) expect(contrast(colour(ink), colour(surface)), ink).toBeGreaterThanOrEqual(words);
  });

  it.each(HUES)("the state colour %s can be read on every surface and on its own wash", (hue) => {
    for (const ground of [...surfaces, `${hue}-wash`]) expect(contrast(colour(hue), colour(ground)), ground).toBeGreaterThanOrEqual(words);
    for (const ink of ["ink", "ink-2"]) expect(contrast(colour(ink), colour(`${hue}-wash`)), ink).toBeGreaterThanOrEqual(words);
  });

  it("controls and the focus ring stand out from what is around them", () => {
    for (const surface of surfaces) {
      expect(contrast(colour("control"), colour(surface)), surface).toBeGreaterThanOrEqual(shapes);
      expect(contrast(colour("focus"), colour(surface)), surface).toBeGreaterThanOrEqual(shapes);
    }
  });

  it("what can be pressed can be read, pressed and hovered", () => {
    expect(contrast(colour("on-accent"), colour("accent"))).toBeGreaterThanOrEqual(words);
    expect(contrast(colour("on-accent"), colour("accent-hover"))).toBeGreaterThanOrEqual(words);
    expect(contrast(colour("ink"), colour("accent-wash"))).toBeGreaterThanOrEqual(words);
  });
});

it("states keep their colours apart in every theme", () => {
  for (const { theme } of Object.values(THEMES)) {
    expect(new Set(["ringing", "dialing", "talking", "fault", "idle"].map((hue) => theme[hue])).size).toBe(5);
  }
});

describe("what says a state by its colour", () => {
  it.each([...HUES, "accent"])("has a rule for %s", (hue) => {
    expect(block(`[data-hue="${hue}"]`)).toEqual({ hue: `var(--${hue})`, wash: `var(--${hue}-wash)` });
  });

  // WebKitGTK keeps each of them for as long as the window is open.
  it("sets no custom property inline in any component", () => {
    const components = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".svelte"));
    expect(components.length).toBeGreaterThan(50);
    expect(components.filter((path) => /style:--|style="[^"]*--|setProperty\(\s*["'`]--/.test(readFileSync(`src/${path}`, "utf8")))).toEqual([]);
  });
});

// Every pair of weight and size is a font that the web view looks up before the first picture.
it("writes in two weights only", () => {
  const sheets = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => /\.(svelte|css)$/.test(path));
  const others = sheets.flatMap((path) => {
    const weights = [...readFileSync(`src/${path}`, "utf8").matchAll(/font-weight: ([^;]+);/g)].map(([, weight]) => weight);
    return weights.filter((weight) => weight !== "400" && weight !== "600").map((weight) => `${path}: ${weight}`);
  });
  expect(others).toEqual([]);
});

// Painted without a graphics card, the blurred shadows of the cards took 100 of the 120 ms from an order to the pixel.
it("draws no blurred shadow", () => {
  const sheets = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((path) => /\.(svelte|css)$/.test(path));
  const shadows = sheets.flatMap((path) => [...readFileSync(`src/${path}`, "utf8").matchAll(/(?:box-shadow|--shadow[\w-]*): ([^;]+);/g)].map(([, value = ""]) => `${path}: ${value}`));
  const layers = shadows.filter((shadow) => !/: (none|var\(--shadow[\w-]*\))$/.test(shadow)).flatMap((shadow) => shadow.split(/,(?![^(]*\))/));
  expect(layers.length).toBeGreaterThan(10);
  // x, y, blur: the third length is nothing, or is not there.
  expect(layers.filter((layer) => !/(?:^|\s)-?\d+(?:px)? -?\d+(?:px)? 0(?:\s|$)/.test(layer))).toEqual([]);
  expect(sheets.filter((path) => /drop-shadow|filter: *blur|backdrop-filter/.test(readFileSync(`src/${path}`, "utf8")))).toEqual([]);
});
