import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Longest wait at shutdown, in milliseconds. */
const patience = 10_000;

/** Counts what is being answered or handled, so that nobody is cut off in the middle when the application closes. */
@Injectable()
export class WorkInHand implements OnModuleDestroy {
  #count = 0;
  #onIdle: (() => void) | undefined;

  begin(): void {
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) this.#onIdle?.();
  }

  /** Waits until all is done, at most ten seconds: before databases and stores of other modules close. */
  async onModuleDestroy(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patience);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
