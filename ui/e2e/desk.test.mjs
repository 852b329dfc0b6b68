// The program as a citizen of the desktop, in the real window: the first-run guide with a softphone, two instances, a window that is closed
// while a call is up. npm run e2e (after cargo build).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { BINARY, display, driver } from "./driver.mjs";
import { phone } from "./phone.mjs";
import { programsOf } from "./programs.mjs";
import { closeWindow } from "./x11.mjs";

const NO_BUS = "unix:path=/nonexistent/bus";
const DONE = "return document.querySelector(`[data-task='${arguments[0]}']`)?.dataset.done === 'true'";
const STEP = "return document.querySelector('[data-guide-step]')?.dataset.guideStep === arguments[0]";
const VISIBLE = "return document.visibilityState === arguments[0]";

let screen;
let telephone;
let folder;
let bus;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopstart-desk-"));
  screen = await display(80 + (process.pid % 9));
  telephone = await phone(800);
  bus = await sessionBus();
});

after(async () => {
  telephone?.end();
  bus?.end();
  screen?.end();
  await rm(folder, { recursive: true, force: true });
});

/** A session bus of our own: nothing of this test is seen on a real desktop. */
async function sessionBus() {
  const daemon = spawn("dbus-daemon", ["--session", "--nofork", "--print-address=1"], { stdio: ["ignore", "pipe", "inherit"] });
  const [address] = await once(daemon.stdout, "data");
  return { address: address.toString().trim(), end: () => daemon.kill() };
}

const environment = (data, address) => ({
  DISPLAY: screen.name,
  LOOPSTART_DATA_DIR: data,
  LOOPSTART_VIRTUAL: "2",
  DBUS_SESSION_BUS_ADDRESS: address,
  LC_ALL: "C.UTF-8",
});

const PORTS = { first: 4_700 + (process.pid % 100), second: 4_900 + (process.pid % 100) };

async function gone(data) {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await programsOf(data)).length === 0) return;
    await pause(50);
  }
  assert.fail("the program does not end");
}

test("from the first start to an answered call, then closed, called back, started twice, and ended", { timeout: 180_000 }, async () => {
  const data = join(folder, "guide");
  const webdriver = await driver(PORTS.first, environment(data, bus.address));
  const began = Date.now();
  const window = await webdriver.open();

  // The guide, pressing only what it offers.
  for (const step of ["box", "country", "mode", "users"]) {
    await window.until(`the step ${step} is shown`, STEP, step);
    await window.until("it can go on", "return document.querySelector('[data-guide-next]')?.disabled === false");
    if (step === "users") await window.until("the draft was checked", "return document.querySelector('.guide [aria-invalid=true]') === null");
    await window.shoot(`desk-guide-${step}`);
    await window.click("[data-guide-next]");
  }
  await window.until("the settings are applied", STEP, "call");
  await window.click(".guide dd [aria-pressed=false]");
  const [server, user, secret] = await window.run("return [...document.querySelectorAll('.guide dd .value')].map((value) => value.textContent)");
  const [host, port] = server.split(":");
  assert.equal(await telephone.register({ host, port: Number(port ?? 5060) }, user, "wrong"), 401);
  assert.equal(await telephone.register({ host, port: Number(port ?? 5060) }, user, secret), 200);
  await window.until("the softphone is registered", DONE, "registered");
  await window.click("[data-guide-ring]");
  await window.until("it rings", DONE, "rang");
  await window.until("both talk", DONE, "talked");
  await window.shoot("desk-guide-talking");
  console.log(`first start to answered call: ${Date.now() - began} ms`);
  await window.click("[data-guide-next]");
  await window.until("the guide is gone", "return document.querySelector('[data-guide-step]') === null");

  // The window goes, the call stays.
  await window.click("[data-page='about']");
  await window.until("the preferences are shown", "return document.querySelector('[data-preference=close_to_tray] button') !== null");
  await window.shoot("desk-about");
  if ((await window.run("return document.querySelector('[data-preference=close_to_tray] button').dataset.state")) !== "checked") {
    await window.click("[data-preference='close_to_tray'] button");
    await window.until("closing leaves the gateway running", "return document.querySelector('[data-preference=close_to_tray] button').dataset.state === 'checked'");
  }
  await window.until("the window is visible", VISIBLE, "visible");
  await closeWindow(screen.name, "Loopstart");
  await window.until("the window is hidden", VISIBLE, "hidden");
  const heard = telephone.packets;
  await pause(1_000);
  assert.ok(telephone.packets > heard + 20, `audio goes on: ${telephone.packets - heard} packets in a second`);
  assert.equal(telephone.byes, 0);

  // Starting the program again brings the window back, and ends at once.
  const twin = spawn(BINARY, [], { env: { ...process.env, ...environment(data, bus.address) }, stdio: "ignore" });
  assert.deepEqual(await once(twin, "exit"), [0, null]);
  await window.until("the window is back", VISIBLE, "visible");
  assert.equal(telephone.byes, 0);

  // Asked to end, it says goodbye first.
  const [program] = await programsOf(data);
  process.kill(program, "SIGTERM");
  await gone(data);
  assert.equal(telephone.byes, 1);
  await window.close().catch(() => {});
  await webdriver.end();
});

test("a second gateway on one folder says so; a damaged file of preferences is set aside", { timeout: 120_000 }, async () => {
  const data = join(folder, "guide");
  await writeFile(join(data, "window.json"), "{ damaged");
  const first = await driver(PORTS.first, environment(data, NO_BUS));
  const window = await first.open();
  assert.equal(await window.run("return document.querySelector('[data-guide-step]')"), null, "settings were applied: no guide");
  await window.click("[data-page='about']");
  await window.until("the damage is told", "return document.querySelector('.wrong svg') !== null");

  const second = await driver(PORTS.second, environment(data, NO_BUS));
  const twin = await second.open();
  await twin.until("it says who has the folder", "return document.querySelector('[data-quit]') !== null");
  assert.match(await twin.text("main h2"), /already open/);
  await twin.shoot("desk-twice");
  assert.equal((await programsOf(data)).length, 2);
  await twin.clickLast("[data-quit]");
  for (let tries = 0; (await programsOf(data)).length > 1 && tries < 200; tries += 1) await pause(50);
  const left = await programsOf(data);
  assert.equal(left.length, 1);
  await twin.close().catch(() => {});
  await second.end();

  // Without a bus a closed window could not come back: closing ends the program, whatever is wanted.
  await closeWindow(screen.name, "Loopstart");
  await gone(data);
  await window.close().catch(() => {});
  await first.end();
});
