import { cleanup, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import RegistrationChip from "../components/overview/RegistrationChip.svelte";
import CopyValue from "../components/parts/CopyValue.svelte";
import { datedName } from "../lib/dated_name";
import { party } from "../lib/party";
import { changed, place, valueAt } from "../lib/paths";
import { generateSecret } from "../lib/secret";
import { registrations } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { span } from "../lib/time";
import type { PeerView, PortView } from "../lib/ipc/types";

describe("paths are those of the program", () => {
  const before = { gateway: { mode: "sip_server", codecs: ["pcma", "pcmu"] }, ports: [{ target: "" }, { target: "200", line: { guard_ms: 1000 } }] };

  it("names what differs", () => {
    const after = structuredClone(before);
    after.gateway.mode = "sip_trunk";
    after.gateway.codecs = ["pcmu", "pcma"];
    after.ports[1]!.target = "";
    after.ports[1]!.line!.guard_ms = 900;
    expect(changed(before, after)).toEqual(["gateway.mode", "gateway.codecs", "ports[1].target", "ports[1].line.guard_ms"]);
    expect(changed(before, structuredClone(before))).toEqual([]);
  });

  it("finds values and places", () => {
    expect(valueAt(before, "ports[1].line.guard_ms")).toBe(1000);
    expect(valueAt(before, "ports[7].target")).toBeUndefined();
    expect(place("ports[1].line.guard_ms")).toEqual({ port: 1, field: "line.guard_ms" });
    expect(place("gateway.sip_port")).toEqual({ port: null, field: "sip_port" });
  });
});

describe("files", () => {
  it("are offered under a name with their day", () => {
    expect(datedName("line-2", new Date(2026, 10, 5), "txt")).toBe("loopstart-line-2-2026-11-05.txt");
  });
});

describe("parties", () => {
  it.each([
    ["1133334444", "(11) 3333-4444"],
    ["011987654321", "(11) 98765-4321"],
    ["08007701234", "0800 770 1234"],
    ["190", "190"],
    ["sip:200@pbx.example", "200@pbx.example"],
    ['"Ana" <sip:200@pbx.example;user=phone>', "200@pbx.example"],
    ["sips:1133334444@pbx.example", "1133334444@pbx.example"],
    ["", ""],
  ])("%s is written %s", (uri, written) => expect(party(uri)).toBe(written));
});

it("spans keep their width", () => {
  expect(span(0)).toBe("00:00");
  expect(span(192_900)).toBe("03:12");
  expect(span(3_729_000)).toBe("1:02:09");
  expect(span(-5)).toBe("00:00");
});

it("generated secrets are long, different, and free of letters that look alike", () => {
  const secrets = Array.from({ length: 50 }, () => generateSecret());
  expect(new Set(secrets).size).toBe(50);
  for (const secret of secrets) expect(secret).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{20}$/);
});

it("counts registrations, and none in trunk mode", () => {
  const port = (registration: PortView["registration"]): PortView => ({ registration }) as PortView;
  expect(registrations([port({ kind: "none" })])).toBeNull();
  expect(
    registrations([
      port({ kind: "registered", expires_ms: 1, rtt_ms: 1 }),
      port({ kind: "trying" }),
      port({ kind: "server", contacts: [] }),
      port({ kind: "server", contacts: [{ uri: "sip:a@b", expires_ms: 1 }] }),
    ]),
  ).toEqual({ n: 2, total: 4 });
});

describe("a value to be copied", () => {
  afterEach(cleanup);

  it("hides a secret until it is asked for, and copies it either way", async () => {
    locale.choose("pt-BR");
    const user = userEvent.setup();
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    render(CopyValue, { label: "Senha", value: "nada-de-mais-9", secret: true });
    expect(document.body).not.toHaveTextContent("nada-de-mais-9");
    await user.click(screen.getByRole("button", { name: "Copiar: Senha" }));
    expect(written).toHaveBeenCalledWith("nada-de-mais-9");
    await user.click(screen.getByRole("button", { name: "Mostrar a senha" }));
    expect(screen.getByText("nada-de-mais-9")).toBeVisible();
    await user.click(screen.getByRole("button", { name: "Esconder a senha" }));
    expect(document.body).not.toHaveTextContent("nada-de-mais-9");
  });

  it("shows what is no secret at once", () => {
    render(CopyValue, { label: "Usuário", value: "101" });
    expect(screen.getByText("101")).toBeVisible();
    expect(screen.getAllByRole("button")).toHaveLength(1);
  });
});

describe("a registration that is asked whether it is there", () => {
  afterEach(cleanup);
  const contact = (uri: string, peer: PeerView) => ({ uri, expires_ms: 60_000, peer });
  const here: PeerView = { reach: "reachable", rtt_ms: 12 };
  const gone: PeerView = { reach: "unreachable", rtt_ms: null };

  it("shows the round trip, and which telephone does not answer", () => {
    locale.choose("pt-BR");
    const registration = { kind: "server" as const, contacts: [contact("sip:a@b", here), contact("sip:c@d", gone)] };
    const { container } = render(RegistrationChip, { registration });
    expect(container).toHaveTextContent("1 sem resposta");
    expect(container).toHaveTextContent("12 ms");
    const chip = container.querySelector(".registration")!;
    expect(chip).toHaveAttribute("title", "sip:a@b\nsip:c@d (sem resposta)");
    expect(chip).toHaveAttribute("data-hue", "talking");
  });

  it("is a fault when nobody answers, telephone or trunk", () => {
    locale.choose("pt-BR");
    const phone = render(RegistrationChip, { registration: { kind: "server", contacts: [contact("sip:c@d", gone)] } });
    expect(phone.container.querySelector(".registration")).toHaveAttribute("data-hue", "fault");
    const trunk = render(RegistrationChip, { registration: { kind: "none", peer: gone } });
    expect(trunk.container).toHaveTextContent("o par não responde");
    expect(trunk.container.querySelector(".registration")).toHaveAttribute("data-hue", "fault");
    const well = render(RegistrationChip, { registration: { kind: "none", peer: here } });
    expect(well.container).toHaveTextContent("o par responde");
    expect(well.container).toHaveTextContent("12 ms");
  });
});
