/** Which program answers the window. The toy world is left out of the program's own build. */
import type { Backend } from "./backend";
import { TauriBackend } from "./tauri";

export async function startBackend(): Promise<Backend> {
  if (!import.meta.env.VITE_FAKE) return new TauriBackend();
  const { FakeBackend } = await import("./fake");
  const scene = new URLSearchParams(location.search).get("scene");
  return new FakeBackend((scene ?? "lively") as ConstructorParameters<typeof FakeBackend>[0]);
}
