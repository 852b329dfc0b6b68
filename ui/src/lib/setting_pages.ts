/** Which setting stands on which page, in which section and order. Every row of the program's table stands on exactly one page. */
import type { Key } from "../i18n";

/** Another setting that decides whether this one matters, and the values with which it does. */
export interface Need {
  path: string;
  is: readonly (string | boolean)[];
}

export interface Row {
  /** As the table has it: `gateway.sip_port`, `ports[].line.guard_ms`. */
  path: string;
  needs?: Need;
}

export interface Section {
  title: Key;
  rows: readonly Row[];
  /** Settings that a person may look for here and that stand on another page. */
  elsewhere?: readonly string[];
}

export type SettingPage = "users_and_ports" | "sip" | "lines" | "audio" | "calls";

const CLIENT: Need = { path: "gateway.mode", is: ["sip_client"] };
/** There is a remote server. */
const FAR_SERVER: Need = { path: "gateway.mode", is: ["sip_client", "sip_trunk"] };
const SERVER: Need = { path: "gateway.mode", is: ["sip_server"] };
const SINGLE_USER: Need = { path: "gateway.single_user", is: [true] };

const trust = (by: string): Need => ({ path: "gateway.tls_trust", is: [by] });

const line = (name: string): string => `ports[].line.${name}`;
const row = (path: string, needs?: Need): Row => (needs ? { path, needs } : { path });

/** What a line does only while another of its settings says so. */
const lineNeeds = (name: string, ...is: readonly (string | boolean)[]): Need => ({ path: line(name), is });

export const SETTING_PAGES: Readonly<Record<SettingPage, readonly Section[]>> = {
  // This page is made by hand; here stands what is on it, so that a setting can be found.
  users_and_ports: [
    {
      title: "section.users",
      rows: [
        row("gateway.mode"),
        row("gateway.remote_server"),
        row("gateway.bind_address"),
        row("gateway.sip_port"),
        row("gateway.single_user"),
        row("gateway.user", SINGLE_USER),
        row("gateway.secret", SINGLE_USER),
      ],
    },
    {
      title: "section.ports",
      rows: ["name", "user", "secret", "target", "only_from_host", "sip_to_fxo", "fxo_to_sip"].map((name) => row(`ports[].${name}`)),
    },
  ],
  sip: [
    {
      title: "section.network",
      rows: [
        row("gateway.remote_transport"),
        row("gateway.outbound_proxy", FAR_SERVER),
        row("gateway.dns_server"),
        row("gateway.sip_tcp"),
        row("gateway.rtp_port_first"),
      ],
      elsewhere: ["gateway.remote_server", "gateway.bind_address", "gateway.sip_port"],
    },
    {
      title: "section.nat",
      rows: [row("gateway.learn_public_address", FAR_SERVER), row("gateway.public_address"), row("gateway.stun_server")],
    },
    {
      title: "section.tls",
      rows: [
        row("gateway.sip_tls"),
        row("gateway.sip_tls_port"),
        row("gateway.tls_certificate"),
        row("gateway.tls_key"),
        row("gateway.tls_trust"),
        row("gateway.tls_authority", trust("authority")),
        row("gateway.tls_fingerprint", trust("fingerprint")),
      ],
    },
    {
      title: "section.registration",
      rows: [
        row("gateway.register_expires_s", CLIENT),
        row("gateway.min_expires_s", SERVER),
        row("gateway.max_expires_s", SERVER),
        row("gateway.qualify_s"),
      ],
    },
    { title: "section.sessions", rows: [row("gateway.session_expires_s")] },
    {
      title: "section.security",
      rows: [row("gateway.auth_tries", SERVER), row("gateway.sha256_digest", SERVER), row("gateway.stealth")],
      elsewhere: ["ports[].only_from_host"],
    },
    {
      title: "section.identity",
      rows: [
        row("gateway.asserted_identity"),
        row("gateway.identity_header", { path: "gateway.asserted_identity", is: [true] }),
        row("gateway.caller_number_format"),
        row("gateway.area_code", { path: "gateway.caller_number_format", is: ["e164", "e164_digits", "national", "national_significant"] }),
      ],
    },
    {
      title: "section.dialing_rules",
      rows: [row("gateway.dial_rules"), row("gateway.dial_otherwise"), row("gateway.dial_international"), row("gateway.dial_premium")],
    },
    { title: "section.apply", rows: [row("gateway.rollback_after_s")] },
  ],
  lines: [
    { title: "section.country", rows: [row("gateway.country")] },
    {
      title: "section.outgoing",
      rows: [
        row(line("wait_dial_tone")),
        row(line("dial_tone_wait_ms"), lineNeeds("wait_dial_tone", true)),
        row(line("dial_pause_ms"), lineNeeds("wait_dial_tone", false)),
        row(line("dial_method")),
        row(line("answer_mode")),
        row(line("answer_limit_s"), lineNeeds("answer_mode", "first_of")),
        row(line("no_answer_s")),
        row(line("flash_ms")),
        row(line("transfer_by_hook_flash")),
      ],
    },
    {
      title: "section.budget",
      rows: [
        row("ports[].outgoing_budget_min"),
        row("ports[].outgoing_warn_percent"),
        row("ports[].outgoing_hours"),
      ],
      elsewhere: ["gateway.dial_rules"],
    },
    {
      title: "section.end",
      rows: [
        row(line("end_on_loop_interruption")),
        row(line("loop_interruption_ms"), lineNeeds("end_on_loop_interruption", true)),
        row(line("end_on_disconnect_tone")),
        row(line("disconnect_tone_cycles"), lineNeeds("end_on_disconnect_tone", true)),
        row(line("learned_tones"), lineNeeds("end_on_disconnect_tone", true)),
        row(line("end_on_dial_tone")),
        row(line("end_on_polarity_reversal")),
        row(line("rtp_timeout_s")),
        row(line("silence_timeout_s")),
        row(line("longest_call_s")),
        row(line("guard_ms")),
      ],
    },
    {
      title: "section.incoming",
      rows: [
        row(line("caller_id_wait_ms")),
        row(line("waiting_caller_id")),
        row("ports[].second_target"),
        row(line("on_refusal")),
        row(line("block_collect")),
        row(line("collect_answer_ms"), lineNeeds("block_collect", true)),
        row(line("collect_open_ms"), lineNeeds("block_collect", true)),
      ],
      elsewhere: ["ports[].target"],
    },
  ],
  audio: [
    { title: "section.codecs", rows: [row("gateway.codecs"), row("gateway.srtp")], elsewhere: ["gateway.rtp_port_first"] },
    {
      title: "section.dtmf",
      rows: [
        row(line("dtmf_to_sip")),
        row(line("dtmf_on_ms"), lineNeeds("dial_method", "dtmf")),
        row(line("dtmf_off_ms"), lineNeeds("dial_method", "dtmf")),
      ],
    },
  ],
  // Above the list of calls, in a fold of its own.
  calls: [{ title: "section.calls", rows: [row("gateway.keep_calls_days"), row("gateway.keep_calls_max"), row("gateway.keep_sounds_max")] }],
};

const PAGES = Object.keys(SETTING_PAGES) as SettingPage[];

/** The page on which a setting stands, by its path in the table; nothing for what is no setting. */
export function pageOf(path: string): SettingPage | undefined {
  return PAGES.find((page) => SETTING_PAGES[page].some(({ rows }) => rows.some((known) => known.path === path)));
}
