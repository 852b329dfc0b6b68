import type { Backend } from "./backend";
export class TauriBackend {}
export interface TauriBackend extends Backend {}
