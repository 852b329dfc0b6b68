/** A port as it is before anybody has set anything, made from the table of the program. */
import type { FieldInfo, PortSettings } from "./ipc/types";
import { putAt } from "./paths";
import { defaultOf } from "./setting_words";

export function freshPort(fields: readonly FieldInfo[]): PortSettings {
  const port: Record<string, unknown> = { line: {} };
  for (const info of fields) {
    const below = info.path.replace(/^ports\[\]\./, "");
    if (below !== info.path) putAt({ port }, `port.${below}`, defaultOf(info));
  }
  return port as unknown as PortSettings;
}
