import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import type { Backend } from "../lib/ipc/backend";
import { FakeBackend, type Scene } from "../lib/ipc/fake";
import type { ApplyProgress, Change, PortView } from "../lib/ipc/types";
import { settingName, valueWords } from "../lib/setting_words";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { table } from "../lib/state/table.svelte";
import { callsCut } from "../lib/touch";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

const user = userEvent.setup();
// Every letter is typed, on a computer that may be busy.
vi.setConfig({ testTimeout: 30_000 });

async function show(scene: Scene, page: "users_and_ports" | "profiles" = "users_and_ports"): Promise<Backend> {
  live.snapshot = null;
  live.notices = [];
  locale.choose("pt-BR");
  route.go(page);
  const backend = new FakeBackend(scene);
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1 });
  return backend;
}

/** The tab of the revisions, on the page of the profiles. */
async function showHistory(): Promise<Backend> {
  const backend = await show("lively", "profiles");
  await user.click(screen.getByRole("tab", { name: "Histórico" }));
  return backend;
}

const form = (n: number): HTMLElement => screen.getByRole("group", { name: `Porta ${n}` });
const bar = (): ReturnType<typeof within> => within(screen.getByRole("region", { name: "Aplicar alterações" }));

async function write(n: number, label: string | RegExp, text: string): Promise<HTMLElement> {
  const field = within(form(n)).getByLabelText(label);
  await user.clear(field);
  await user.type(field, text);
  return field;
}

afterEach(cleanup);

