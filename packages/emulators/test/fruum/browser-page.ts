import { createContext, runInContext } from 'node:vm';

/** As much of an element as the loader and the panel touch. */
export class FakeElement {
  readonly dataset: Record<string, string> = {};
  readonly style = { cssText: '' };
  readonly children: FakeElement[] = [];
  readonly #attributes = new Map<string, string>();
  readonly #listeners = new Map<string, (event: unknown) => void>();
  readonly name: string;
  id = '';
  src = '';
  type = '';
  hidden = false;
  #text = '';
  onAppend: ((child: FakeElement) => void) | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get textContent(): string {
    return this.#text + this.children.map((child) => child.textContent).join(' ');
  }

  set textContent(text: string) {
    this.#text = text;
  }

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  appendChild(child: FakeElement): FakeElement {
    this.children.push(child);
    this.onAppend?.(child);
    return child;
  }

  append(...children: FakeElement[]): void {
    for (const child of children) this.appendChild(child);
  }

  replaceChildren(...children: FakeElement[]): void {
    this.children.length = 0;
    this.append(...children);
  }

  addEventListener(name: string, listener: (event: unknown) => void): void {
    this.#listeners.set(name, listener);
  }

  dispatch(name: string, event: unknown = {}): void {
    this.#listeners.get(name)?.(event);
  }

  closest(selector: string): FakeElement | null {
    return selector.includes('fruum') &&
      (this.getAttribute('fruum-link') ?? this.getAttribute('href')) !== null
      ? this
      : null;
  }

  find(test: (element: FakeElement) => boolean): FakeElement | undefined {
    if (test(this)) return this;
    for (const child of this.children) {
      const found = child.find(test);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** What scripts of a page put on `window`. */
export interface PageWindow {
  fruumSettings?: Record<string, unknown>;
  FruumData?: unknown[];
  Fruum?: { launch(id?: string): void; api?: { open(id?: string): void } };
  [name: string]: unknown;
}

/**
 * A page of a site that runs real scripts over real connections, without a browser: time passes by {@link
 * BrowserPage.tick}, which does what is due once a second.
 */
export class BrowserPage {
  readonly window: PageWindow;
  readonly body = new FakeElement('body');
  readonly head = new FakeElement('head');
  readonly storage = new Map<string, string>();
  readonly container = new FakeElement('div');
  readonly failures: string[] = [];
  readonly #intervals: (() => void)[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #documentListeners = new Map<string, (event: unknown) => void>();
  readonly #left = new AbortController();
  readonly #context;

  constructor(window: PageWindow = {}) {
    this.window = window;
    this.head.onAppend = (element) => {
      if (element.name === 'script') void this.load(element.src);
    };
    this.#context = createContext({
      window,
      document: {
        readyState: 'complete',
        head: this.head,
        body: this.body,
        createElement: (name: string) => new FakeElement(name),
        querySelector: (selector: string) => (selector === '#forum' ? this.container : null),
        addEventListener: (name: string, listener: (event: unknown) => void) => {
          this.#documentListeners.set(name, listener);
        },
      },
      sessionStorage: {
        getItem: (name: string) => this.storage.get(name) ?? null,
        setItem: (name: string, value: string) => void this.storage.set(name, value),
      },
      setInterval: (run: () => void) => this.#intervals.push(run),
      setTimeout: (run: () => void, ms: number) => {
        if (this.#left.signal.aborted) return undefined;
        const timer = setTimeout(run, ms);
        this.#timers.add(timer);
        return timer;
      },
      clearTimeout,
      AbortController,
      TextDecoder,
      fetch: (url: string, init: RequestInit & { signal: AbortSignal }) =>
        fetch(url, { ...init, signal: AbortSignal.any([init.signal, this.#left.signal]) }),
    });
  }

  run(script: string): void {
    runInContext(script, this.#context);
  }

  /** Loads a script as an element would; one that fails, or comes when the page is left, does nothing. */
  async load(url: string): Promise<void> {
    try {
      const response = await fetch(url, { signal: this.#left.signal });
      const script = await response.text();
      if (response.ok) this.run(script);
      else this.failures.push(script);
    } catch (error) {
      if (!this.#left.signal.aborted) this.failures.push(String(error));
    }
  }

  /** What is due once a second. */
  tick(): void {
    for (const run of this.#intervals) run();
  }

  click(element: FakeElement): { prevented: boolean } {
    const event = {
      target: element,
      prevented: false,
      preventDefault() {
        event.prevented = true;
      },
    };
    element.dispatch('click', event);
    this.#documentListeners.get('click')?.(event);
    return event;
  }

  get panel(): FakeElement | undefined {
    const isPanel = (element: FakeElement): boolean => element.id === 'fruum';
    return this.body.find(isPanel) ?? this.container.find(isPanel);
  }

  button(text: string): FakeElement {
    const button = this.panel?.find(({ name, textContent }) => name === 'button' && textContent === text);
    if (button === undefined) throw new Error(`There is no button "${text}".`);
    return button;
  }

  /** Waits until the panel is in a state. */
  async state(state: string, connections?: number): Promise<FakeElement> {
    const end = Date.now() + 5_000;
    while (Date.now() < end) {
      const { panel } = this;
      if (
        panel?.dataset.state === state &&
        (connections === undefined || panel.dataset.connections === String(connections))
      ) {
        return panel;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`The panel is ${this.panel?.dataset.state ?? 'not there'}, not ${state}.`);
  }

  /** Leaves the page. */
  close(): void {
    this.#left.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#intervals.length = 0;
  }
}
