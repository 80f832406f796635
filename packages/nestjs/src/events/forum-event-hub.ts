import type { ForumSsoEvent } from '@forum-sso/core';
import { Inject, Injectable, Logger } from '@nestjs/common';

import { WorkInHand } from '../work-in-hand.js';

type Listener = (event: ForumSsoEvent) => unknown;

/** Brings the events of the engine to the methods of the application that want them. */
@Injectable()
export class ForumEventHub {
  readonly #logger = new Logger('ForumSso');
  readonly #work: WorkInHand;
  readonly #listeners = new Map<string, Listener[]>();
  /** Events from before the listeners were known; undefined from then on. */
  #early: ForumSsoEvent[] | undefined = [];

  constructor(@Inject(WorkInHand) work: WorkInHand) {
    this.#work = work;
  }

  listen(names: readonly string[], listener: Listener): void {
    for (const name of new Set(names)) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
    }
  }

  /** All listeners are known: they get what has happened so far. */
  open(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.emit(event);
  }

  /** False when an event would reach nobody: every listener is known, and there is none. */
  hears(): boolean {
    return this.#early !== undefined || this.#listeners.size > 0;
  }

  emit(event: ForumSsoEvent): void {
    if (this.#early !== undefined) {
      this.#early.push(event);
      return;
    }
    const names = event.type === 'webhook.received' ? [event.type, event.event, '*'] : [event.type, '*'];
    // Each method once, however many of its names fit.
    const listeners = new Set(names.flatMap((name) => this.#listeners.get(name) ?? []));
    for (const listener of listeners) void this.#deliver(event, listener);
  }

  async #deliver(event: ForumSsoEvent, listener: Listener): Promise<void> {
    this.#work.begin();
    try {
      await listener(event);
    } catch (error) {
      this.#logger.error(
        `A handler of "${event.type}" failed.`,
        error instanceof Error ? error.stack : error,
      );
    } finally {
      this.#work.end();
    }
  }
}
