// Photographs every page over the toy world, in every size, language and scheme, and some moments once: node tools/screenshots.mjs [part of a name]
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { MOMENTS } from "./moments.mjs";
import { open, pageNames, world } from "./world.mjs";

const OUT = fileURLToPath(new URL("../../screenshots/", import.meta.url));
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const LANGUAGES = ["pt-BR", "en"];
const SCHEMES = ["light", "dark"];

/** Every page as it opens, in every size, language and scheme. */
function pictures(page) {
  return SCHEMES.flatMap((scheme) =>
    SIZES.flatMap((size) =>
      LANGUAGES.map((language) => ({ name: `${page}-${scheme}-${size.width}-${language}`, url: `?scene=lively#${page}`, scheme, size, language })),
    ),
  );
}

async function photograph(here, { name, act, ...view }) {
  const { page, complaints, close } = await open(here, view);
  // Levels and other live figures come a moment after the page.
  await page.waitForTimeout(250);
  if (act) await act(page);
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${OUT}${name}.png` });
  await close();
  return complaints.map((complaint) => `${name}: ${complaint}`);
}

const wanted = process.argv[2] ?? "";
await mkdir(OUT, { recursive: true });
const here = await world();
const complaints = [];
try {
  const shots = [...(await pageNames(here)).flatMap(pictures), ...MOMENTS];
  for (const shot of shots.filter(({ name }) => name.includes(wanted))) complaints.push(...(await photograph(here, shot)));
} finally {
  await here.end();
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
