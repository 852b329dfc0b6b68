import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "svelte/compiler";
import ts from "typescript";
import { describe, expect, it } from "vitest";

import { fill, preferredLanguage, Words } from "../i18n";
import en from "../i18n/en";
import es from "../i18n/es";
import pt from "../i18n/pt-BR";

const LANGUAGES: Record<string, Record<string, string>> = { "pt-BR": pt, en, es };

function files(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file) && !file.startsWith("test") && !/bindings\.ts$|fake\.ts$|fake[/\\]|\.test\.ts$/.test(file))
    .map((file) => join(folder, file));
}

const SOURCES = files("src", /\.(ts|svelte)$/);
const ALL_CODE = SOURCES.map((file) => readFileSync(file, "utf8")).join("\n");

/** Beginnings of keys whose last word is looked up at run time. */
const LOOKED_UP = [
  "exchange\\.(caller_id|sound)",
  "calls\\.(column|outcome|outcome_short)",
  "calls\\.sent\\.(instead|standing|verdict)",
  "plan\\.(source|timing|polarity|impedance|direct_current)",
  "profiles\\.strength",
  "registration\\.peer",
  "scope\\.(flag|lane)",
  "stages\\.(about|came|name)",
  "sip_trace\\.(drop|way)",
  "sounds\\.(error|fault|kind|none|step)",
];

const args = (message: string): string[] => [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "").sort();

describe("the three languages", () => {
  it.each(Object.entries(LANGUAGES))("%s has every key, and none too many", (_, messages) => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(pt).sort());
  });

  it.each(Object.entries(LANGUAGES))("%s takes the same arguments everywhere and leaves nothing blank", (_, messages) => {
    for (const [key, message] of Object.entries(messages)) {
      expect(message.trim(), key).not.toBe("");
      expect(args(message), key).toEqual(args((pt as Record<string, string>)[key] ?? ""));
    }
  });

  it.each(Object.keys(LANGUAGES))("%s says every key in one file only", (language) => {
    const parts = readdirSync(join("src/i18n", language)).map((file) => JSON.parse(readFileSync(join("src/i18n", language, file), "utf8")) as object);
    const keys = parts.flatMap(Object.keys);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    expect(keys.sort()).toEqual(Object.keys(pt).sort());
  });

  it("counted words have both forms", () => {
    for (const messages of Object.values(LANGUAGES)) {
      for (const key of Object.keys(messages).filter((name) => name.endsWith(".one"))) {
        expect(messages).toHaveProperty([key.replace(/\.one$/, ".other")]);
      }
    }
  });

  it("keeps the seed's words to the letter", () => {
    const seed = {
      "users.mode": "Modo de Funcionamento",
      "mode.sip_server": "Servidor SIP",
      "mode.sip_client": "Cliente SIP",
      "mode.sip_trunk": "SIP Trunk",
      "nav.users_and_ports": "Usuários e Portas",
      "users.user": "Usuário",
      "users.secret": "Senha",
      "users.single": "Usuário Único",
      "users.target": "Sob toque FXO, chamar",
      "users.host": "Somente do Host",
      "users.sip_to_fxo": "Habilitar chamadas SIP → FXO",
      "users.fxo_to_sip": "Habilitar chamadas FXO → SIP",
      "apply.apply": "Aplicar",
    };
    expect(pt).toMatchObject(seed);
  });
});

