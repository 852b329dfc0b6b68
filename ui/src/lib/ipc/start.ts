/** Which program answers the window. The toy world is left out of the program's own build. */
import type { Backend } from "./backend";
import { TauriBackend } from "./tauri";
import type { Boot, SettingsTable } from "./types";

/** What the window asks before it can show anything. */
export interface Opening {
  program: Backend;
  boot: Boot;
  table: SettingsTable;
}

/** Asks for everything that the first picture needs, at once. Rejects with what kept the gateway from starting. */
export async function open(backend: Promise<Backend>): Promise<Opening> {
  const program = await backend;
  const [boot, table] = await Promise.all([program.boot(), program.table()]);
  return { program, boot, table };
}

export async function startBackend(): Promise<Backend> {
  if (!import.meta.env.VITE_FAKE) return new TauriBackend();
  const { FakeBackend } = await import("./fake");
  const scene = new URLSearchParams(location.search).get("scene");
  return new FakeBackend((scene ?? "lively") as ConstructorParameters<typeof FakeBackend>[0]);
}
