// Photographs every page over the toy world: node tools/screenshots.mjs [part of a name]
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";
import { createServer } from "vite";

const OUT = fileURLToPath(new URL("../../screenshots/", import.meta.url));
const PORT = 1431;
const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
const LANGUAGES = ["pt-BR", "en"];
const SCHEMES = ["light", "dark"];

/** What is photographed in every size, language and scheme. */
const PAGES = [
  { name: "overview", url: "?scene=lively#overview" },
  { name: "users-and-ports", url: "?scene=lively#users_and_ports" },
  { name: "history", url: "?scene=lively#history" },
];

/** What is photographed once, because only its own subject matters. */
const MOMENTS = [
  { name: "exchange", url: "?scene=lively&exchange=open#overview" },
  { name: "quiet", url: "?scene=quiet#overview" },
  { name: "empty", url: "?scene=empty#overview" },
  { name: "empty-users", url: "?scene=empty#users_and_ports" },
  { name: "one-port", url: "?scene=single&exchange=open#overview" },
  { name: "many-ports", url: "?scene=many#overview" },
  { name: "trouble", url: "?scene=trouble#overview" },
  { name: "trouble-dark", url: "?scene=trouble#overview", scheme: "dark" },
  { name: "small-window", url: "?scene=lively&exchange=open#overview", size: { width: 880, height: 600 } },
  { name: "small-users", url: "?scene=lively#users_and_ports", size: { width: 880, height: 600 } },
  { name: "contrast-light", url: "?scene=trouble#overview", contrast: "more" },
  { name: "contrast-dark", url: "?scene=lively#users_and_ports", contrast: "more", scheme: "dark" },
  { name: "spanish", url: "?scene=lively#users_and_ports", language: "es" },
  { name: "ringing", url: "?scene=quiet&exchange=open#overview", act: ring },
  { name: "dirty", url: "?scene=lively#users_and_ports", act: edit },
  { name: "dirty-dark", url: "?scene=lively#users_and_ports", act: edit, scheme: "dark" },
  { name: "trunk", url: "?scene=lively#users_and_ports", act: (page) => page.click("[data-mode=sip_trunk]") },
  { name: "single-user", url: "?scene=lively#users_and_ports", act: (page) => page.click("[data-path='gateway.single_user'] button") },
  { name: "problems", url: "?scene=lively#users_and_ports", act: breakThings },
  { name: "review", url: "?scene=lively#users_and_ports", act: review },
  { name: "waiting", url: "?scene=lively#users_and_ports", act: waitForIdle },
  { name: "rolled-back", url: "?scene=lively#users_and_ports", act: rollBack },
  { name: "rolled-back-small", url: "?scene=lively#users_and_ports", act: rollBack, size: { width: 880, height: 600 } },
  { name: "history-small", url: "?scene=lively#history", size: { width: 880, height: 600 } },
  { name: "confirm", url: "?scene=lively#users_and_ports", act: confirm },
  { name: "focus", url: "?scene=lively#users_and_ports", act: focus },
  { name: "menu", url: "?scene=lively#overview", act: (page) => page.click("[data-port='1'] .actions button:last-child") },
];

async function ring(page) {
  await page.click("[data-exchange-line='1'] button[type=submit]");
  await page.waitForSelector("[data-port='1'][data-state=calling]");
}

async function edit(page) {
  await page.fill("[data-path='ports[0].name'] input", "Recepção do prédio da administração central");
  await page.fill("[data-path='ports[1].target'] input", "230");
  await page.fill("[data-path='gateway.remote_server'] input", "voz.cliente-muito-importante.com.br:5080");
  await page.waitForTimeout(300);
}

async function breakThings(page) {
  await page.fill("[data-path='gateway.remote_server'] input", "");
  await page.fill("[data-path='gateway.sip_port'] input", "70000");
  await page.fill("[data-path='ports[0].target'] input", "duas palavras");
  await page.fill("[data-path='ports[1].user'] input", "");
  await page.waitForTimeout(300);
}

async function review(page) {
  await edit(page);
  await page.click("[data-path='ports[1].sip_to_fxo'] button");
  await page.waitForTimeout(300);
  await page.click(".bar [data-act=review]");
  await page.waitForSelector("[role=dialog]");
}

async function waitForIdle(page) {
  await page.fill("[data-path='ports[0].target'] input", "210");
  await page.waitForTimeout(300);
  await page.click(".bar .more");
  await page.click("[role=menuitem]");
}

/** The toy registrar refuses this secret. */
async function rollBack(page) {
  await page.fill("[data-path='ports[0].secret'] input", "refused");
  await page.waitForTimeout(300);
  await page.click(".bar .main");
  await page.waitForSelector(".bar.failed");
}

async function confirm(page) {
  await page.click("[data-mode=sip_trunk]");
  await page.waitForTimeout(300);
  await page.click(".bar .acts .button.primary");
  await page.waitForSelector("[role=alertdialog]");
}

async function focus(page) {
  await page.focus("[data-path='ports[0].target'] input");
  await page.keyboard.press("Shift+Tab");
}

async function photograph(browser, base, { name, url, act, size = SIZES[0], language = "pt-BR", scheme = "light", contrast = "no-preference" }) {
  const context = await browser.newContext({ viewport: size, locale: language, colorScheme: scheme, contrast });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(base + url);
  await page.waitForSelector("main[aria-busy=false]");
  await page.waitForTimeout(250);
  if (act) await act(page);
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${OUT}${name}.png` });
  await context.close();
  return complaints.map((complaint) => `${name}: ${complaint}`);
}

const wanted = process.argv[2] ?? "";
const shots = [...MOMENTS];
for (const page of PAGES) {
  for (const scheme of SCHEMES) {
    for (const size of SIZES) {
      for (const language of LANGUAGES) shots.push({ ...page, scheme, size, language, name: `${page.name}-${scheme}-${size.width}-${language}` });
    }
  }
}

process.env.VITE_FAKE = "1";
await mkdir(OUT, { recursive: true });
const server = await createServer({ root: fileURLToPath(new URL("..", import.meta.url)), server: { port: PORT, strictPort: true }, logLevel: "warn" });
await server.listen();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const complaints = [];
try {
  for (const shot of shots.filter(({ name }) => name.includes(wanted))) {
    complaints.push(...(await photograph(browser, `http://localhost:${PORT}/`, shot)));
  }
} finally {
  await browser.close();
  await server.close();
}
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length === 0 ? 0 : 1;