describe("the bar of Apply", () => {
  it("says what the change costs, and Ctrl+Enter applies it", async () => {
    const backend = await show("quiet");
    const applied = vi.spyOn(backend, "apply");
    await write(2, "Sob toque FXO, chamar", "231");
    expect(await bar().findByText("vale na próxima chamada")).toBeVisible();
    expect(bar().getByText("não encerra nenhuma chamada")).toBeVisible();
    await user.keyboard("{Control>}{Enter}{/Control}");
    expect(await bar().findByText(/^Em vigor desde/)).toBeVisible();
    expect(applied).toHaveBeenCalledOnce();
    expect(applied.mock.calls[0]?.slice(1)).toEqual([false, "apply"]);
  });

  it("undoes the last Apply as a revision of its own", async () => {
    const backend = await show("quiet");
    await write(2, "Sob toque FXO, chamar", "231");
    await user.click(bar().getByRole("button", { name: "Aplicar" }));
    await user.click(await bar().findByRole("button", { name: "Desfazer" }));
    await waitFor(() => expect(draft.inForce.ports[1]?.target).toBe(""));
    expect(draft.dirty).toBe(false);
    expect((await backend.revisions()).map(({ kind }) => kind)).toEqual(["restore", "apply", "first"]);
  });

  it("goes back when the server refuses the new secret, says so, leads to the field, and keeps the draft", async () => {
    await show("quiet");
    await write(2, "Sob toque FXO, chamar", "231");
    const secret = await write(1, "Senha", "refused");
    await user.click(bar().getByRole("button", { name: "Aplicar" }));
    expect(await bar().findByText("aguardando o registro da porta 1")).toBeVisible();
    expect(await bar().findByText("Voltou ao anterior: o servidor recusou a nova senha (403)", undefined, { timeout: 4000 })).toBeVisible();
    await waitFor(() => expect(draft.dirty).toBe(true));
    expect(secret).toHaveValue("refused");
    expect(draft.inForce.ports[0]?.secret).not.toBe("refused");
    await user.click(bar().getByRole("button", { name: "Ir ao campo" }));
    await waitFor(() => expect(secret).toHaveFocus());
    await user.click(bar().getByRole("button", { name: "Descartar" }));
    expect(bar().queryByText(/^Voltou ao anterior/)).toBeNull();
  });

  it("tells of new problems beside the way back, which can be dismissed", async () => {
    await show("quiet");
    await write(2, "Sob toque FXO, chamar", "231");
    await write(1, "Senha", "refused");
    await user.click(bar().getByRole("button", { name: "Aplicar" }));
    await bar().findByText(/^Voltou ao anterior/, undefined, { timeout: 4000 });
    const server = screen.getByLabelText("Servidor remoto");
    await user.clear(server);
    await user.click(await bar().findByRole("button", { name: "1 problema a corrigir" }));
    await waitFor(() => expect(server).toHaveFocus());
    expect(bar().getByText(/^Voltou ao anterior/)).toBeVisible();
    await user.click(bar().getByRole("button", { name: "Dispensar a mensagem" }));
    expect(bar().queryByText(/^Voltou ao anterior/)).toBeNull();
    expect(bar().getByText("1 problema a corrigir")).toBeVisible();
    expect(draft.settings.ports[0]?.secret).toBe("refused");
    draft.discard();
  });

  it("waits for a busy port, can be taken back, and applies by itself when the call is over", async () => {
    const backend = await show("lively");
    await write(1, "Sob toque FXO, chamar", "210");
    await write(2, "Sob toque FXO, chamar", "231");
    await draft.apply(false, true);
    expect(await bar().findByText("aguardando a porta 1 ficar livre")).toBeVisible();
    await user.click(bar().getByRole("button", { name: "Cancelar a espera" }));
    await waitFor(() => expect(bar().queryByText(/^aguardando/)).toBeNull());
    expect(draft.dirty).toBe(true);
    await draft.apply(false, true);
    expect(draft.inForce.ports[1]?.target).toBe("");
    await backend.command({ do: "hang_up", port: 0 });
    await waitFor(() => expect(draft.inForce.ports[0]?.target).toBe("210"), { timeout: 3000 });
    expect(draft.inForce.ports[1]?.target).toBe("231");
    expect(await bar().findByText(/^Em vigor desde/)).toBeVisible();
  });

  it("confirms a blank before it waits, and waits after it", async () => {
    const backend = await show("lively");
    const asked = vi.spyOn(backend, "applyWhenIdle");
    await user.clear(within(form(1)).getByLabelText("Sob toque FXO, chamar"));
    await waitFor(() => expect(draft.dirty).toBe(true));
    await draft.apply(false, true);
    const dialog = await screen.findByRole("alertdialog");
    await user.click(within(dialog).getByRole("button", { name: "Aplicar assim, quando livre" }));
    await waitFor(() => expect(asked.mock.calls.map(([, confirmed]) => confirmed)).toEqual([false, true]));
  });

  it("follows what somebody else made hold, and leaves an edited draft as it is", async () => {
    const backend = await show("quiet");
    const other = structuredClone(draft.inForce);
    other.ports[1]!.target = "299";
    await backend.apply(other, true, "apply");
    await waitFor(() => expect(draft.settings.ports[1]?.target).toBe("299"));
    expect(draft.dirty).toBe(false);
    await write(1, "Sob toque FXO, chamar", "555");
    other.ports[1]!.target = "300";
    await backend.apply(other, true, "apply");
    await waitFor(() => expect(draft.inForce.ports[1]?.target).toBe("300"));
    expect(draft.settings.ports[0]?.target).toBe("555");
  });

  it("says what to do about a full disk, and keeps the draft", async () => {
    const backend = await show("quiet");
    vi.spyOn(backend, "apply").mockResolvedValue({ ok: false, refusal: { kind: "store", error: { code: "disk_full", detail: "" } } });
    await write(2, "Sob toque FXO, chamar", "231");
    await user.click(bar().getByRole("button", { name: "Aplicar" }));
    expect(await bar().findByText(/o disco está cheio; libere espaço/)).toBeVisible();
    expect(draft.settings.ports[1]?.target).toBe("231");
  });

  it("does not believe news that are older than what it knows", async () => {
    await show("quiet");
    const old: ApplyProgress = { applied: { revision: 0, at_epoch_ms: 0 }, status: { kind: "waiting", ports: [0], since_ms: 0 } };
    draft.heard(old);
    expect(draft.status).toEqual({ kind: "none" });
  });
});

