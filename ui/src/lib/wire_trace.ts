/** The raw trace of the box as it is filtered and written. Pure. */
import type { Words } from "../i18n";
import type { PortId, TraceLine, WireDirection } from "./ipc/types";
import { timeWithMs } from "./time";

export interface TraceFilter {
  way: WireDirection | "any";
  /** `null`: what is about the whole box. */
  port: PortId | null | "any";
}

export const NO_FILTER: TraceFilter = { way: "any", port: "any" };

/** Whether a line is looked for. That a wire was opened or lost belongs to every direction and port. */
export function shows({ way, port }: TraceFilter, line: TraceLine): boolean {
  if (line.what.kind !== "piece") return true;
  return (way === "any" || line.what.direction === way) && (port === "any" || line.port === port);
}

/** Ports that lines are about, in their order; `null` for the whole box comes first. */
export function portsOf(lines: readonly TraceLine[]): (PortId | null)[] {
  const ports = new Set(lines.flatMap(({ port, what }) => (what.kind === "piece" ? [port] : [])));
  return [...ports].sort((a, b) => (a ?? -1) - (b ?? -1));
}

/** What a line says, without its bytes. */
export function said(words: Words, { what }: TraceLine): string {
  switch (what.kind) {
    case "opened":
      return words.t("trace.opened");
    case "lost":
      return words.t("trace.lost", { fault: words.code("device_fault", what.fault) });
    case "piece":
      return what.text;
  }
}

/** `→` to the box, `←` from it, `=` of the wire itself. */
export function arrow({ what }: TraceLine): string {
  if (what.kind !== "piece") return "=";
  return what.direction === "to_device" ? "→" : "←";
}

/** Lines as text, with tabs between the columns: time, direction, port, words, bytes. `date`: the moment of a line. */
export function asText(words: Words, lines: readonly TraceLine[], date: (at_ms: number) => Date): string {
  const row = (line: TraceLine): string => {
    const hex = line.what.kind === "piece" ? line.what.hex : "";
    const port = line.port === null ? "-" : String(line.port + 1);
    return [timeWithMs(date(line.at_ms)), arrow(line), port, said(words, line), hex].join("\t").trimEnd();
  };
  return lines.map((line) => `${row(line)}\n`).join("");
}
