/** What the first-run guide fills in, and what it tells a person to type into a softphone. Only blanks are filled: what was typed stays. */
import type { Mode, PortSettings, Settings } from "./ipc/types";

/** One user for all lines, or one a line. */
export type Phones = "one" | "each";

/** The first extension that the guide gives. The hundreds before it are numbers of the virtual exchange: 101 would be busy. */
const FIRST_USER = 201;
/** Where SIP is spoken when no port is told (RFC 3261 §19.1.2). */
const SIP_PORT = 5060;
const LOOPBACK = /^(127\.|::1$|localhost$)/;

/** Whether anything of users and secrets was ever typed. */
export function untouched(settings: Settings): boolean {
  const { gateway, ports } = settings;
  return gateway.user === "" && gateway.secret === "" && ports.every((port) => port.user === "" && port.secret === "" && port.target === "");
}

/** As many ports as the box has. More than the box has are kept: a person may have configured them. */
export function fitPorts(settings: Settings, wanted: number): Settings {
  const last = settings.ports.at(-1);
  const missing = wanted - settings.ports.length;
  if (!last || missing <= 0) return settings;
  const fresh: PortSettings = { ...last, name: "", user: "", secret: "", target: "" };
  return { ...settings, ports: [...settings.ports, ...Array.from({ length: missing }, () => structuredClone(fresh))] };
}

/** Fills users, secrets and targets so that every line can ring, and nothing is left that Apply would refuse or ask about. */
export function arrange(settings: Settings, phones: Phones, secret: () => string): Settings {
  const { gateway, ports } = settings;
  switch (gateway.mode) {
    case "sip_server":
      return phones === "one" ? oneTelephone(settings, secret) : telephoneEach(settings, secret);
    case "sip_client":
      // Users and secrets come from the server's administrator: nothing can be made up.
      return { gateway: { ...gateway, single_user: phones === "one" }, ports };
    case "sip_trunk":
      return { gateway, ports: ports.map((port) => ({ ...port, only_from_host: port.only_from_host || hostOf(gateway.remote_server) })) };
  }
}

function oneTelephone({ gateway, ports }: Settings, secret: () => string): Settings {
  const user = gateway.user || ports[0]?.user || String(FIRST_USER);
  const filled = { ...gateway, single_user: true, user, secret: gateway.secret || ports[0]?.secret || secret() };
  return { gateway: filled, ports: ports.map((port) => ({ ...port, target: ownTarget(port) ? user : port.target })) };
}

function telephoneEach({ gateway, ports }: Settings, secret: () => string): Settings {
  const taken = new Set(ports.map(({ user }) => user));
  const free = function* (): Generator<string, never> {
    for (let number = FIRST_USER; ; number += 1) if (!taken.has(String(number))) yield String(number);
  };
  const users = free();
  return {
    gateway: { ...gateway, single_user: false },
    ports: ports.map((port) => {
      const user = port.user || users.next().value;
      const own = ownTarget(port) || port.target === gateway.user;
      return { ...port, user, secret: port.secret || secret(), target: own ? user : port.target };
    }),
  };
}

/** The target is blank, or the one that the guide gave: it follows the user. */
function ownTarget(port: PortSettings): boolean {
  return port.target === "" || port.target === port.user;
}

/** The host of `host` or `host:port`. */
function hostOf(server: string): string {
  return server.trim().replace(/^\[([^\]]*)\](:\d+)?$/, "$1").replace(/^([^:]*):\d+$/, "$1");
}

/** The address to listen on: the loopback address reaches nobody outside, and is reached by nobody. */
export function listenOn(open: boolean): string {
  return open ? "0.0.0.0" : "127.0.0.1";
}

/** Whether other machines have to be reached: a remote server is rarely this computer. */
export function reachesOut(mode: Mode, server: string): boolean {
  return mode !== "sip_server" && server.trim() !== "" && !LOOPBACK.test(hostOf(server));
}

export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address.trim());
}

/** What is typed into a softphone. */
export interface Softphone {
  server: string;
  user: string;
  secret: string;
}

/** The telephone that the first line rings. `lan`: how other machines of the network reach this one. */
export function softphone({ gateway, ports }: Settings, lan: string | null): Softphone {
  const address = gateway.bind_address.trim();
  const everywhere = address === "0.0.0.0" || address === "::";
  const host = everywhere ? (lan ?? listenOn(false)) : address;
  const pair = gateway.single_user ? gateway : ports[0];
  return {
    server: gateway.sip_port === SIP_PORT ? host : `${host.includes(":") ? `[${host}]` : host}:${gateway.sip_port}`,
    user: pair?.user ?? "",
    secret: pair?.secret ?? "",
  };
}
