// The reference for measurements: the smallest window of the same web view, with one line of text.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { family, pss_mb, startedAt_ms } from "./processes.mjs";

const PAGE = "<!doctype html><h1>hello</h1><script>requestAnimationFrame(() => fetch('/painted?at=' + (performance.timeOrigin + performance.now())))</script>";
const SETTLE_MS = 5_000;

/** The browser that comes with WebKitGTK; nothing where there is none. */
async function miniBrowser() {
  for (const folder of await readdir("/usr/lib").catch(() => [])) {
    const path = `/usr/lib/${folder}/webkit2gtk-4.1/MiniBrowser`;
    if (await access(path).then(() => true, () => false)) return path;
  }
  return null;
}

/** Launch to painted text in ms, so many times, and its memory in MB; nothing where the browser is not installed. */
export async function hello(display, runs) {
  const browser = await miniBrowser();
  if (!browser) return null;
  let painted = () => {};
  const server = createServer((request, response) => {
    const at = new URL(request.url, "http://localhost").searchParams.get("at");
    if (at) painted(Number(at));
    response.setHeader("content-type", "text/html").end(at ? "" : PAGE);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const home = await mkdtemp(join(tmpdir(), "hello-"));
  const launches = [];
  let memory_mb = 0;
  for (let run = 0; run < runs; run += 1) {
    const seen = new Promise((resolve) => (painted = resolve));
    const child = spawn(browser, [`http://127.0.0.1:${server.address().port}/`], { env: { ...process.env, DISPLAY: display, HOME: home, WEBKIT_DISABLE_DMABUF_RENDERER: "1" }, stdio: "ignore" });
    const at = await Promise.race([seen, pause(20_000).then(() => Promise.reject(new Error("the reference does not paint")))]);
    launches.push(at - (await startedAt_ms(child.pid)));
    if (run === runs - 1) {
      await pause(SETTLE_MS);
      memory_mb = await pss_mb(await family(child.pid));
    }
    child.kill();
    await once(child, "exit");
  }
  server.close();
  server.closeAllConnections();
  await rm(home, { recursive: true, force: true });
  return { launches, memory_mb };
}
