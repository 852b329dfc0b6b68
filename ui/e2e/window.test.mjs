// The real window, the real gateway, the simulated box and a telephone on loopback: npm run e2e (after cargo build).
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { display, driver } from "./driver.mjs";
import { phone } from "./phone.mjs";
import { programsOf } from "./programs.mjs";

const TARGET = "[data-path='ports[0].target'] input";
const STATE = "return document.querySelector(\"[data-port='1']\")?.dataset.state === arguments[0]";

let screen;
let webdriver;
let telephone;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopstart-e2e-"));
  screen = await display(90 + (process.pid % 9));
  telephone = await phone(1_500);
  webdriver = await driver(4_600 + (process.pid % 300), { DISPLAY: screen.name, LOOPSTART_DATA_DIR: folder, LOOPSTART_VIRTUAL: "2" });
});

after(async () => {
  await webdriver?.end();
  telephone?.end();
  screen?.end();
  await rm(folder, { recursive: true, force: true });
});

test("a target is changed, a line rings, is called, talks, and everything is still there after a restart", { timeout: 120_000 }, async () => {
  const window = await webdriver.open();
  const target = `phone@127.0.0.1:${telephone.port}`;
  await window.until("the line is idle", STATE, "idle");
  await window.until("the guide opens at the first start", "return document.querySelector('[data-guide-leave]') !== null");
  await window.click("[data-guide-leave]");
  await window.until("the guide is gone", "return document.querySelector('[data-guide-step]') === null");

  // Users & Ports: trunk mode needs no registration; two ports, one with a target.
  await window.click("[data-page='users_and_ports']");
  await window.click("[data-mode='sip_trunk']");
  await window.type("[data-path='gateway.remote_server'] input", `127.0.0.1:${telephone.port}`);
  await window.type("[data-path='gateway.sip_port'] input", String(20_000 + (process.pid % 10_000)));
  await window.type("[data-path='gateway.bind_address'] input", "127.0.0.1");
  await window.type(TARGET, target);
  await window.until(
    "the exact URI is shown",
    "return document.querySelector(arguments[0]).textContent.includes(arguments[1])",
    "[data-path='ports[0].target'] .note",
    `sip:${target}`,
  );
  await window.until("Apply can be pressed", "return document.querySelector('.bar .primary')?.disabled === false");
  await window.shoot("window-1-draft");
  await window.click(".bar .primary");
  await window.until("the blanks are to be confirmed", "return document.querySelector('[role=alertdialog]') !== null");
  await window.shoot("window-2-confirm");
  await window.click("[role=alertdialog] .primary");
  await window.until("the settings hold", "return document.querySelector('.bar .primary') === null");
  await window.until("the strip tells the mode in force", "return /^SIP trunk$/i.test(document.querySelector(arguments[0]).textContent)", "[data-strip='mode']");

  // The line rings, the telephone is called, both talk.
  await window.click("[data-page='overview']");
  await window.run(
    `window.__seen = [];
     const note = () => {
       const state = document.querySelector("[data-port='1']")?.dataset.state;
       if (state && window.__seen.at(-1) !== state) window.__seen.push(state);
     };
     note();
     new MutationObserver(note).observe(document.querySelector("[data-port='1']"), { attributes: true });`,
  );
  await window.click(".title .button");
  // Caller ID between the rings, so that the card has something to collect while it only rings.
  await window.click("[data-exchange-line='1'] .choice");
  await window.until("the ways of caller ID drop down", "return document.querySelector('[role=option][data-value=v23]') !== null");
  await window.click("[role=option][data-value=v23]");
  await window.click("[data-exchange-line='1'] button[type=submit]");
  await window.until("the line rings", "return window.__seen.includes('ringing') || window.__seen.includes('calling')");
  await window.until("the telephone is called", STATE, "calling");
  await window.shoot("window-3-calling");
  await window.until("both talk", STATE, "talking");
  assert.deepEqual(telephone.invites, [`sip:${target}`]);
  assert.match(await window.text("[data-port='1'] .parties"), /\(11\) 3333-4444/);
  await window.until("the levels move", "return document.querySelector(\"[data-port='1'] .bar .lit\") !== null");
  await window.shoot("window-4-talking");

  // The far end hangs up; the gateway hears it and tells the telephone.
  await window.click("[data-exchange-line='1'] .acts button:first-child");
  await window.until("the line is idle again", STATE, "idle");
  assert.equal(telephone.byes, 1);
  const seen = await window.run("return window.__seen");
  const story = seen.filter((state) => ["ringing", "calling", "talking", "idle"].includes(state));
  assert.deepEqual(story, ["idle", "ringing", "calling", "talking", "idle"]);
  await window.shoot("window-5-idle");
  await window.close();

  const again = await webdriver.open();
  await again.click("[data-page='users_and_ports']");
  assert.equal(await again.value(TARGET), target);
  assert.equal(await again.run("return document.querySelector(\"[data-mode='sip_trunk']\").dataset.state"), "checked");
  await again.shoot("window-6-restarted");

  // Asked to end in the middle of a call, the program says goodbye first.
  await again.click("[data-page='overview']");
  await again.until("the line is idle after the restart", STATE, "idle");
  await again.click(".title .button");
  await again.click("[data-exchange-line='1'] button[type=submit]");
  await again.until("both talk again", STATE, "talking");
  const [program] = await programsOf(folder);
  process.kill(program, "SIGTERM");
  for (let tries = 0; telephone.byes < 2 && tries < 100; tries += 1) await pause(50);
  assert.equal(telephone.byes, 2);
  await again.close().catch(() => {});
});
