import { readFileSync } from "node:fs";

import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { tick } from "svelte";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import App from "../App.svelte";
import { FakeBackend } from "../lib/ipc/fake";
import { strength } from "../lib/passphrase";
import { fileName } from "../lib/profiles";
import { advice } from "../lib/state/advice.svelte";
import { draft } from "../lib/state/draft.svelte";
import { live } from "../lib/state/live.svelte";
import { locale } from "../lib/state/locale.svelte";
import { route } from "../lib/state/route.svelte";
import { startWords } from "../lib/words";
import { pages } from "../pages/pages.svelte";

// Every page has been read, as in a window that has been open for a moment.
beforeAll(() => pages.readAll());

vi.setConfig({ testTimeout: 30_000 });

const user = userEvent.setup();

async function show(tab?: "Exportar" | "Importar" | "Comparar" | "Recomendações"): Promise<FakeBackend> {
  live.snapshot = null;
  live.notices = [];
  advice.list = [];
  locale.choose("pt-BR");
  route.go("profiles");
  const backend = new FakeBackend("lively");
  render(App, { backend: Promise.resolve(backend) });
  await screen.findByRole("heading", { level: 1, name: "Perfis" });
  if (tab !== undefined) await user.click(screen.getByRole("tab", { name: new RegExp(`^${tab}`) }));
  return backend;
}

/** Chooses a file where the picker would open. */
async function choose(backend: FakeBackend, file: string): Promise<void> {
  backend.profiles.picks.unshift(file);
  await user.click(screen.getByRole("button", { name: "Escolher arquivo…" }));
}

/** An answer that comes when the test says so. */
function held<Answer>(): { answer: Promise<Answer>; give: (answer: Answer) => void } {
  let give: (answer: Answer) => void = () => undefined;
  const answer = new Promise<Answer>((resolve) => (give = resolve));
  return { answer, give: (value) => give(value) };
}

afterEach(cleanup);

describe("export", () => {
  it("saves without secrets unless a person asks for more", async () => {
    const backend = await show();
    const exported = vi.spyOn(backend.profiles, "exportTo");
    await user.click(screen.getByRole("button", { name: "Salvar como…" }));
    expect(exported).toHaveBeenCalledWith("/tmp/perfil-loopstart.json", null, null);
    expect(await screen.findByText("/tmp/perfil-loopstart.json")).toBeVisible();
  });

  it("seals with a passphrase that was typed twice, and forgets it", async () => {
    const backend = await show();
    const exported = vi.spyOn(backend.profiles, "exportTo");
    await user.click(screen.getByRole("radio", { name: /Senhas lacradas/ }));
    const save = screen.getByRole("button", { name: "Salvar como…" });
    const [first, again] = [screen.getByLabelText("Frase secreta"), screen.getByLabelText("Frase secreta de novo")];
    expect(save).toBeDisabled();
    await user.type(first, "cavalo bateria grampo");
    expect(screen.getByText("Forte.")).toBeVisible();
    await user.type(again, "cavalo bateria grampa");
    expect(screen.getByText("As duas são diferentes.")).toBeVisible();
    expect(save).toBeDisabled();
    await user.type(again, "{Backspace}o");
    expect(save).toBeEnabled();
    await user.click(save);
    expect(exported).toHaveBeenCalledWith("/tmp/perfil-loopstart.json", null, "cavalo bateria grampo");
    await waitFor(() => expect(first).toHaveValue(""));
  });

  it("does nothing when no place is chosen, and says why when the file cannot be written", async () => {
    const backend = await show();
    const exported = vi.spyOn(backend.profiles, "exportTo");
    vi.spyOn(backend.profiles, "place").mockResolvedValueOnce(null).mockResolvedValueOnce("/proc/perfil.json");
    await user.click(screen.getByRole("button", { name: "Salvar como…" }));
    expect(exported).not.toHaveBeenCalled();
    await user.click(screen.getByRole("button", { name: "Salvar como…" }));
    expect(await screen.findByText("Não foi possível gravar o arquivo: EACCES")).toBeVisible();
  });
});

