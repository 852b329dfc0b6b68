// The running programs, found as the system lists them.
import { readFile, readdir } from "node:fs/promises";

/** The processes of the program that keep their database in this folder. */
export async function programsOf(data) {
  const found = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const [name, environment, status] = await Promise.all(
      ["comm", "environ", "status"].map((file) => readFile(`/proc/${entry}/${file}`, "utf8").catch(() => "")),
    );
    const dead = /^State:\s+Z/m.test(status);
    if (name.trim() === "loopstart" && environment.includes(`LOOPSTART_DATA_DIR=${data}\0`) && !dead) found.push(Number(entry));
  }
  return found;
}
