// Measures the real window: node tools/measure.mjs [program] (after cargo build --release). Launch to painted cards, idle processor time and
// the memory of all its processes, with 2 and with 64 ports.
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { display, driver } from "../e2e/driver.mjs";
import { programsOf } from "../e2e/programs.mjs";

const RUNS = 5;
const SETTLE_MS = 5_000;
const IDLE_MS = 10_000;
const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]).toString());

if (process.argv[2]) process.env.LOOPSTART_BINARY = process.argv[2];

async function words(file) {
  return (await readFile(file, "utf8").catch(() => "")).trim();
}

/** A process and everything it started. */
async function family(pid) {
  const parents = new Map();
  for (const entry of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    // The name of a program may hold spaces and brackets: what follows the last bracket is regular (proc_pid_stat(5)).
    const stat = (await words(`/proc/${entry}/stat`)).replace(/^.*\) /, "").split(" ");
    parents.set(Number(entry), Number(stat[1]));
  }
  const found = [pid];
  for (let index = 0; index < found.length; index += 1) {
    for (const [child, parent] of parents) if (parent === found[index]) found.push(child);
  }
  return found;
}

/** Proportional set size of all processes, in MB (proc_pid_smaps(5)). */
async function pss(pids) {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(await words(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return kilobytes / 1024;
}

/** Processor time of all processes so far, in ms. */
async function processor(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const stat = (await words(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
    ticks += Number(stat[11] ?? 0) + Number(stat[12] ?? 0);
  }
  return (ticks / TICKS_A_SECOND) * 1000;
}

/** When a process started, in ms since 1970. */
async function startedAt(pid) {
  const stat = (await words(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");
  const boot = Number(/^btime (\d+)/m.exec(await words("/proc/stat"))?.[1] ?? 0);
  const uptime = Number((await words("/proc/uptime")).split(" ")[0]);
  // `btime` is whole seconds: the uptime of now says it exactly.
  const exact = Date.now() - uptime * 1000;
  if (Math.abs(exact - boot * 1000) > 2_000) throw new Error("the clocks of this system disagree");
  return exact + (Number(stat[19]) / TICKS_A_SECOND) * 1000;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** When the frame with the cards began, in ms since 1970: the window marks it. */
const CARDS = "const [mark] = performance.getEntriesByName('cards'); return mark ? performance.timeOrigin + mark.startTime : null";

/** Applies settings with so many ports, as the window would. */
const APPLY = `
  const { invoke } = window.__TAURI_INTERNALS__;
  window.__applied = false;
  invoke("boot").then(({ settings }) => {
    const [port] = settings.ports;
    settings.gateway = { ...settings.gateway, single_user: true, user: "101", secret: "x7kq-93ms-p2rt" };
    settings.ports = Array.from({ length: arguments[0] }, () => ({ ...port, target: "101" }));
    return invoke("apply", { settings, confirmed: true });
  }).then(() => (window.__applied = true), (error) => (window.__applied = JSON.stringify(error)));`;

/** Starts the program, hands its window and its processes to `use`, and ends it. */
async function withWindow(environment, use) {
  const webdriver = await driver(4_300 + (process.pid % 100), environment);
  const window = await webdriver.open();
  const [program] = await programsOf(environment.LOOPSTART_DATA_DIR);
  const measured = await use(window, program);
  process.kill(program, "SIGTERM");
  await window.close().catch(() => {});
  await webdriver.end();
  while ((await programsOf(environment.LOOPSTART_DATA_DIR)).length > 0) await pause(50);
  return measured;
}

async function measure(screen, ports) {
  const data = await mkdtemp(join(tmpdir(), "loopstart-measure-"));
  const environment = { DISPLAY: screen.name, LOOPSTART_DATA_DIR: data, LOOPSTART_VIRTUAL: String(ports), DBUS_SESSION_BUS_ADDRESS: "" };
  await withWindow(environment, async (window) => {
    await window.run(APPLY, ports);
    const applied = await window.until("the ports are applied", "return window.__applied");
    if (applied !== true) throw new Error(`not applied: ${applied}`);
  });
  const painted = [];
  for (let run = 0; run < RUNS; run += 1) {
    painted.push(await withWindow(environment, async (window, program) => (await window.until("the cards are painted", CARDS)) - (await startedAt(program))));
  }
  const rest = await withWindow(environment, async (window, program) => {
    await window.until("the cards are painted", CARDS);
    await pause(SETTLE_MS);
    const pids = await family(program);
    const before = await processor(pids);
    await pause(IDLE_MS);
    return { idle: ((await processor(pids)) - before) / IDLE_MS, memory: await pss(pids), cards: await window.run("return document.querySelectorAll('[data-port]').length") };
  });
  await rm(data, { recursive: true, force: true });
  if (rest.cards < ports) throw new Error(`${rest.cards} cards of ${ports}`);
  return { painted, ...rest };
}

const screen = await display(70 + (process.pid % 9));
for (const ports of [2, 64]) {
  const { painted, memory, idle } = await measure(screen, ports);
  const times = painted.map((ms) => Math.round(ms)).join(" ");
  console.log(
    `${String(ports).padStart(2)} ports: launch to cards ${Math.round(median(painted))} ms (${times}); idle ${(idle * 100).toFixed(1)} % of a processor; PSS ${Math.round(memory)} MB`,
  );
}
screen.end();