describe("import", () => {
  it("asks for the passphrase of a sealed profile, shows the difference, and loads it into the draft", async () => {
    const backend = await show("Importar");
    await choose(backend, "filial-centro.json");
    const passphrase = await screen.findByLabelText("Frase secreta");
    await waitFor(() => expect(passphrase).toHaveFocus());
    await user.type(passphrase, "cavalo errado{Enter}");
    expect(await screen.findByText("Não é a frase secreta com que as senhas foram lacradas.")).toBeVisible();
    const second = screen.getByLabelText("Frase secreta");
    await user.clear(second);
    await user.type(second, "cavalo correto{Enter}");
    const changes = within(await screen.findByRole("region", { name: "filial-centro.json" }));
    expect(changes.getByText("voz.filial-centro.example:5080")).toBeVisible();
    expect(draft.dirty).toBe(false);
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    expect(draft.dirty).toBe(true);
    expect(draft.settings.gateway.remote_server).toBe("voz.filial-centro.example:5080");
    const bar = within(screen.getByRole("region", { name: "Aplicar alterações" }));
    expect(bar.getByRole("button", { name: "Aplicar" })).toBeVisible();
    draft.discard();
  });

  it("loads nothing over unsaved edits before a person gives them up", async () => {
    const backend = await show("Importar");
    await choose(backend, "matriz.json");
    await screen.findByRole("heading", { name: "matriz.json" });
    draft.settings.ports[1]!.target = "231";
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    await user.click(within(await screen.findByRole("alertdialog")).getByRole("button", { name: "Voltar" }));
    expect(draft.settings.ports[1]!.target).toBe("231");
    expect(draft.settings.gateway.mode).toBe(draft.inForce.gateway.mode);
    expect(screen.queryByText(/está no rascunho/)).toBeNull();
    await user.click(screen.getByRole("button", { name: "Carregar no rascunho" }));
    await user.click(await screen.findByRole("button", { name: "Descartar e trocar" }));
    expect(await screen.findByText(/^matriz.json está no rascunho/)).toBeVisible();
    expect(draft.settings.gateway.mode).toBe("sip_server");
    draft.discard();
  });

  it("shows the file that was chosen last, although another one was read later", async () => {
    const backend = await show("Importar");
    const older = held<Awaited<ReturnType<typeof backend.profiles.read>>>();
    vi.spyOn(backend.profiles, "read").mockReturnValueOnce(older.answer);
    backend.profiles.drag({ kind: "dropped", paths: ["quebrado.json"] });
    backend.profiles.drag({ kind: "dropped", paths: ["matriz.json"] });
    expect(await screen.findByRole("heading", { name: "matriz.json" })).toBeVisible();
    older.give({ ok: false, refusal: { kind: "unreadable", detail: "EIO" } });
    await older.answer;
    await tick();
    expect(screen.getByRole("heading", { name: "matriz.json" })).toBeVisible();
  });

  it("asks for no passphrase where nothing is sealed, and tells what is missing", async () => {
    const backend = await show("Importar");
    await choose(backend, "matriz.json");
    expect(await screen.findByRole("heading", { name: "matriz.json" })).toBeVisible();
    expect(screen.queryByLabelText("Frase secreta")).toBeNull();
    expect(screen.getByText(/Porta 1 · Senha/)).toBeVisible();
  });

  it("names every mistake of a file and takes nothing of it", async () => {
    const backend = await show("Importar");
    await choose(backend, "quebrado.json");
    expect(await screen.findByRole("heading", { name: "quebrado.json não foi aceito" })).toBeVisible();
    expect(screen.getByText(/Use no máximo 65535/)).toBeVisible();
    expect(screen.getAllByRole("listitem").filter((item) => item.closest(".problems")).length).toBe(3);
    expect(draft.dirty).toBe(false);
    await choose(backend, "futuro.json");
    expect(await screen.findByText(/versão 9/)).toBeVisible();
  });

  it("tells of ports that the box does not have", async () => {
    const backend = await show("Importar");
    await choose(backend, "64-portas.json");
    expect(await screen.findByText(/64 portas/, { selector: ".notes span" })).toBeVisible();
  });

  it("takes a file that is dropped", async () => {
    const backend = await show("Importar");
    const place = screen.getByRole("region", { name: "Receber um perfil" });
    backend.profiles.drag({ kind: "over" });
    await waitFor(() => expect(place).toHaveClass("over"));
    backend.profiles.drag({ kind: "dropped", paths: ["matriz.json"] });
    expect(await screen.findByRole("heading", { name: "matriz.json" })).toBeVisible();
    expect(place).not.toHaveClass("over");
  });
});

