interface ImportMetaEnv {
  /** Set when the window runs in a browser, over the toy world. */
  readonly VITE_FAKE?: string;
}