describe("the review", () => {
  it("groups by port, tells before and after in words, and what is up there now", async () => {
    await show("lively");
    await write(1, "Sob toque FXO, chamar", "210");
    await write(1, "Senha", "uma-senha-bem-longa-7");
    await user.click(bar().getByRole("button", { name: "Revisar" }));
    const dialog = within(await screen.findByRole("dialog"));
    await waitFor(() => expect(dialog.getByRole("row", { name: /Sob toque FXO, chamar/ })).toBeVisible());
    const target = within(dialog.getByRole("row", { name: /Sob toque FXO, chamar/ }));
    expect(target.getByText("200")).toBeVisible();
    expect(target.getByText("210")).toBeVisible();
    const secret = dialog.getByRole("row", { name: /Senha/ });
    expect(within(secret).getByText("alterada")).toBeVisible();
    expect(secret).not.toHaveTextContent("uma-senha");
    expect(dialog.getByText(/^em chamada há 0\d:\d\d; mantém o valor antigo até desligar$/)).toBeVisible();
  });

  it("counts the calls that new sockets would cut, and no others", () => {
    const change = (grade: Change["grade"], touches: number[]): Change => ({ path: "gateway.sip_port", before: null, after: null, grade, touches });
    const port = (n: number, busy: boolean): PortView => ({ port: n, call: busy ? {} : null }) as unknown as PortView;
    expect(callsCut([change("rebind", [0, 1])], [port(0, true), port(1, false)])).toBe(1);
    expect(callsCut([change("registers_again", [0, 1])], [port(0, true), port(1, false)])).toBe(0);
  });

  it("names fields and values as their pages do, with units", () => {
    const words = locale.words;
    expect(settingName(words, "gateway.rollback_after_s")).toBe("Voltar se algo não retornar em");
    expect(settingName(words, "ports[2]")).toBe("Porta 3");
    expect(valueWords(words, table.row("ports[0].line.guard_ms"), { type: "integer", value: 900 })).toBe("900 ms");
    expect(valueWords(words, table.row("gateway.rollback_after_s"), { type: "integer", value: 30 })).toBe("30 s");
    expect(valueWords(words, table.row("gateway.mode"), { type: "word", value: "sip_trunk" })).toBe("SIP Trunk");
  });
});

describe("the history", () => {
  it("tells when, who and how much, and what changed in words", async () => {
    await showHistory();
    const list = within(await screen.findByRole("list", { name: "Versões" }));
    await waitFor(() => expect(list.getAllByRole("button")).toHaveLength(6));
    const [newest, rollback] = list.getAllByRole("button");
    expect(newest).toHaveTextContent("ana, em loopstart");
    expect(newest).toHaveTextContent("em vigor");
    expect(rollback).toHaveTextContent("retorno automático");
    const details = within(screen.getByRole("region", { name: "Versão escolhida" }));
    expect(await details.findByText("antigo.example")).toBeVisible();
    expect(details.getByText("pbx.example")).toBeVisible();
  });

  it("loads one into the draft, and only Apply makes it hold", async () => {
    const backend = await showHistory();
    const applied = vi.spyOn(backend, "apply");
    const list = within(await screen.findByRole("list", { name: "Versões" }));
    await waitFor(() => expect(list.getAllByRole("button")).toHaveLength(6));
    await user.click(list.getAllByRole("button")[1]!);
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    await waitFor(() => expect(draft.settings.gateway.remote_server).toBe("antigo.example"));
    expect(draft.inForce.gateway.remote_server).toBe("pbx.example");
    await draft.apply(true);
    expect(applied.mock.calls[0]?.[2]).toBe("restore");
    await waitFor(() => expect(list.getAllByRole("button")).toHaveLength(7));
    expect(list.getAllByRole("button")[0]).toHaveTextContent("restaurada");
  });

  it("asks before it takes the place of unsaved edits, and a person may keep them", async () => {
    await showHistory();
    const list = within(await screen.findByRole("list", { name: "Versões" }));
    await waitFor(() => expect(list.getAllByRole("button")).toHaveLength(6));
    await user.click(list.getAllByRole("button")[1]!);
    draft.settings.ports[1]!.target = "231";
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    const asked = within(await screen.findByRole("alertdialog", { name: "Trocar o rascunho?" }));
    expect(asked.getByText("1 alteração ainda não aplicada será perdida.")).toBeInTheDocument();
    await user.click(asked.getByRole("button", { name: "Voltar" }));
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(draft.settings.ports[1]!.target).toBe("231");
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    await user.click(await screen.findByRole("button", { name: "Descartar e trocar" }));
    await waitFor(() => expect(draft.settings.gateway.remote_server).toBe("antigo.example"));
    expect(draft.settings.ports[1]!.target).not.toBe("231");
    expect(draft.origin).toBe("restore");
    draft.discard();
  });

  it("has no violation that axe can see", async () => {
    await showHistory();
    await screen.findByText("antigo.example");
    const found = await axe.run(document.body, { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
});