describe("compare", () => {
  it("shows the answer to the last choice, whichever comes last", async () => {
    const backend = await show("Comparar");
    const compared = vi.spyOn(backend.profiles, "compare");
    const older = held<Awaited<ReturnType<typeof backend.profiles.compare>>>();
    compared.mockReturnValueOnce(older.answer);
    backend.profiles.drag({ kind: "dropped", paths: ["quebrado.json"] });
    backend.profiles.drag({ kind: "dropped", paths: ["filial-centro.json"] });
    expect(await screen.findByText("voz.filial-centro.example:5080")).toBeVisible();
    older.give({ ok: false, refusal: { kind: "unreadable", detail: "EIO" } });
    await older.answer;
    await tick();
    expect(screen.getByText("voz.filial-centro.example:5080")).toBeVisible();
  });

  it("shows two settings side by side, the differences first", async () => {
    const backend = await show("Comparar");
    backend.profiles.picks.unshift("matriz.json");
    const [, right] = screen.getAllByRole("button", { name: "Escolher arquivo…" });
    await user.click(right!);
    expect(await screen.findByText("2 diferenças")).toBeVisible();
    const before = screen.getAllByRole("row").length;
    expect(screen.getByRole("columnheader", { name: "matriz.json" })).toBeVisible();
    await user.click(screen.getByRole("switch", { name: "Só as diferenças" }));
    expect(screen.getAllByRole("row").length).toBeGreaterThan(before + 20);
  });

  it("says why a file cannot be compared", async () => {
    const backend = await show("Comparar");
    backend.profiles.picks.unshift("sumiu.json");
    await user.click(screen.getAllByRole("button", { name: "Escolher arquivo…" })[1]!);
    expect(await screen.findByText("Não foi possível ler o arquivo: ENOENT")).toBeVisible();
  });
});

describe("advice", () => {
  it("follows the draft and leads to the field", async () => {
    await show("Recomendações");
    expect(screen.queryByText(/números caros/)).toBeNull();
    draft.settings.gateway.dial_international = true;
    expect(await screen.findByText(/números caros: 00/)).toBeVisible();
    draft.settings.gateway.mode = "sip_trunk";
    expect((await screen.findAllByText("perigo"))[0]).toBeVisible();
    const open = screen.getByRole("button", { name: "Ir ao campo: Porta 2, Somente do Host" });
    await user.click(open);
    expect(route.page).toBe("users_and_ports");
    draft.discard();
  });

  it("teaches what is looked at when there is nothing to say", async () => {
    const backend = await show("Recomendações");
    vi.spyOn(backend.profiles, "advise").mockResolvedValue([]);
    await advice.ask();
    expect(await screen.findByRole("heading", { name: "Nada a recomendar" })).toBeVisible();
  });
});

it("has words for everything that can be wrong with the database", () => {
  const source = readFileSync("../gateway-core/src/shell/store/error.rs", "utf8");
  const codes = [...source.matchAll(/=> "([a-z_]+)"/g)].map(([, code]) => code ?? "");
  expect(codes.length).toBeGreaterThan(5);
  for (const language of ["pt-BR", "en", "es"] as const) {
    locale.choose(language);
    const plain = startWords(locale.words, { kind: "store", error: { code: "never_heard_of", detail: "" } });
    const said = codes.map((code) => startWords(locale.words, { kind: "store", error: { code, detail: "" } }));
    expect(new Set(said).size, language).toBe(codes.length);
    expect(said, language).not.toContain(plain);
  }
});

it("knows strong passphrases from weak ones and files by their names", () => {
  expect(["1234", "aaaaaaaaaaaaaaaaaaaaaaaa", "cavalo bateria", "cavalo bateria grampo"].map(strength)).toEqual(["weak", "weak", "fair", "strong"]);
  expect([fileName("/home/ana/a b.json"), fileName("C:\\Perfis\\a.json"), fileName("a.json")]).toEqual(["a b.json", "a.json", "a.json"]);
});

describe("everybody can use it", () => {
  const RULES = { rules: { "color-contrast": { enabled: false }, region: { enabled: false } } };

  it.each(["Exportar", "Importar", "Comparar", "Histórico", "Recomendações"] as const)(
    "%s has no violation that axe can see, and is reached by keyboard",
    async (tab) => {
      const backend = await show();
      const first = screen.getByRole("tab", { name: "Exportar" });
      first.focus();
      const names = ["Exportar", "Importar", "Comparar", "Histórico", "Recomendações"];
      for (let step = names.indexOf(tab); step > 0; step -= 1) await user.keyboard("{ArrowRight}");
      expect(screen.getByRole("tab", { name: new RegExp(`^${tab}`) })).toHaveAttribute("aria-selected", "true");
      if (tab === "Exportar") await user.click(screen.getByRole("radio", { name: /Senhas lacradas/ }));
      if (tab === "Importar") await choose(backend, "matriz.json");
      if (tab === "Comparar") {
        backend.profiles.picks.unshift("matriz.json");
        await user.click(screen.getAllByRole("button", { name: "Escolher arquivo…" })[1]!);
      }
      const found = await axe.run(document.body, RULES);
      expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    },
    60_000,
  );
});
