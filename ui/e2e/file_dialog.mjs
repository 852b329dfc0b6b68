// A person at the system's dialog for files: waits for it, types a path, presses Enter. With xdotool, as no WebDriver sees such a dialog.
import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const PATIENCE_MS = 10_000;

/** Names a file in the dialog whose title is like this, on that display. */
export async function nameFile(display, title, path) {
  const press = (...words) => run("xdotool", words, { env: { ...process.env, DISPLAY: display } });
  const dialog = await found(press, title);
  await press("windowfocus", "--sync", dialog);
  // A slash opens the entry for paths, where it is not open yet.
  await press("key", "slash");
  await press("key", "--delay", "50", "ctrl+a");
  await press("type", "--delay", "20", path);
  await press("key", "Return");
}

async function found(press, title) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    // Nothing found is an error of the program.
    const { stdout } = await press("search", "--onlyvisible", "--name", title).catch(() => ({ stdout: "" }));
    const [window] = stdout.trim().split("\n");
    if (window) return window;
    if (Date.now() > end) throw new Error(`no dialog ${title}`);
    await pause(50);
  }
}