describe("every code of the program has words", () => {
  const bindings = readFileSync("src/lib/ipc/bindings.ts", "utf8");
  const source = ts.createSourceFile("bindings.ts", bindings, ts.ScriptTarget.ES2022, true);

  /** Every string literal in the type of this name: the codes of an enum, or the tags and words of its variants. */
  function codes(name: string, tag?: string): string[] {
    const found: string[] = [];
    const visit = (node: ts.Node, inTag: boolean): void => {
      if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal) && (tag === undefined || inTag)) found.push(node.literal.text);
      const isTag = ts.isPropertySignature(node) && tag !== undefined && node.name.getText().replace(/"/g, "") === tag;
      node.forEachChild((child) => visit(child, inTag || isTag));
    };
    source.forEachChild((node) => {
      if (ts.isTypeAliasDeclaration(node) && node.name.text === name) visit(node.type, false);
    });
    expect(found.length, name).toBeGreaterThan(0);
    return [...new Set(found)];
  }

  const FAMILIES: [string, string, string?][] = [
    ["state", "PortState"],
    ["state_about", "PortState"],
    ["notice", "NoticeCode"],
    ["severity", "Severity"],
    ["cause", "EndCause"],
    ["evidence", "HangUpEvidence", "kind"],
    ["tone", "ProgressTone"],
    ["direction", "CallDirection"],
    ["caller_id_source", "CallerIdSource"],
    ["presentation", "Presentation"],
    ["checksum", "Checksum"],
    ["message_type", "MessageType"],
    ["burst_fault", "BurstFault"],
    ["seize_failure", "SeizeFailure"],
    ["answered_by", "AnsweredBy"],
    ["mode", "Mode"],
    ["problem", "ProblemCode"],
    ["grade", "Grade"],
    ["bind", "BindError", "code"],
    ["device_fault", "DeviceFault"],
    ["device_fault_about", "DeviceFault"],
    ["device_error", "DeviceError"],
    ["wire_state", "DeviceState", "state"],
    ["hint", "Remedy", "kind"],
    ["export", "TraceExportError"],
    ["plan.source", "CallerIdSource"],
    ["plan.timing", "CallerIdTiming"],
    ["plan.polarity", "PolarityHabit"],
    ["plan.impedance", "Impedance"],
    ["plan.direct_current", "DirectCurrent"],
    ["profile_check", "ProfileCheck", "check"],
    ["rollback", "RollbackCause"],
    ["vital", "Vital"],
    ["revision_kind", "RevisionKind"],
    ["lint", "LintCode"],
    ["weight", "Weight"],
    ["line_check", "LineCheck"],
    ["verdict", "Verdict"],
    ["bar", "Bar"],
    ["tls", "TlsFault"],
    ["offence", "Offence"],
    ["ban_effect", "BanEffect"],
    ["exposure_check", "ExposureCheck"],
    ["exposure_outcome", "ExposureOutcome"],
    ["exposure_reach", "ExposureReach"],
    ["exposure_grade", "ExposureGrade"],
    ["sip_trace.drop", "SipDrop", "why"],
    ["sip_trace.way", "SipDirection"],
    ["sounds.fault", "LearningFault"],
  ];

  it.each(FAMILIES)("%s of %s", (family, type, tag) => {
    const missing = codes(type, tag).filter((code) => !(`${family}.${code}` in pt));
    expect(missing).toEqual([]);
  });

  it("every reason against a profile has words", () => {
    const missing = codes("ProfileFault", "kind").filter((code) => code !== "problems" && !(`profile_fault.${code}` in pt));
    expect(missing).toEqual([]);
  });

  it("every reason against an export of calls has words", () => {
    const elsewhere = ["store", "cancelled"];
    const missing = codes("ExportError", "kind").filter((code) => !elsewhere.includes(code) && !(`export.${code}` in pt));
    expect(missing).toEqual([]);
  });

  it("every reason against learning a tone has words", () => {
    const elsewhere = ["nothing", "store"];
    const missing = codes("LessonError", "kind").filter((code) => !elsewhere.includes(code) && !(`sounds.error.${code}` in pt));
    expect(missing).toEqual([]);
  });

  it("every refusal of Apply has words", () => {
    const fields = ["problems", "needs_confirmation", "prepare"];
    const missing = codes("ApplyError", "kind").filter((code) => !fields.includes(code) && !(`refusal.${code}` in pt));
    expect(missing).toEqual([]);
  });
});

