// Measures the real window: node tools/measure.mjs [minutes] (after cargo build --release). Launch to painted cards, an order to the pixel it
// changes, idle processor time and memory with 2 and with 64 ports, against the smallest window of the same web view; with minutes, how the
// memory goes while lines ring, are tested and rest.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { display, driver } from "../e2e/driver.mjs";
import { programsOf } from "../e2e/programs.mjs";
import { hello } from "./hello.mjs";
import { family, processor_ms, pss_mb, startedAt_ms } from "./processes.mjs";

const RUNS = 5;
const ORDERS = 60;
const SETTLE_MS = 5_000;
const IDLE_MS = 10_000;

const sorted = (values) => [...values].sort((a, b) => a - b);
const median = (values) => sorted(values)[Math.floor(values.length / 2)];
const highest = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];

/** When the frame with the cards began, in ms since 1970: the window marks it. */
const CARDS = "const [mark] = performance.getEntriesByName('cards'); return mark ? performance.timeOrigin + mark.startTime : null";

/** Applies settings with so many ports, as the window would. */
const APPLY = `
  const { invoke } = window.__TAURI_INTERNALS__;
  window.__applied = false;
  invoke("boot").then(({ settings }) => {
    const [port] = settings.ports;
    settings.gateway = { ...settings.gateway, single_user: true, user: "101", secret: "x7kq-93ms-p2rt" };
    // The two worlds of the long run stand side by side.
    settings.gateway.rtp_port_first = 17000 + 200 * arguments[0];
    settings.ports = Array.from({ length: arguments[0] }, () => ({ ...port, target: "101" }));
    return invoke("apply", { kind: "apply", settings, confirmed: true });
  }).then(() => (window.__applied = true), (error) => (window.__applied = JSON.stringify(error)));`;

/** Takes port 1 out of service and back so often, and notes how long each order takes to the frame that shows it. */
const ORDER = `
  const { invoke } = window.__TAURI_INTERNALS__;
  const card = document.querySelector("[data-port='1']");
  window.__delays = null;
  (async () => {
    const delays = [];
    for (let n = 0; n < arguments[0]; n += 1) {
      const hold = n % 2 === 0;
      const shown = new Promise((resolve) => {
        const seen = new MutationObserver(() => {
          if ((card.dataset.state === "out_of_service") !== hold) return;
          seen.disconnect();
          requestAnimationFrame(() => setTimeout(resolve));
        });
        seen.observe(card, { attributes: true, attributeFilter: ["data-state"] });
      });
      const from = performance.now();
      await invoke("order", { command: { do: "out_of_service", port: 0, hold } });
      await shown;
      delays.push(performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 150 + ((n * 37) % 100)));
    }
    window.__delays = delays;
  })().catch((error) => (window.__delays = JSON.stringify(error)));`;

/** Tests the lines in turn, a number that is busy: seized, dialled, heard and released again. */
const BUSTLE = `
  const { invoke } = window.__TAURI_INTERNALS__;
  let port = 0;
  setInterval(() => invoke("order", { command: { do: "test_call", port: port++ % arguments[0], number: "101" } }), 1500);`;

let drivers = 0;

/** Starts the program, hands its window and its processes to `use`, and ends it. */
async function withWindow(environment, use) {
  const webdriver = await driver(4_300 + 20 * (process.pid % 50) + 2 * (drivers++ % 10), environment);
  const window = await webdriver.open();
  const [program] = await programsOf(environment.LOOPSTART_DATA_DIR);
  try {
    return await use(window, program);
  } finally {
    process.kill(program, "SIGTERM");
    await window.close().catch(() => {});
    await webdriver.end();
    while ((await programsOf(environment.LOOPSTART_DATA_DIR)).length > 0) await pause(50);
  }
}

/** A data folder with so many ports in force, for as long as `use` takes. */
async function withPorts(screen, ports, use) {
  const data = await mkdtemp(join(tmpdir(), "loopstart-measure-"));
  const environment = { DISPLAY: screen.name, LOOPSTART_DATA_DIR: data, LOOPSTART_VIRTUAL: String(ports), DBUS_SESSION_BUS_ADDRESS: "" };
  try {
    await withWindow(environment, async (window) => {
      await window.run(APPLY, ports);
      const applied = await window.until("the ports are applied", "return window.__applied");
      if (applied !== true) throw new Error(`not applied: ${applied}`);
    });
    return await use(environment);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function atRest(window, program) {
  await window.until("the cards are painted", CARDS);
  await pause(SETTLE_MS);
  const pids = await family(program);
  const before_ms = await processor_ms(pids);
  await pause(IDLE_MS);
  const idle = ((await processor_ms(pids)) - before_ms) / IDLE_MS;
  await window.run(ORDER, ORDERS);
  let delays = null;
  while (delays === null) {
    await pause(500);
    delays = await window.run("return window.__delays");
  }
  if (!Array.isArray(delays)) throw new Error(`an order failed: ${delays}`);
  return { idle, memory_mb: await pss_mb(pids), delays };
}

async function measure(screen, ports, reference) {
  const { launches, idle, memory_mb, delays } = await withPorts(screen, ports, async (environment) => {
    const painted = [];
    for (let run = 0; run < RUNS; run += 1) {
      painted.push(await withWindow(environment, async (window, program) => (await window.until("the cards are painted", CARDS)) - (await startedAt_ms(program))));
    }
    return { launches: painted, ...(await withWindow(environment, atRest)) };
  });
  const times = (value, other) => (other ? ` = ${(value / other).toFixed(2)} × the reference` : "");
  console.log(`${ports} ports`);
  console.log(`  launch to cards  ${Math.round(median(launches))} ms (${launches.map(Math.round).join(" ")})${times(median(launches), reference && median(reference.launches))}`);
  console.log(`  order to pixel   median ${median(delays).toFixed(1)} ms, 95 % within ${highest(delays, 0.95).toFixed(1)} ms, longest ${highest(delays, 1).toFixed(1)} ms, of ${delays.length}`);
  console.log(`  at rest          ${(idle * 100).toFixed(1)} % of a processor, PSS ${Math.round(memory_mb)} MB${times(memory_mb, reference?.memory_mb)}`);
}

/** The memory, minute by minute, while lines are tested one after the other. */
async function endure(screen, ports, minutes) {
  const told = await withPorts(screen, ports, (environment) =>
    withWindow(environment, async (window, program) => {
      await window.until("the cards are painted", CARDS);
      await window.run(BUSTLE, ports);
      const memory = [];
      for (let minute = 0; minute <= minutes; minute += 1) {
        memory.push(await pss_mb(await family(program)));
        if (minute < minutes) await pause(60_000);
      }
      return memory;
    }),
  );
  console.log(`${ports} ports, ${minutes} minutes of line tests: PSS in MB, a minute each: ${told.map(Math.round).join(" ")}`);
}

const minutes = Number(process.argv[2] ?? 0);
const screen = await display(70 + (process.pid % 9));
try {
  if (minutes > 0) {
    await Promise.all([2, 64].map((ports) => endure(screen, ports, minutes)));
  } else {
    const reference = await hello(screen.name, RUNS);
    if (reference) console.log(`reference: launch ${Math.round(median(reference.launches))} ms (${reference.launches.map(Math.round).join(" ")}), PSS ${Math.round(reference.memory_mb)} MB`);
    for (const ports of [2, 64]) await measure(screen, ports, reference);
  }
} finally {
  screen.end();
}
