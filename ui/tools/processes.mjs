// What a program and everything it started use, as Linux tells it.
import { execFileSync } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";

const TICKS_A_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]).toString());

const words = async (file) => (await readFile(file, "utf8").catch(() => "")).trim();

/** The name of a program may hold spaces and brackets: what follows the last bracket is regular (proc_pid_stat(5)). */
const stat = async (pid) => (await words(`/proc/${pid}/stat`)).replace(/^.*\) /, "").split(" ");

/** A process and everything it started. */
export async function family(pid) {
  const parents = new Map();
  for (const entry of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) parents.set(Number(entry), Number((await stat(entry))[1]));
  const found = [pid];
  for (let index = 0; index < found.length; index += 1) {
    for (const [child, parent] of parents) if (parent === found[index]) found.push(child);
  }
  return found;
}

/** Proportional set size of all processes, in MB (proc_pid_smaps(5)). */
export async function pss_mb(pids) {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^Pss:\s+(\d+)/m.exec(await words(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
  return kilobytes / 1024;
}

/** Processor time of all processes so far, in ms. */
export async function processor_ms(pids) {
  let ticks = 0;
  for (const pid of pids) {
    const fields = await stat(pid);
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return (ticks / TICKS_A_SECOND) * 1000;
}

/** When a process started, in ms since 1970. */
export async function startedAt_ms(pid) {
  const fields = await stat(pid);
  const boot_s = Number(/^btime (\d+)/m.exec(await words("/proc/stat"))?.[1] ?? 0);
  const uptime_s = Number((await words("/proc/uptime")).split(" ")[0]);
  // `btime` is whole seconds: the uptime of now says it exactly.
  const exact_ms = Date.now() - uptime_s * 1000;
  if (Math.abs(exact_ms - boot_s * 1000) > 2_000) throw new Error("the clocks of this system disagree");
  return exact_ms + (Number(fields[19]) / TICKS_A_SECOND) * 1000;
}