describe("no words in code", () => {
  const isWords = (text: string): boolean => /\p{L}{2,}/u.test(text);

  it.each(SOURCES.filter((file) => file.endsWith(".svelte")))("%s shows only words of the i18n files", (file) => {
    const found: string[] = [];
    const SPOKEN = new Set(["aria-label", "title", "placeholder", "alt", "label", "about", "aria-description", "hint"]);
    const visit = (node: unknown, spoken: boolean): void => {
      if (Array.isArray(node)) return node.forEach((child) => visit(child, spoken));
      if (typeof node !== "object" || node === null) return;
      const { type, name, data } = node as { type?: string; name?: string; data?: string };
      if (type === "Text" && spoken && data !== undefined && isWords(data)) found.push(data.trim());
      for (const [key, child] of Object.entries(node)) {
        if (key === "attributes") {
          for (const attribute of child as { name?: string }[]) visit(attribute, SPOKEN.has(attribute.name ?? ""));
        } else if (key !== "css" && key !== "instance" && key !== "module") {
          visit(child, spoken && type !== "Attribute" ? true : type === "Attribute" ? SPOKEN.has(name ?? "") : spoken);
        }
      }
    };
    visit(parse(readFileSync(file, "utf8"), { modern: true }).fragment, true);
    expect(found).toEqual([]);
  });

  it.each(SOURCES)("%s has no sentence in its strings", (file) => {
    const text = readFileSync(file, "utf8");
    const script = file.endsWith(".svelte") ? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code]) => code).join("\n") : text;
    const source = ts.createSourceFile(file, script, ts.ScriptTarget.ES2022, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const literal = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node);
      const imported = ts.isImportDeclaration(node.parent ?? node);
      // Two words in a row, or a letter that no identifier has: somebody would read that.
      if (literal && !imported && /(\p{L}{2,}\s+\p{L}{2,})|[À-ÿ]/u.test(node.text) && !/^M?[\d\s.,a-zA-Z-]*\d/.test(node.text)) found.push(node.text);
      node.forEachChild(visit);
    };
    visit(source);
    expect(found).toEqual([]);
  });

  it("every key that code names exists, and every key is named somewhere", () => {
    // Families of codes; "exit" is said by the headless program, "tray" and "alarm" outside the window.
    const families = new Set([
      "tray", "alarm", "exit", "state", "state_about", "notice", "severity", "cause", "evidence", "tone", "direction", "mode", "problem",
      "fault", "grade", "bind", "refusal", "language", "store", "export", "theme", "settings", "country", "unit", "verdict", "check",
      "device_fault", "device_fault_about", "device_error", "store_fault", "rollback", "vital", "revision_kind", "lint", "weight",
      "profile_fault", "mark", "caller_id_source", "checksum", "message_type", "burst_fault", "presentation",
      "seize_failure", "answered_by", "wire_state",
      "counter", "hint", "line_check", "line_test_file", "bar", "dialling", "tls", "offence", "ban_effect",
      "exposure_check", "exposure_outcome", "exposure_reach", "exposure_grade", "profile_check",
    ]);
    const named = [...ALL_CODE.matchAll(/"([a-z_]+(?:\.[a-zA-Z0-9_-]+)+)"/g)].map(([, key]) => key ?? "");
    const unused = Object.keys(pt).filter((key) => {
      const [family = ""] = key.split(".");
      const stem = key.replace(/\.(one|other)$/, "");
      const looked = new RegExp(`^(${LOOKED_UP.join("|")})\\.`).test(key);
      return !families.has(family) && !named.includes(key) && !named.includes(stem) && !looked;
    });
    expect(unused).toEqual([]);
  });
});

describe("speaking", () => {
  it("puts arguments in, and a dash where one is missing", () => {
    expect(fill("{a} calls {b}", { a: "101" })).toBe("101 calls –");
  });

  it("counts as the language counts", () => {
    const words = new Words("pt-BR", pt);
    expect(words.n("apply.changes", 1)).toBe("1 alteração");
    expect(words.n("apply.changes", 3)).toBe("3 alterações");
  });

  it("shows a code that has no words as itself", () => {
    expect(new Words("en", en).code("notice", "brand_new")).toBe("brand_new");
  });

  it("chooses the language of the system, English where it speaks none of them", () => {
    expect(preferredLanguage(["pt-PT", "en"])).toBe("pt-BR");
    expect(preferredLanguage(["de-DE", "es-AR"])).toBe("es");
    expect(preferredLanguage(["ja"])).toBe("en");
  });
});
