/** What the program stands on: standards it follows, and kept libraries with their licences. */
import type { Key } from "../i18n";

export const STANDARDS: readonly { number: string; about: Key }[] = [
  { number: "RFC 3261", about: "about.standard.sip" },
  { number: "RFC 8760", about: "about.standard.digest" },
  { number: "RFC 3264", about: "about.standard.offer" },
  { number: "RFC 3550", about: "about.standard.rtp" },
  { number: "RFC 4733", about: "about.standard.events" },
  { number: "ITU-T G.711", about: "about.standard.g711" },
  { number: "ITU-T E.180", about: "about.standard.tones" },
  { number: "ITU-T Q.23", about: "about.standard.dtmf" },
  { number: "ETSI EN 300 659", about: "about.standard.caller_id" },
  { number: "GR-30-CORE", about: "about.standard.caller_id_fsk" },
];

export const OWN_LICENCES: readonly string[] = ["MIT", "Apache-2.0"];

export const LIBRARIES: readonly { name: string; licences: readonly string[] }[] = [
  { name: "Tauri", licences: ["MIT", "Apache-2.0"] },
  { name: "tokio", licences: ["MIT"] },
  { name: "rsip", licences: ["MIT"] },
  { name: "SQLx", licences: ["MIT", "Apache-2.0"] },
  { name: "serialport", licences: ["MPL-2.0"] },
  { name: "Svelte", licences: ["MIT"] },
  { name: "Bits-UI", licences: ["MIT"] },
];

/** Keys and what they do, as the window listens to them. */
export const SHORTCUTS: readonly { keys: readonly string[]; about: Key }[] = [
  { keys: ["Ctrl", "K"], about: "about.key.palette" },
  { keys: ["F1"], about: "about.key.guide" },
  { keys: ["Esc"], about: "about.key.close" },
  { keys: ["Ctrl", "Q"], about: "about.key.quit" },
];
