/** The settings that the toy world begins with. */
import type { LineSettings, PortSettings, Settings } from "../types";

const LINE: LineSettings = {
  answer_mode: "after_dialing",
  answer_limit_s: 20,
  no_answer_s: 60,
  wait_dial_tone: true,
  dial_tone_wait_ms: 3000,
  dial_pause_ms: 1000,
  dial_method: "dtmf",
  dtmf_on_ms: 100,
  dtmf_off_ms: 100,
  dtmf_to_sip: "rfc4733",
  flash_ms: 300,
  end_on_loop_interruption: true,
  loop_interruption_ms: 100,
  end_on_polarity_reversal: false,
  end_on_disconnect_tone: true,
  disconnect_tone_cycles: 3,
  end_on_dial_tone: true,
  rtp_timeout_s: 30,
  silence_timeout_s: 60,
  longest_call_s: 14400,
  guard_ms: 1000,
  caller_id_wait_ms: 2000,
  on_refusal: "let_ring",
  block_collect: false,
  collect_answer_ms: 1000,
  collect_open_ms: 1500,
};

const NAMES = ["Recepção", "Fax", "Portaria", "Diretoria", "Alarme", "Elevador", "Loja", "Depósito"];

function portSettings(index: number): PortSettings {
  return {
    name: NAMES[index] ?? "",
    user: String(100 + index + 1),
    secret: "Rk7vTq2mXe9bLw4cHn6a",
    target: index === 1 ? "" : String(200 + index),
    second_target: "",
    only_from_host: index === 0 ? "192.0.2.10" : "",
    sip_to_fxo: true,
    fxo_to_sip: true,
    outgoing_budget_min: 0,
    outgoing_warn_percent: 80,
    outgoing_hours: "",
    line: LINE,
  };
}

export function firstSettings(ports: number): Settings {
  return {
    gateway: {
      mode: "sip_client",
      single_user: false,
      user: "",
      secret: "",
      remote_server: "pbx.example",
      remote_transport: "udp",
      bind_address: "127.0.0.1",
      sip_port: 5060,
      sip_tcp: false,
      sip_tls: false,
      sip_tls_port: 5061,
      tls_certificate: "",
      tls_key: "",
      tls_trust: "system",
      tls_authority: "",
      tls_fingerprint: "",
      rtp_port_first: 16384,
      srtp: "off",
      codecs: ["pcma", "pcmu"],
      register_expires_s: 300,
      min_expires_s: 60,
      max_expires_s: 3600,
      session_expires_s: 1800,
      qualify_s: 60,
      auth_tries: 5,
      sha256_digest: false,
      stealth: true,
      country: "BR",
      asserted_identity: true,
      dial_rules: [],
      dial_otherwise: "allow",
      dial_international: false,
      dial_premium: false,
      keep_calls_days: 365,
      keep_calls_max: 100_000,
      rollback_after_s: 30,
    },
    ports: Array.from({ length: ports }, (_, index) => portSettings(index)),
  };
}
