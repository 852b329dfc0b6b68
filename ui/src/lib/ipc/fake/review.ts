/** What the toy world finds wrong with a draft, and what the draft would change. */
import type { Change, FieldValue, Grade, PortId, PortSettings, Problem, Settings, TargetPreview } from "../types";
import { changed, valueAt } from "../../paths";

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
  const problems: Problem[] = [];
  const { gateway } = settings;
  const add = (path: string, severity: Problem["severity"], code: Problem["code"], args: Record<string, string> = {}): void => {
    problems.push({ path, severity, code, args });
  };
  if (gateway.mode !== "sip_server" && gateway.remote_server.trim() === "") add("gateway.remote_server", "error", "remote_server_missing");
  if (!(gateway.sip_port >= 1)) add("gateway.sip_port", "error", "below_minimum", { minimum: "1", found: String(gateway.sip_port) });
  if (gateway.sip_port > 65_535) add("gateway.sip_port", "error", "above_maximum", { maximum: "65535", found: String(gateway.sip_port) });
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

function shown(path: string, value: unknown): FieldValue {
  if (typeof value === "boolean") return { type: "flag", value };
  if (typeof value === "number") return { type: "integer", value };
  if (path.endsWith(".secret")) return { type: "secret", value: value !== "" };
  if (path.endsWith(".mode")) return { type: "word", value: String(value) };
  return { type: "text", value: String(value) };
}

function grade(path: string): Grade {
  if (/\.(user|secret|single_user|mode|remote_server)$/.test(path)) return "registers_again";
  if (/\.(bind_address|sip_port)$/.test(path)) return "rebind";
  return /\.(name|rollback_after_s)$/.test(path) ? "now" : "next_call";
}

export function differences(before: Settings, after: Settings): Change[] {
  return changed(before, after).map((path) => {
    const port = /^ports\[(\d+)\]/.exec(path)?.[1];
    const touches = port === undefined ? after.ports.map((_, index) => index) : [Number(port)];
    return { path, before: shown(path, valueAt(before, path)), after: shown(path, valueAt(after, path)), grade: grade(path), touches };
  });
}
