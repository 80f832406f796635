/** One thing that was looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  /** What it is about: `discourse`, `Redis`, `clock`. */
  readonly about: string;
  readonly text: string;
  /** What to do; absent when nothing is to be done, or the text says it. */
  readonly fix?: string;
}

export const ok = (about: string, text: string): Finding => ({ level: 'ok', about, text });

export const warning = (about: string, text: string, fix?: string): Finding => ({
  ...{ level: 'warning', about, text },
  ...(fix === undefined ? {} : { fix }),
});

export const error = (about: string, text: string, fix?: string): Finding => ({
  ...{ level: 'error', about, text },
  ...(fix === undefined ? {} : { fix }),
});
