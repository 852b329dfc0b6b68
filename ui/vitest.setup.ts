import "@testing-library/jest-dom/vitest";
import { configure } from "@testing-library/svelte";

// What is missing is said in a line, not in a whole page.
configure({ getElementError: (message) => new Error(message ?? "") });
