/** The dialling rules of the toy world: enough of them to try the window with. The program has the whole of them. */
import type { Bar, Dialling, Numbering, Settings } from "../types";
import { ruleOf, type DialRule } from "../../dial_rule";
import { toyTable } from "./table";

/** Characters that a regular expression would take for its own. */
const OWN = /[*+#]/g;

function expression(pattern: string): RegExp | null {
  if (!/^[\dxX*#+A-D[\]-]*\.?$/.test(pattern) || pattern === "") return null;
  const spelled = pattern.replace(/\.$/, "").replace(OWN, "\\$&").replace(/x/gi, "\\d");
  return new RegExp(`^${spelled}${pattern.endsWith(".") ? "" : "$"}`);
}

function seen(rule: DialRule, asked: string): string {
  return rule.pattern.startsWith("+") ? asked : asked.replace(/^\+/, "");
}

function costly(numbering: Numbering | undefined, digits: string): Bar | null {
  if (numbering?.international.some((prefix) => digits.startsWith(prefix))) return "international";
  return numbering?.premium.some((prefix) => digits.startsWith(prefix)) ? "premium" : null;
}

export function dialling({ gateway }: Settings, number: string): Dialling {
  const asked = number.replace(/[-.() ]/g, "");
  const digits = asked.replace(/^\+/, "");
  if (!/^[\d*#A-D]+$/.test(digits)) return { outcome: "no_number" };
  const numbering = toyTable().numberings.find(({ country }) => country === gateway.country);
  if (numbering?.emergency.includes(digits)) return { outcome: "allowed", dialled: digits, emergency: true, rule: null };
  const rules = gateway.dial_rules.map(ruleOf);
  const index = rules.findIndex((rule) => expression(rule.pattern)?.test(seen(rule, asked)));
  const found = rules[index];
  const rule = found ? index + 1 : null;
  const dialled = found ? found.add + seen(found, asked).slice(Number(found.strip)).replace("+", "") : digits;
  if (dialled === "") return { outcome: "no_number" };
  if (found?.action === "deny") return { outcome: "denied", why: "rule", rule, dialled };
  if (!found && gateway.dial_otherwise === "deny") return { outcome: "denied", why: "otherwise", rule, dialled };
  const bar = costly(numbering, dialled);
  const spelled = found && costly(numbering, found.add + found.pattern.slice(Number(found.strip))) === bar;
  const open = bar === null || (bar === "international" ? gateway.dial_international : gateway.dial_premium) || spelled;
  return open ? { outcome: "allowed", dialled, emergency: false, rule } : { outcome: "denied", why: bar, rule, dialled };
}
