/** What the toy world finds wrong with a draft, and what the draft would change. */
import type { Change, FieldInfo, FieldValue, Grade, PortId, PortSettings, Problem, Settings, TargetPreview } from "../types";
import { changed, general, ofPort, valueAt } from "../../paths";
import { toyTable } from "./table";

export function preview(settings: Settings, port: PortSettings, index: PortId): TargetPreview {
  const blank = port.target.trim() === "";
  const fault = /\s/.test(port.target.trim()) ? "bad_user" : null;
  const uri = fault === null ? targetUri(settings, port) : "";
  return { port: index, uri, blank, host_from_contact: uri.includes("@*"), fault };
}

export function targetUri(settings: Settings, port: PortSettings): string {
  const { mode, remote_server, bind_address } = settings.gateway;
  const server = mode === "sip_server" ? "*" : remote_server || bind_address;
  const target = port.target.trim();
  if (target === "") return `sip:unknown@${server}`;
  if (/^sips?:/i.test(target)) return target;
  return target.includes("@") ? `sip:${target}` : `sip:${target}@${server}`;
}

export function check(settings: Settings): Problem[] {
  const problems: Problem[] = outOfRange(settings);
  const { gateway } = settings;
  const add = (path: string, severity: Problem["severity"], code: Problem["code"], args: Record<string, string> = {}): void => {
    problems.push({ path, severity, code, args });
  };
  if (gateway.mode !== "sip_server" && gateway.remote_server.trim() === "") add("gateway.remote_server", "error", "remote_server_missing");
  const pairs = gateway.mode !== "sip_trunk";
  if (pairs && gateway.single_user && gateway.user === "") add("gateway.user", "error", "user_missing");
  if (pairs && gateway.single_user && gateway.secret === "") add("gateway.secret", "error", "secret_missing");
  settings.ports.forEach((port, index) => {
    const path = (name: string): string => `ports[${index}].${name}`;
    if (pairs && !gateway.single_user) {
      if (port.user === "") add(path("user"), "error", "user_missing");
      if (port.secret === "") add(path("secret"), "error", "secret_missing");
      const twin = settings.ports.findIndex((other) => other.user === port.user);
      if (twin < index && port.user !== "") add(path("user"), "confirm", "duplicate_user", { port: String(twin + 1) });
    }
    const target = port.target.trim();
    if (/\s/.test(target)) add(path("target"), "error", "bad_target", { fault: "bad_user" });
    else if (port.fxo_to_sip && target === "") add(path("target"), "confirm", "target_blank", { uri: targetUri(settings, port) });
    if (gateway.mode === "sip_trunk" && port.sip_to_fxo && port.only_from_host.trim() === "") add(path("only_from_host"), "confirm", "anyone_may_call");
  });
  return problems;
}

function shown(path: string, value: unknown): FieldValue | null {
  if (value === undefined || (typeof value === "object" && !Array.isArray(value))) return null;
  if (Array.isArray(value)) return { type: "list", value: value.map(String) };
  if (typeof value === "boolean") return { type: "flag", value };
  if (typeof value === "number") return { type: "integer", value };
  if (path.endsWith(".secret")) return { type: "secret", value: value !== "" };
  if (row(path)?.kind.type === "choice") return { type: "word", value: String(value) };
  return { type: "text", value: String(value) };
}

function grade(path: string): Grade {
  return row(path)?.grade ?? "rebind";
}

function row(path: string): FieldInfo | undefined {
  return toyTable().fields.find((field) => field.path === general(path));
}

/** Numbers that are out of the range of their row. */
function outOfRange(settings: Settings): Problem[] {
  return toyTable().fields.flatMap(({ path, kind }) => {
    if (kind.type !== "integer") return [];
    const places = path.startsWith("ports[]") ? settings.ports.map((_, index) => ofPort(path, index)) : [path];
    return places.flatMap((place): Problem[] => {
      const found = Number(valueAt(settings, place));
      if (found === 0 && kind.zero_is_off) return [];
      const wrong = { path: place, severity: "error" } as const;
      if (found < kind.min) return [{ ...wrong, code: "below_minimum", args: { minimum: String(kind.min), found: String(found) } }];
      if (found > kind.max) return [{ ...wrong, code: "above_maximum", args: { maximum: String(kind.max), found: String(found) } }];
      return [];
    });
  });
}

export function differences(before: Settings, after: Settings): Change[] {
  return changed(before, after).map((path) => {
    const port = /^ports\[(\d+)\]/.exec(path)?.[1];
    const touches = port === undefined ? after.ports.map((_, index) => index) : [Number(port)];
    return { path, before: shown(path, valueAt(before, path)), after: shown(path, valueAt(after, path)), grade: grade(path), touches };
  });
}
