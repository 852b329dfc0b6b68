// What each page of the real window does with the real gateway: the test of a line, its scope, the record of the call, finding and applying
// a setting, restoring what was, and a profile that leaves and comes back through the system's own dialogs.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { display, driver } from "./driver.mjs";
import { nameFile } from "./file_dialog.mjs";

const STATE = "return document.querySelector(\"[data-port='1']\")?.dataset.state === arguments[0]";
const SAYS = "return document.querySelector(arguments[0])?.textContent.includes(arguments[1]) ?? false";
const IS_THERE = "return document.querySelector(arguments[0]) !== null";
const IS_GONE = "return document.querySelector(arguments[0]) === null";
const COUNTS = "return document.querySelectorAll(arguments[0]).length === arguments[1]";
const GUARD = "[data-path='ports[].line.guard_ms'] input";

let screen;
let webdriver;
let folder;
let window;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopstart-pages-"));
  screen = await display(50 + (process.pid % 9));
  webdriver = await driver(5_000 + (process.pid % 300), {
    DISPLAY: screen.name,
    LOOPSTART_DATA_DIR: folder,
    LOOPSTART_VIRTUAL: "2",
    LOOPSTART_KEYRING: "off",
    LANG: "C.UTF-8",
  });
  window = await webdriver.open();
  // What the guide proposes is taken as it is.
  for (const step of ["box", "country", "mode", "users", "call"]) {
    await window.until(`the guide asks for ${step}`, IS_THERE, `[data-guide-step=${step}] [data-guide-next]:enabled`);
    await window.click("[data-guide-next]");
  }
  await window.until("the guide is gone", IS_GONE, "[data-guide-step]");
  await window.until("the line is idle", STATE, "idle");
});

after(async () => {
  await window?.close().catch(() => {});
  await webdriver?.end();
  screen?.end();
  await rm(folder, { recursive: true, force: true });
});

test("a line is tested, its scope shows the tones, and the call is found by its number", { timeout: 120_000 }, async () => {
  await window.click("[data-port='1'] button[title=T]");
  await window.click(".test-popup input[value=call]");
  await window.type(".test-popup input.mono", "101");
  await window.click(".test-popup button[type=submit]");
  await window.until("dial tone is heard", SAYS, ".test-popup ol", "dial tone");
  await window.until("busy tone is heard", SAYS, ".test-popup ol", "busy tone");
  await window.until("the line is idle again", STATE, "idle");
  await window.key("Escape");

  await window.click("[data-port='1'] button[title=S]");
  await window.until("the scope has drawn", IS_THERE, "[role=application] canvas");
  await window.until("the scope tells the tone", SAYS, ".marks", "busy tone");
  await window.shoot("window-scope");

  await window.click("[data-page=calls]");
  await window.until("one call is listed", COUNTS, "[id^=call-row-]", 1);
  await window.type("[role=search] input", "999");
  await window.until("no call has that number", COUNTS, "[id^=call-row-]", 0);
  await window.type("[role=search] input", "101");
  await window.until("the number is found", COUNTS, "[id^=call-row-]", 1);
  await window.click("#call-row-0");
  await window.until("the timeline tells how it ended", SAYS, ".details", "ended: busy");
  assert.match(await window.text(".details"), /dial tone: 425 Hz.*dialling 101.*busy tone: 425 Hz/s);
  await window.shoot("window-calls");
});

test("a line is measured, and every check is told with its verdict", { timeout: 120_000 }, async () => {
  await window.click("[data-page=overview]");
  await window.until("the line is idle", STATE, "idle");
  await window.click("[data-port='1'] button[title=T]");
  await window.click(".test-popup .button.primary");
  await window.until("the last check is made", IS_THERE, ".test-popup tr[data-check=restored_voltage][data-verdict=pass]");
  await window.until("every check passed", COUNTS, ".test-popup tr[data-verdict=pass]", 12);
  await window.until("the result is kept", IS_THERE, ".test-popup .state .verdict");
  await window.shoot("window-line-test");
  await window.key("Escape");
});

test("a setting is found in the palette, applied, and restored from the history", { timeout: 120_000 }, async () => {
  await window.key("Control", "k");
  await window.until("the palette is open", IS_THERE, ".palette [role=combobox]");
  await window.type(".palette [role=combobox]", "guard time");
  await window.until("the setting is found", IS_THERE, "[data-selected][data-value='setting:ports[].line.guard_ms']");
  await window.key("Enter");
  await window.until("its page is open", IS_THERE, GUARD);
  const before = await window.value(GUARD);
  await change(GUARD, "1700");
  await apply();

  await window.click("[data-page=profiles]");
  await window.click("[data-tab=history]");
  await window.until("what was in force before is kept", IS_THERE, "[data-revision]:nth-child(2) button");
  await window.click("[data-revision]:nth-child(2) button");
  await window.click("[data-restore]");
  await window.until("the draft differs from what is in force", IS_THERE, ".bar.dirty");
  await apply();
  await window.click("[data-page=lines]");
  assert.equal(await window.value(GUARD), before);
});

test("a profile leaves, and coming back it changes what it says and nothing else", { timeout: 120_000 }, async () => {
  const [first, second] = [join(folder, "first.json"), join(folder, "second.json")];
  await window.click("[data-page=lines]");
  await change(GUARD, "1900");
  await apply();
  await exportTo(first);
  await window.click("[data-page=lines]");
  await change(GUARD, "600");
  await apply();

  await window.click("[data-page=profiles]");
  await window.click("[data-tab=import]");
  await window.click(".drop button");
  await nameFile(screen.name, "Open File", first);
  await window.until("the change of both ports is shown", COUNTS, ".tab-body tbody tr", 2);
  assert.match(await window.text(".tab-body tbody tr"), /600 ms.*1900 ms/s);
  await window.shoot("window-import");
  await window.click(".tab-body .head .primary");
  await window.until("it is in the draft", IS_THERE, ".bar.dirty");
  await apply();
  await exportTo(second);
  assert.equal(await readFile(second, "utf8"), await readFile(first, "utf8"));
});

test("nothing went wrong in the page all the while", async () => {
  assert.deepEqual(await window.complaints(), []);
});

async function change(field, value) {
  await window.until("the field is there", IS_THERE, field);
  await window.type(field, value);
  await window.until("Apply can be pressed", "return document.querySelector('.bar .primary')?.disabled === false");
}

/** Applies the draft; what the program asks to have confirmed is confirmed. */
async function apply() {
  await window.click(".bar .primary");
  await window.until("the settings hold, or are asked about", "return document.querySelector('.bar.dirty') === null || document.querySelector('[role=alertdialog]') !== null");
  if (await window.run(IS_THERE, "[role=alertdialog]")) await window.click("[role=alertdialog] .primary");
  await window.until("the settings hold", IS_GONE, ".bar.dirty");
}

async function exportTo(path) {
  await window.click("[data-page=profiles]");
  await window.click("[data-tab=export]");
  await window.click(".tab-body button[type=submit]");
  await nameFile(screen.name, "Save File", path);
  await window.until("the file is written", SAYS, ".tab-body .said", path);
}
